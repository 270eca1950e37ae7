"""The worker process: `python -m gridgrad_worker --fd N --device cpu`. The server starts it."""

from __future__ import annotations

import argparse
import contextlib
import functools
import gc
import logging
import os
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gridgrad_core.system.logging import configure
from gridgrad_core.system.malloc import keep_freed_memory
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.runtime import process
from gridgrad_worker.runtime.channel import Channel

if TYPE_CHECKING:  # it loads torch
    from gridgrad_worker.devices.device import Device
    from gridgrad_worker.engines.compiled.compile_template import CompileTemplate
    from gridgrad_worker.engines.compiled.tier import Tier

__all__ = ["main"]

EXIT_OK, EXIT_DEFECT, EXIT_FATAL = 0, 1, 3

_KEPT_BYTES = 1 << 28

_log = logging.getLogger("gridgrad_worker")


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves the server at the other end of a socket until it closes it.

    Returns:
        The exit status: 0 after the socket was closed, 3 when the worker can't serve at all, which it
        has told the server, and 1 after a defect.
    """
    options = _parse(arguments)
    process.ignore_signals()
    process.die_with_parent()
    keep_freed_memory(_KEPT_BYTES)
    process.spin_briefly()
    configure(options.log_format, options.log_level, device=options.device, pid=os.getpid())
    with socket.socket(fileno=options.fd) as connection:
        try:
            return _serve(options, Channel(connection))
        except ConnectionError:
            return EXIT_OK
        except Exception:  # noqa: BLE001 - logged, whatever it is, before the process ends
            _log.exception("the worker ends on a defect; please report it")
            return EXIT_DEFECT


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="gridgrad_worker", description="A worker of gridgrad-server, which starts it.", allow_abbrev=False
    )
    parser.add_argument("--fd", type=int, required=True, help="descriptor of the socket to the server")
    parser.add_argument("--device", required=True, help="cpu or cuda:INDEX")
    parser.add_argument(
        "--functions", action="extend", nargs="+", default=[], metavar="MODULE", help="modules of registered functions"
    )
    parser.add_argument(
        "--engine", choices=("structured", "functional"), default="structured", help="what computes expressions"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads to compute with")
    add = parser.add_argument
    add("--no-compile", action="store_true", help="compile nothing")
    add("--hot-points", type=int, default=1 << 21, help="points of an expression after which it is compiled")
    add("--hot-pieces", type=int, default=50, help="or pieces of it")
    add("--cache", type=Path, help="directory of compiled code (default: in the user's own cache)")
    add("--cache-bytes", type=int, default=1 << 29, help="how much compiled code may take on disk")
    add("--compile-timeout", type=float, default=600.0, help="seconds after which a compilation is given up")
    parser.add_argument("--log-format", choices=("text", "json"), default="text")
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    return parser.parse_args(arguments)


def _serve(options: argparse.Namespace, channel: Channel) -> int:
    started_at = time.perf_counter()
    # torch comes in here, after the signals are ignored and its environment is set
    from gridgrad_worker.devices.slots import MappedSlots
    from gridgrad_worker.loop import WorkerLoop
    from gridgrad_worker.program_table import ProgramTable
    from gridgrad_worker.startup import CannotServeError, ready_message, start

    template = _template(options)
    try:
        device, registered = start(options.device, options.threads, options.functions, options.engine)
    except CannotServeError as error:
        channel.send(pb.WorkerMessage(fatal=str(error)).SerializeToString())
        return EXIT_FATAL
    tier = _tier(options, device, template)
    programs = ProgramTable(device, registered, options.engine, tier)
    gc.freeze()  # torch and what was loaded with it stay: no collection need look at them again
    channel.send(pb.WorkerMessage(ready=ready_message(device, registered)).SerializeToString())
    _log.info("ready after %.1f s with %d registered functions", time.perf_counter() - started_at, len(registered))
    try:
        WorkerLoop(channel, MappedSlots(device), programs, tier).run()
    finally:
        if tier is not None:
            tier.close()
        if template is not None:
            template.close()
    return EXIT_OK


def _compiles(options: argparse.Namespace) -> bool:
    return not options.no_compile and options.engine == "structured"


def _template(options: argparse.Namespace) -> CompileTemplate | None:
    """What compile processes are forked from, if there will be any; before the device is opened, and so has threads."""
    if not _compiles(options) or options.device != "cpu":
        return None
    from gridgrad_worker.engines.compiled.compile_template import CompileTemplate

    gc.freeze()  # what is shared stays shared
    return CompileTemplate()


def _tier(options: argparse.Namespace, device: Device, template: CompileTemplate | None) -> Tier | None:
    if not _compiles(options):
        return None
    if device.torch_device.type == "cuda":
        from gridgrad_worker.engines.cuda.start import open_cuda_tier

        return open_cuda_tier(device)
    from gridgrad_worker.engines.compiled.compile_process import CompileProcess
    from gridgrad_worker.engines.compiled.cpu_compiler import CpuTierSettings, open_cpu_tier

    settings = CpuTierSettings(
        hot_points=options.hot_points,
        hot_pieces=options.hot_pieces,
        cache_bytes=options.cache_bytes,
        compile_timeout_s=options.compile_timeout,
        root=options.cache and options.cache.absolute() / "compiled",
    )
    if template is None:
        return open_cpu_tier(settings)
    return open_cpu_tier(settings, functools.partial(CompileProcess, launch=template.launch))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):  # before signals are ignored
        sys.exit(main())
