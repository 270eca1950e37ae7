"""The command lines of workers, and of what speaks to a cluster, as the settings of the server make them."""

from __future__ import annotations

import sys

from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.deriving.helpers import HELPER_BYTES

__all__ = ["bridge_command", "helper_command", "library_command", "worker_command", "worker_flags"]


def worker_command(settings: ServerSettings, device: str, threads: int) -> list[str]:
    """The command of a worker, but for the descriptor of its socket."""
    return [sys.executable, "-m", "gridgrad_worker", "--device", device, *worker_flags(settings, threads)]


def worker_flags(settings: ServerSettings, threads: int) -> list[str]:
    """The flags of a worker that do not depend on where it runs."""
    flags = ["--threads", str(threads), "--engine", settings.engine, *_compile_flags(settings)]
    if settings.functions:
        flags += ["--functions", *settings.functions, "--registered-engine", settings.registered_engine]
    return [*flags, *_log_flags(settings)]


def bridge_command(settings: ServerSettings, address: str) -> list[str]:
    """The command of what speaks to a Ray cluster, but for the descriptor of its socket."""
    return [sys.executable, "-m", "gridgrad_worker.ray_bridge", "--ray", address, *_log_flags(settings)]


def helper_command(settings: ServerSettings) -> list[str]:
    """The command of the process that helpers are forks of, but for the descriptor of its socket."""
    bounds = ["--bytes", str(HELPER_BYTES), "--seconds", str(settings.derive_timeout)]
    return [sys.executable, "-m", "gridgrad_worker.deriving", *bounds, *_log_flags(settings)]


def library_command(settings: ServerSettings) -> list[str]:
    """The command of what compiles the library of special functions."""
    return [sys.executable, "-m", "gridgrad_worker.native", *_cache_flags(settings)]


def _log_flags(settings: ServerSettings) -> list[str]:
    return ["--log-format", settings.log_format, "--log-level", settings.log_level]


def _compile_flags(settings: ServerSettings) -> list[str]:
    if not settings.compile:
        return ["--no-compile"]
    flags = ["--hot-points", str(settings.hot_points), "--hot-pieces", str(settings.hot_pieces)]
    flags += ["--cache-bytes", str(settings.cache_bytes), "--compile-timeout", str(settings.compile_timeout)]
    return [*flags, *_cache_flags(settings)]


def _cache_flags(settings: ServerSettings) -> list[str]:
    return ["--cache", str(settings.cache)] if settings.compile and settings.cache else []
