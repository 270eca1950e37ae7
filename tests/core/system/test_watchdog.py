"""The small process between: it ends what its parent started, whatever ends the parent, and removes the folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gridgrad_core.system import watchdog

PATIENCE_S = 30.0
PARENT = """
import os, subprocess, sys
watchdog, *rest = sys.argv[1:]
subprocess.Popen([sys.executable, "-IS", watchdog, str(os.getpid()), *rest], stdin=subprocess.PIPE)
os.write(1, b"started")
os.read(0, 1)
"""
SLEEP = "import os, pathlib, time; pathlib.Path({!r}).write_text(str(os.getpid())); time.sleep(600)"


def until(condition: Callable[[], bool]) -> None:
    last_at = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < last_at, "waited in vain"
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def start(folder: Path, *command: str) -> subprocess.Popen[bytes]:
    """The watchdog, with this process as its parent."""
    words = [sys.executable, "-IS", watchdog.__file__, str(os.getpid()), str(folder), *command]
    return subprocess.Popen(words, stdin=subprocess.PIPE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


def test_a_command_that_ends_gives_its_status_and_its_words(folder: Path) -> None:
    with start(folder, sys.executable, "-c", "print('said'); raise SystemExit(3)") as process:
        assert process.wait(PATIENCE_S) == 3
    assert (folder / "log").read_text() == "said\n"


def test_the_end_of_its_input_ends_the_command_and_keeps_the_folder(folder: Path, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with start(folder, sys.executable, "-c", SLEEP.format(str(pid_file))) as process:
        until(lambda: pid_file.exists() and bool(pid_file.read_text()))
        assert process.stdin
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 256 - signal.SIGTERM
    assert not is_alive(int(pid_file.read_text()))
    assert folder.exists()


def test_the_death_of_its_parent_ends_the_command_and_removes_the_folder(folder: Path, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    command = [sys.executable, "-c", PARENT, watchdog.__file__, str(folder)]
    command += [sys.executable, "-c", SLEEP.format(str(pid_file))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        until(lambda: pid_file.exists() and bool(pid_file.read_text()))
        parent.kill()
    until(lambda: not is_alive(int(pid_file.read_text())))
    until(lambda: not folder.exists())


def test_a_parent_that_is_gone_already_starts_nothing(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    words = [str(gone.pid), str(folder), sys.executable, "-c", "raise SystemExit(5)"]
    assert watchdog.main(words) == 0
    assert not folder.exists()


def test_another_process_of_the_parents_number_is_not_the_parent(folder: Path) -> None:
    assert os.getppid() != 1
    assert watchdog.main(["1", str(folder), sys.executable, "-c", "raise SystemExit(5)"]) == 0
    assert not folder.exists()
