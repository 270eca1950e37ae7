"""The server from its start to its end: it listens, warms its workers, serves, and drains.

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
from gridgrad_server.config.device_choice import NoDeviceError, assign, threads_for
from gridgrad_server.config.settings import Settings
from gridgrad_server.local_sessions.manager import Sessions
from gridgrad_server.requests.function_key import Plans
from gridgrad_server.requests.programs import Programs
from gridgrad_server.rpc.health import Health
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.rpc.listen import ListenError, bind
from gridgrad_server.scheduling.observer import Observers
from gridgrad_server.service import Service
from gridgrad_server.telemetry.exporters import Exporters
from gridgrad_server.workers.pool import Workers, worker_command

__all__ = ["Server", "run"]

log = logging.getLogger("gridgrad.server")

_KEPT_BYTES = 1 << 26

_REFUSING_S = 0.25
"""How long to go on refusing calls before connections end: gRPC cancels what arrives just when they do."""

_LAST_WORDS_S = 0.5
"""How long refusals that are under way may then take to reach their callers."""


def run(settings: Settings) -> int:
    """Serves until it is told to stop; returns the exit status."""
    logs.configure(settings.log_format, settings.log_level)
    keep_freed_memory(_KEPT_BYTES)
    try:
        devices = assign(settings)
        threads = threads_for(len(devices))
        commands = [worker_command(settings, device, threads) for device in devices]
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(_serve(settings, commands))
    except (ListenError, MissingExtraError, NoDeviceError) as error:
        print(f"gridgrad-server: {error}", file=sys.stderr)
        return 2


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def _serve(settings: Settings, commands: Sequence[Sequence[str]]) -> int:
    server = Server(settings, commands)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.signalled, number)
    return await server.serve()


class Server:
    """The server.

    Args:
        settings: its settings.
        commands: one for each worker.

    Attributes:
        addresses: where it listens, as gRPC targets, once it does.
        intake: accepts requests.
        workers: compute them.
        sessions: of callers on this machine.
        is_serving: whether a worker was warm once.
    """

    def __init__(self, settings: Settings, commands: Sequence[Sequence[str]]) -> None:
        self._settings = settings
        observers = Observers()
        self.workers = Workers(commands, settings, self._workers_changed, self._fatal, observers)
        self._plans = Plans(Programs(), __version__)
        self.intake = Intake(settings, self._plans, self.workers, observers)
        self.sessions = Sessions(settings, self.intake, self.workers.slots)
        self._exporters = Exporters(settings, observers)
        self._service = Service(settings, self.intake, self.workers, self.sessions)
        self._changed = asyncio.Event()
        self._failure: str | None = None
        self.is_serving = False
        self.addresses: list[str] = []

    async def serve(self) -> int:
        """Serves until `stop`, a signal or a failure; returns the exit status.

        Raises:
            ListenError: an address can't be listened on.
        """
        server = grpc.aio.server(interceptors=self._exporters.interceptors, options=_options(self._settings))
        server.add_generic_rpc_handlers((self._service,))
        health = Health(server)
        await health.set(False)
        self.addresses = bind(server, self._settings)
        self._exporters.start(self._service.overview)
        await server.start()
        log.info("listening", extra=fields(addresses=",".join(self.addresses), version=__version__))
        self.workers.start()
        self.sessions.listen()
        try:
            await self._follow(health)
            await self._drain(health)
        finally:
            self.sessions.close()
            await server.stop(_LAST_WORDS_S)
            await self.workers.close()
            await self._exporters.close()
            self._remove_files()
        log.info("stopped", extra=fields(failure=self._failure) if self._failure else {})
        return 1 if self._failure else 0

    @property
    def is_draining(self) -> bool:
        """Whether nothing new is accepted."""
        return self.intake.draining

    def signalled(self, number: int) -> None:
        """Drains at the first signal, exits at the second."""
        log.info("signal", extra=fields(name=signal.Signals(number).name))
        if self.intake.draining:
            self._remove_files()
            os._exit(128 + number)  # the kernel ends the workers with us
        self.stop()

    def stop(self) -> None:
        """Begins to drain."""
        self.intake.draining = True
        self._changed.set()

    def _fatal(self, why: str) -> None:
        self._failure = self._failure or why
        print(f"gridgrad-server: can't serve: {why}", file=sys.stderr)
        self._changed.set()

    def _workers_changed(self) -> None:
        if self.workers.ready:
            self._plans.registered = {each.name: each for each in self.workers.ready.functions}
        self._changed.set()

    async def _follow(self, health: Health) -> None:
        while not self.intake.draining and not self._failure:
            await self._changed.wait()
            self._changed.clear()
            serving = self.workers.any_ready and not self.intake.draining
            await health.set(serving)
            if serving and not self.is_serving:
                self._announce()

    def _announce(self) -> None:
        self.is_serving = True
        gc.freeze()  # what was loaded so far stays: no collection need look at it again
        log.info("serving", extra=fields(addresses=",".join(self.addresses)))
        file = self._settings.address_file
        if file:
            written = file.with_name(f"{file.name}.{os.getpid()}.new")
            written.write_text("".join(f"{address}\n" for address in self.addresses))
            written.rename(file)  # so that nobody reads half of it

    async def _drain(self, health: Health) -> None:
        self.intake.draining = True
        await health.set(False)
        if self._failure:
            return
        self._service.drain()
        log.info("draining", extra=fields(entries=self.intake.admission.entries))
        refused_until = asyncio.get_running_loop().time() + _REFUSING_S
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle(), self._settings.drain_timeout)
        left = self.intake.admission.entries
        if left:
            log.warning("drain timeout: cancelling what is left", extra=fields(entries=left))
        await asyncio.sleep(refused_until - asyncio.get_running_loop().time())

    async def _idle(self) -> None:
        while self.intake.admission.entries or self._service.open_streams:
            await asyncio.sleep(0.01)

    def _remove_files(self) -> None:
        files = [Path(address.removeprefix("unix:")) for address in self.addresses if address.startswith("unix:")]
        if self._settings.address_file and self.is_serving:
            files.append(self._settings.address_file)
        for file in files:
            file.unlink(missing_ok=True)


def _options(settings: Settings) -> list[tuple[str, int]]:
    keepalive_ms = int(1000 * settings.keepalive)
    return [
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", min(settings.message_bytes, (1 << 31) - 1)),
        ("grpc.max_send_message_length", -1),
        ("grpc.keepalive_time_ms", keepalive_ms),
        ("grpc.keepalive_timeout_ms", 20_000),
        # Clients ping about every 30 s; what pings much more often is told to calm down
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", min(keepalive_ms, 10_000)),
    ]
