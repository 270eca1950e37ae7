"""The command line of a worker says what the settings say."""

from __future__ import annotations

import sys
from pathlib import Path

from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.workers.command import worker_command


def after(command: list[str], flag: str) -> str:
    return command[command.index(flag) + 1]


def test_it_runs_the_worker_of_this_python() -> None:
    command = worker_command(ServerSettings(), "cuda:1", 3)
    assert command[:3] == [sys.executable, "-m", "gridgrad_worker"]
    assert (after(command, "--device"), after(command, "--threads")) == ("cuda:1", "3")
    assert (after(command, "--engine"), after(command, "--log-level")) == ("structured", "info")
    assert "--functions" not in command
    assert "--cache" not in command


def test_what_is_compiled_and_kept_is_passed_on() -> None:
    settings = ServerSettings(hot_points=5, hot_pieces=6, cache=Path("/c"), cache_bytes=7, compile_timeout=8.0)
    command = worker_command(settings, "cpu", 1)
    flags = ("--hot-points", "--hot-pieces", "--cache", "--cache-bytes", "--compile-timeout")
    assert [after(command, flag) for flag in flags] == ["5", "6", "/c", "7", "8.0"]


def test_nothing_is_compiled_unless_it_may() -> None:
    command = worker_command(ServerSettings(compile=False, functions=("a", "b.c")), "cpu", 1)
    assert "--no-compile" in command
    assert "--hot-points" not in command
    begin = command.index("--functions")
    assert command[begin : begin + 3] == ["--functions", "a", "b.c"]
    assert after(command, "--registered-engine") == "auto"
