"""The lock on a cache: one compiles at a time."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from gridgrad_worker.engines.compiled.lock import CacheLock


def test_one_has_it_at_a_time(tmp_path: Path) -> None:
    first, second = CacheLock(tmp_path), CacheLock(tmp_path)
    assert first.acquire()
    assert not second.acquire()
    assert first.acquire(), "who has it keeps it"
    first.release()
    assert second.acquire()
    assert not first.acquire()
    second.close()
    assert first.acquire(), "it is given back at the end"
    first.close()


def test_other_directories_have_locks_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with (
        contextlib.closing(CacheLock(tmp_path / "a")) as first,
        contextlib.closing(CacheLock(tmp_path / "b")) as second,
    ):
        assert first.acquire()
        assert second.acquire()


def test_a_process_that_dies_gives_it_back(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib; from gridgrad_worker.engines.compiled.lock import CacheLock; "
        "assert CacheLock(pathlib.Path(sys.argv[1])).acquire(); print('has it', flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False)
    assert done.stdout == "has it\n"
    with contextlib.closing(CacheLock(tmp_path)) as lock:
        assert lock.acquire()


def test_a_directory_that_is_not_there_has_no_lock(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        CacheLock(tmp_path / "nowhere")
