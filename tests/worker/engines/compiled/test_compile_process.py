"""The process that compiles: what it is given, how it ends, and that all of it ends."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.compile_process import CompileProcess
from gridgrad_worker.native.cache import Cache
from gridgrad_worker.native.cache_dir import open_directory

ENDS_WITHIN_S = 60.0


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(open_directory(tmp_path / "compiled"), 12_345)


def python_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Lets a shell script stand for Python."""
    path = tmp_path / "python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(path))


def status_of(process: CompileProcess) -> int:
    end = time.monotonic() + ENDS_WITHIN_S
    while (status := process.poll()) is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    return status


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_is_given_the_job_and_the_cache(
    job: CompileJob, cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_that(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/arguments; cat > {tmp_path}/job')
    assert status_of(CompileProcess(job, cache, ENDS_WITHIN_S)) == 0
    arguments = (tmp_path / "arguments").read_text().split()
    assert arguments == ["-m", "gridgrad_worker.engines.compiled", "--root", str(cache.root), "--cache-bytes", "12345"]
    assert CompileJob.from_json((tmp_path / "job").read_text()) == job
    assert list(cache.root.iterdir()) == []


def test_its_last_line_says_why_it_failed(
    job: CompileJob, cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python_that(tmp_path, monkeypatch, "echo first >&2; echo 'no use' >&2; exit 3")
    process = CompileProcess(job, cache, ENDS_WITHIN_S)
    assert status_of(process) == 3
    assert process.said == "no use"
    assert process.poll() == 3, "it may be asked again"


@pytest.mark.parametrize("how", ["timeout", "end"])
def test_it_ends_with_all_that_it_has_started(
    job: CompileJob, cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    python_that(
        tmp_path,
        monkeypatch,
        f"sleep 600 & echo $! > {tmp_path}/child.part; mv {tmp_path}/child.part {tmp_path}/child; wait",
    )
    process = CompileProcess(job, cache, 0.2 if how == "timeout" else ENDS_WITHIN_S)
    end = time.monotonic() + ENDS_WITHIN_S
    while not (tmp_path / "child").exists() and process._process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    child = int((tmp_path / "child").read_text())
    if how == "end":
        process.end()
        process.end()
    else:
        assert status_of(process) < 0
    while is_running(child):
        assert time.monotonic() < end
        time.sleep(0.01)
    assert not os.path.exists(f"/proc/{process._process.pid}/exe")


def test_without_a_directory_there_is_no_process(job: CompileJob, cache: Cache) -> None:
    cache.root.rmdir()
    with pytest.raises(OSError, match=cache.root.name):
        CompileProcess(job, cache, ENDS_WITHIN_S)
