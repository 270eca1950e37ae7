"""The fixtures where no server can be started; tests/service starts them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

CONFTEST = """
import importlib.util

pytest_plugins = ["gridgrad.testing.fixtures"]
there = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "torch" else there(name, *rest)
"""
TESTS = """
def test_with_a_server(gridgrad_client):
    assert False, "there is none"

def test_without():
    pass
"""


def test_tests_that_need_a_server_are_skipped_without_torch(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_ours.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed, 1 skipped" in done.stdout, done.stdout + done.stderr
    missing = "torch" if importlib.util.find_spec("gridgrad_server") else "gridgrad_server"
    assert f"{missing} is not installed, which a server needs: pip install" in done.stdout
