"""The soak: it passes where nothing leaks, and finds a leak that was planted."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
SECONDS = 30.0


def soaked(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.soak", "--seconds", str(SECONDS), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def test_nothing_grows() -> None:
    run = soaked()
    assert run.returncode == 0, run.stdout + run.stderr
    assert "nothing grew" in run.stdout


def test_a_planted_leak_is_found() -> None:
    # It does more than compute, which an expression would not
    run = soaked("--functions", "tests.service.leaking", GRIDGRAD_REGISTERED_ENGINE="functional")
    assert run.returncode == 1, run.stdout + run.stderr
    assert "worker 0 grew in memory, descriptors" in run.stdout
    assert "server grew" not in run.stdout
