"""The command line of a worker, as the settings of the server make it."""

from __future__ import annotations

import sys

from gridgrad_server.config.settings import ServerSettings

__all__ = ["worker_command"]


def worker_command(settings: ServerSettings, device: str, threads: int) -> list[str]:
    """The command of a worker, but for the descriptor of its socket."""
    command = [sys.executable, "-m", "gridgrad_worker", "--device", device, "--threads", str(threads)]
    command += ["--engine", settings.engine, *_compile_flags(settings)]
    if settings.functions:
        command += ["--functions", *settings.functions]
    return [*command, "--log-format", settings.log_format, "--log-level", settings.log_level]


def _compile_flags(settings: ServerSettings) -> list[str]:
    if not settings.compile:
        return ["--no-compile"]
    flags = ["--hot-points", str(settings.hot_points), "--hot-pieces", str(settings.hot_pieces)]
    flags += ["--cache-bytes", str(settings.cache_bytes), "--compile-timeout", str(settings.compile_timeout)]
    return [*flags, "--cache", str(settings.cache)] if settings.cache else flags
