"""The real server for tests of embedders: fixtures in a run of their own, and that nothing stays behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

import gridgrad
from gridgrad.frameworks.testing import LocalServer, local_server
from tests.service.harness import eventually, marked

CONFTEST = """
import pytest

pytest_plugins = ["gridgrad.testing.fixtures"]

@pytest.fixture(scope="session")
def gridgrad_server_flags():
    return ["--functions", "flows"]
"""
FLOWS = """
from gridgrad_worker import function

@function(samples={"x": [1.0]})
def square(x):
    return x * x
"""
TESTS = """
import gridgrad

def test_a_function_of_ours(gridgrad_client):
    result = gridgrad_client.gradient(gridgrad.registered("square"), {"x": [3.0]})
    assert result.d["x"][0] == 6

def test_the_same_server(gridgrad_client, gridgrad_server):
    assert gridgrad_client.address == gridgrad_server.address
    assert gridgrad_client.gradient("x*x", {"x": [3.0]}).value[0] == 9
"""
# Says where it is, and waits to be killed
WAITING = """
import sys, time
from gridgrad.testing import local_server

with local_server() as server:
    print(server.log.parent, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def mark() -> Iterator[str]:
    """A variable for the environment of processes, none of which may be left."""
    variable = f"GRIDGRAD_TEST_MARK={uuid.uuid4()}"
    yield variable
    eventually(lambda: not marked(variable), f"the end of the processes {marked(variable)}")


def environment(mark: str, folder: Path) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    return {**os.environ, **dict([mark.split("=", 1)]), "TMPDIR": str(folder)}


def test_fixtures_start_one_server_for_the_run(tmp_path: Path, mark: str) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "flows.py").write_text(FLOWS)
    (tmp_path / "test_ours.py").write_text(TESTS)
    command = [sys.executable, "-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    variables = environment(mark, tmp_path / "files")
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
    assert not list((tmp_path / "files").glob("gridgrad-*"))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_process_is_ended(how: signal.Signals, tmp_path: Path, mark: str) -> None:
    variables = environment(mark, tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", WAITING], env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().decode().strip())
        assert (folder / "socket").exists()
        process.send_signal(how)
    eventually(lambda: not folder.exists(), f"the end of {folder}")


def test_nothing_is_left_when_it_ends_while_the_server_starts(tmp_path: Path, mark: str) -> None:
    with subprocess.Popen([sys.executable, "-c", WAITING], env=environment(mark, tmp_path)) as process:
        eventually(lambda: list(tmp_path.glob("gridgrad-*/log")), "the folder of the server")
        process.kill()
    eventually(lambda: not list(tmp_path.iterdir()), "an empty folder")


def test_the_server_outlives_the_thread_that_started_it() -> None:
    with contextlib.ExitStack() as stack:
        started: list[LocalServer] = []
        thread = threading.Thread(target=lambda: started.append(stack.enter_context(local_server())))
        thread.start()
        thread.join()
        with gridgrad.Client(started[0].address) as client:
            assert client.gradient("x**2", {"x": [3.0]}).d["x"].item() == 6
            assert client.server_info().devices == ("cpu",)
        assert started[0].log.read_text() == ""
    assert not started[0].log.parent.exists()


def test_flags_reach_it_and_what_it_refuses_is_told() -> None:
    with (
        pytest.raises(gridgrad.UnavailableError, match=r"did not start; Error: Invalid value for --request-cost"),
        local_server(flags=["--request-cost", "none"]),
    ):
        pass
    with (
        pytest.raises(gridgrad.UnavailableError, match=r"did not start; .* there is no module 'no_such_module'"),
        local_server(functions=["no_such_module"]),
    ):
        pass
