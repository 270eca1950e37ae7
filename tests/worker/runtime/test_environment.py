"""What a process asks of the operating system for itself and what it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gridgrad_worker.runtime import process


@pytest.mark.parametrize(
    ("before", "after"),
    [({}, "4000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, None)],
)
def test_threads_spin_briefly_unless_told_otherwise(
    before: dict[str, str], after: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    for name, value in before.items():
        monkeypatch.setenv(name, value)
    process.spin_briefly()
    assert os.environ.get("GOMP_SPINCOUNT") == after


@pytest.mark.parametrize(("given", "kept"), [("there", str(Path.cwd() / "there")), (None, "before")])
def test_what_is_compiled_is_kept_where_it_is_said(
    given: str | None, kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDGRAD_CACHE", "before")
    process.keep_code_in(None if given is None else Path(given))
    assert os.environ["GRIDGRAD_CACHE"] == kept


COMPILER = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
LEADER = f"""
import subprocess, sys
from gridgrad_worker.runtime import process
sys.stdin.read()
process.end_group_with_this()
subprocess.run([sys.executable, "-c", {COMPILER!r}])
"""


def test_what_a_killed_process_has_started_ends_with_it_and_what_that_has_started_too() -> None:
    command = [sys.executable, "-c", LEADER]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True) as leader:
        assert leader.stdout
        assert leader.stdout.readline() == b"1\n"
        leader.kill()
        assert leader.stdout.read() == b"", "who writes there has ended"


def test_a_process_that_ends_by_itself_has_its_own_status() -> None:
    script = "import sys; from gridgrad_worker.runtime import process; process.end_group_with_this(); sys.exit(75)"
    done = subprocess.run([sys.executable, "-c", script], start_new_session=True, timeout=60, check=False)
    assert done.returncode == 75
