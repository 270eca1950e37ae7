"""The client works where the system lacks what sessions and the server need."""

from __future__ import annotations

import fcntl
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.client.fake_session import FakeSessions

ROOT = Path(__file__).parents[2]
NEVER_S = 240.0
AXES = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}
SUMS = np.add.outer([1.0, 2.0, 4.0], [2.0, 3.0])


@pytest.mark.parametrize("parts", [["sync/test_client.py", "sync/test_stream.py"], ["aio/test_client.py"]], ids=str)
def test_the_tests_of_the_client_pass_without_all_of_it(parts: list[str]) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.client.laptop"]
    files = [f"tests/client/{part}" for part in parts]
    done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, timeout=NEVER_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


LACKING = ["AF_UNIX", "SO_PEERCRED", "F_GET_SEALS", "an abstract socket"]


def take_away(name: str, sessions: FakeSessions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the client's system lack something that sessions need, which the server offers all the same."""
    if hasattr(socket, name):
        monkeypatch.delattr(socket, name)
    elif hasattr(fcntl, name):
        monkeypatch.delattr(fcntl, name)
    else:
        nobody = pb.OpenSessionResponse(socket="nobody-listens-here", token=b"t" * 32).SerializeToString()
        offer = sessions.server.plain[methods.OPEN_SESSION.path]
        sessions.server.plain[methods.OPEN_SESSION.path] = lambda raw: offer(raw) and nobody


@pytest.mark.parametrize("name", LACKING)
def test_a_session_that_cannot_be_had_here_costs_nothing(
    name: str, sessions: FakeSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_away(name, sessions, monkeypatch)
    with gridgrad.Client(sessions.server.address) as client:
        for _ in range(3):
            assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
        assert (sessions.offers, len(client._sessions)) == (1, 0)


@pytest.mark.parametrize("name", LACKING[1:])  # grpc.aio itself needs the first
async def test_nor_in_asyncio(name: str, sessions: FakeSessions, monkeypatch: pytest.MonkeyPatch) -> None:
    take_away(name, sessions, monkeypatch)
    async with gridgrad.aio.Client(sessions.server.address) as client:
        for _ in range(3):
            assert_array_equal((await client.gradient("t*k", AXES)).value, SUMS)
        assert (sessions.offers, len(client._sessions)) == (1, 0)
