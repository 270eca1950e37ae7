"""The server from its start to its end: it is composed, listens, warms its workers, serves, and drains.

Exit status: 0 after a drain, 1 when it can't serve, 2 when a setting or an address is wrong.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import grpc

from gridgrad_core.errors import MissingExtraError
from gridgrad_core.system import logging as logs
from gridgrad_core.system.logging import fields
from gridgrad_core.system.malloc import keep_freed_memory
from gridgrad_core.version import __version__
from gridgrad_server.composition import compose
from gridgrad_server.config import address_file
from gridgrad_server.config.access_error import AccessError
from gridgrad_server.config.device_choice import NoDeviceError
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.connections.ending import log_no_gone_callers
from gridgrad_server.connections.listen import ListenError, bind, server_options
from gridgrad_server.formulas.formula import FormulaFileError
from gridgrad_server.formulas.shared_formulas import TracedExpression
from gridgrad_server.workers.places import aside_place, places_of
from gridgrad_server.workers.transports.transport import WorkerPlace

__all__ = ["Server", "run"]

log = logging.getLogger("gridgrad.server")

_KEPT_BYTES = 1 << 26

_REFUSING_S = 0.25
"""How long to go on refusing calls before connections end: gRPC cancels what arrives just when they do."""

_WATCH_EVERY_S = 1.0
"""How long calls may go on by a grant that has expired."""

_LAST_WORDS_S = 0.5
"""How long refusals that are under way may then take to reach their callers."""


def run(settings: ServerSettings) -> int:
    """Serves until it is told to stop; returns the exit status."""
    logs.configure(settings.log_format, settings.log_level)
    log_no_gone_callers()
    keep_freed_memory(_KEPT_BYTES)
    try:
        places = places_of(settings)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_serve(settings, places, aside_place(settings)))
    except (AccessError, FormulaFileError, ListenError, MissingExtraError, NoDeviceError) as error:
        print(f"gridgrad-server: {error}", file=sys.stderr)
        return 2


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def _serve(settings: ServerSettings, places: Sequence[WorkerPlace], aside: WorkerPlace | None) -> int:
    server = Server(settings, places, aside)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.signalled, number)
    if server.is_reloadable:  # else SIGHUP ends it, as where a terminal is closed
        loop.add_signal_handler(signal.SIGHUP, server.reload_soon)
    return await server.serve()


class Server:
    """The server.

    Args:
        settings: its settings.
        places: one for each worker.
        aside: for the worker aside; None for a server without one.

    Attributes:
        addresses: where it listens, as gRPC targets, once it does.
        parts: what it is made of.
        is_serving: whether a worker was warm once.
    """

    def __init__(
        self, settings: ServerSettings, places: Sequence[WorkerPlace], aside: WorkerPlace | None = None
    ) -> None:
        self._settings = settings
        self.parts = compose(settings, places, self._workers_changed, self._fatal, aside)
        self._changed = asyncio.Event()
        self._failure: str | None = None
        self._reloading: asyncio.Task[None] | None = None
        self._is_to_reload = False
        self._warm = asyncio.Event()
        self.is_serving = False
        self.addresses: list[str] = []

    async def serve(self) -> int:
        """Serves until `stop`, a signal or a failure; returns the exit status.

        Raises:
            ListenError: an address can't be listened on.
        """
        server = grpc.aio.server(interceptors=self.parts.exporters.interceptors, options=server_options(self._settings))
        server.add_generic_rpc_handlers((self.parts.gate or self.parts.service,))
        self.addresses = bind(server, self._settings, self.parts.certificates)
        self.parts.sessions.bind()
        self.parts.exporters.start(self.parts.snapshot)
        if self.parts.http:
            await self.parts.http.start()
            log.info("http", extra=fields(address=self.parts.http.address))
        await server.start()
        log.info("listening", extra=fields(addresses=",".join(self.addresses), version=__version__))
        self.parts.workers.start()
        if self.parts.aside:
            self.parts.aside.workers.start()
        self.parts.sessions.listen()
        watching, loading = asyncio.create_task(self._watch_grants()), asyncio.create_task(self._load_formulas())
        try:
            await self._follow()
            await self._drain()
        finally:
            watching.cancel()
            loading.cancel()
            await self._end(server)
        log.info("stopped", extra=fields(failure=self._failure) if self._failure else {})
        return 1 if self._failure else 0

    async def _watch_grants(self) -> None:
        """Ends what goes on by grants that have expired."""
        while self.parts.access.is_on:
            await asyncio.sleep(_WATCH_EVERY_S)
            self._end_refused()

    def _end_refused(self) -> None:
        self.parts.sessions.end_refused()
        self.parts.streams.end_refused()

    async def _end(self, server: grpc.aio.Server) -> None:
        """Ends all parts, whose callers have what they are to get."""
        self.parts.sessions.close()
        if self.parts.http:
            await self.parts.http.close()
        await server.stop(_LAST_WORDS_S)
        await self.parts.helpers.close()
        await self.parts.library.close()
        await self.parts.workers.close()
        if self.parts.aside:
            await self.parts.aside.workers.close()
        self.parts.slots.close()
        await self.parts.exporters.close()
        self._remove_files()

    @property
    def is_draining(self) -> bool:
        """Whether nothing new is accepted."""
        return self.parts.intake.draining

    def signalled(self, number: int) -> None:
        """Drains at the first signal, exits at the second."""
        log.info("signal", extra=fields(name=signal.Signals(number).name))
        if self.parts.intake.draining:
            self._remove_files()
            os._exit(128 + number)  # workers ask the kernel to kill them when this process is gone
        self.stop()

    @property
    def is_reloadable(self) -> bool:
        """Whether it has files to read again."""
        return self._has_credentials or bool(self.parts.formulas)

    @property
    def _has_credentials(self) -> bool:
        return self.parts.access.is_on or bool(self.parts.certificates)

    def reload_soon(self) -> None:
        """Reloads in a task, once for all signals that come before it begins."""
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.create_task(self.reload())
        else:
            self._is_to_reload = True  # the files may have changed since they were read

    async def reload(self) -> None:
        """Reads again who may call, certificates and formulas; of credentials all or none, formulas file by file."""
        await self._reload()
        while self._is_to_reload:
            self._is_to_reload = False
            await self._reload()

    async def _reload(self) -> None:
        if self._has_credentials:
            await self._reload_credentials()
        if self.parts.formulas:
            await self.parts.formulas.reload()

    async def _reload_credentials(self) -> None:
        access, certificates = self.parts.access, self.parts.certificates
        try:
            contents, shown = await asyncio.to_thread(access.read), await asyncio.to_thread(certificates.read)
        except AccessError as error:
            log.error("credentials stay as they were", extra=fields(why=error))
            return
        access.take(contents)
        certificates.take(shown)
        self._end_refused()
        log.info("credentials read again", extra=fields(tokens=len(access)))

    def stop(self) -> None:
        """Begins to drain."""
        self.parts.intake.draining = True
        self._changed.set()

    def _fatal(self, why: str) -> None:
        if why != self._failure:  # as each worker says it
            print(f"gridgrad-server: can't serve: {why}", file=sys.stderr)
        self._failure = self._failure or why
        self._changed.set()

    def _workers_changed(self) -> None:
        if self.parts.workers.ready:
            self.parts.functions.refused = self.parts.workers.ready.refused
            registered = {each.name: each for each in self.parts.workers.ready.functions}
            self.parts.functions.registered = registered
            self.parts.shared_formulas.traced = {
                name: TracedExpression.of(each) for name, each in registered.items() if each.expression
            }
        self._changed.set()

    async def _follow(self) -> None:
        while not self.parts.intake.draining and not self._failure:
            await self._changed.wait()
            self._changed.clear()
            if self.parts.workers.any_ready:
                self._warm.set()
            is_ready = self.parts.workers.any_ready and self.parts.formulas.is_loaded
            serving = is_ready and not self.parts.intake.draining
            self.parts.health.set(serving)
            if serving and not self.is_serving:
                self._announce()

    async def _load_formulas(self) -> None:
        """Has formulas checked, by the first worker that is warm; callers come after that."""
        await self._warm.wait()
        try:
            await self.parts.formulas.start()
        except Exception as error:  # noqa: BLE001 - a server that waits for ever would say nothing
            self._fatal(f"formulas can't be checked: {error!r}; start it without --expressions, and report this")
        self._changed.set()

    def _announce(self) -> None:
        self.is_serving = True
        gc.freeze()  # what was loaded so far is never garbage, and collections skip it from now on
        log.info("serving", extra=fields(addresses=",".join(self.addresses)))
        file = self._settings.address_file
        try:
            if file:
                address_file.write(file, self.addresses)
        except OSError as error:
            self._fatal(f"--address-file {file} can't be written any more: {error.strerror}; make room for it")
        self.parts.helpers.start()  # now that whoever starts the server has what he waits for

    async def _drain(self) -> None:
        self.parts.intake.draining = True
        self.parts.health.set(False)
        if self._failure:
            return
        self.parts.streams.drain()
        self.parts.tiers.changed()
        log.info("draining", extra=fields(entries=self._held))
        refused_until = asyncio.get_running_loop().time() + _REFUSING_S
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle(), self._settings.drain_timeout)
        left = self._held
        if left:
            log.warning("drain timeout: cancelling what is left", extra=fields(entries=left))
        await asyncio.sleep(refused_until - asyncio.get_running_loop().time())

    @property
    def _held(self) -> int:
        """How many calls were accepted and are not yet answered."""
        return self.parts.admission.requests + self.parts.questions.requests

    async def _idle(self) -> None:
        while self._held or self.parts.streams:
            await asyncio.sleep(0.01)

    def _remove_files(self) -> None:
        files = [Path(address.removeprefix("unix:")) for address in self.addresses if address.startswith("unix:")]
        if self._settings.session_socket:
            files.append(self._settings.session_socket)
        if self._settings.address_file and self.is_serving:
            files.append(self._settings.address_file)
        for file in files:
            file.unlink(missing_ok=True)
