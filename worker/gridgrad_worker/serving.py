"""What a worker serves with, as its flags say, whatever carries its messages."""

from __future__ import annotations

import argparse
import functools
import gc
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.runtime.channel import WorkerChannel

if TYPE_CHECKING:  # it loads torch
    from gridgrad_worker.devices.device import Device
    from gridgrad_worker.engines.compiled.compile_template import CompileTemplate
    from gridgrad_worker.engines.compiled.tier import Tier
    from gridgrad_worker.loop import WorkerLoop

__all__ = ["compile_template", "open_loop", "parse"]

_log = logging.getLogger("gridgrad_worker")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The flags of a worker; those of the command line by default."""
    parser = argparse.ArgumentParser(
        prog="gridgrad_worker", description="A worker of gridgrad-server, which starts it.", allow_abbrev=False
    )
    parser.add_argument("--fd", type=int, help="descriptor of the socket to the server")
    parser.add_argument("--device", required=True, help="cpu or cuda:INDEX")
    parser.add_argument(
        "--functions",
        action="extend",
        nargs="+",
        default=[],
        metavar="MODULE",
        help="modules of functions, and models",
    )
    parser.add_argument(
        "--engine", choices=("structured", "functional"), default="structured", help="what computes expressions"
    )
    parser.add_argument(
        "--registered-engine", choices=("auto", "functional"), default="auto", help="what computes registered functions"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads to compute with")
    parser.add_argument("--aside", action="store_true", help="leave processors to the other workers")
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


def open_loop(
    options: argparse.Namespace, channel: WorkerChannel, template: CompileTemplate | None = None
) -> WorkerLoop | None:
    """Makes everything ready to serve, and tells the server so.

    Args:
        options: as `parse` returns them.
        channel: to the server.
        template: what compile processes are forked from; without it each is started.

    Returns:
        The loop, which the caller runs and closes; None when the worker can't serve at all, which the server was told.
    """
    started_at = time.perf_counter()
    from gridgrad_worker.devices.slots import MappedSlots
    from gridgrad_worker.loop import WorkerLoop
    from gridgrad_worker.program_table import ProgramTable
    from gridgrad_worker.startup import CannotServeError, ready_message, start

    try:
        started = start(options.device, options.threads, options.functions, options.engine, options.registered_engine)
    except CannotServeError as error:
        channel.send(pb.WorkerMessage(fatal=str(error)).SerializeToString())
        return None
    device = started.device
    tier = _tier(options, device, template)
    programs = ProgramTable(device, started.registered, options.engine, tier)
    gc.freeze()  # torch and what was loaded with it stay: no collection need look at them again
    channel.send(pb.WorkerMessage(ready=ready_message(started)).SerializeToString())
    _log.info(
        "ready after %.1f s with %d registered functions", time.perf_counter() - started_at, len(started.registered)
    )
    return WorkerLoop(channel, MappedSlots(device), programs, tier)


def compile_template(options: argparse.Namespace) -> CompileTemplate | None:
    """What compile processes are forked from, if there will be any; before the device is opened, and so has threads."""
    if not _compiles(options) or options.device != "cpu":
        return None
    from gridgrad_worker.engines.compiled.compile_template import CompileTemplate

    gc.freeze()  # what is shared stays shared
    return CompileTemplate()


def _compiles(options: argparse.Namespace) -> bool:
    return not options.no_compile and options.engine == "structured"


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
    )
    if template is None:
        return open_cpu_tier(settings)
    return open_cpu_tier(settings, functools.partial(CompileProcess, launch=template.launch))
