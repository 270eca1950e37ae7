"""What the tests of the client share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import gridgrad
from tests.client.fake import FakeServer
from tests.client.fake_session import FakeSessions


@pytest.fixture(autouse=True)
def _no_server_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GRIDGRAD_SERVER", raising=False)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A server whose answers a test decides."""
    fake = FakeServer()
    yield fake
    fake.stop()


@pytest.fixture
def client(server: FakeServer) -> Iterator[gridgrad.Client]:
    """A client of it."""
    with gridgrad.Client(server.address) as connected:
        yield connected


@pytest.fixture
def sessions(server: FakeServer) -> Iterator[FakeSessions]:
    """What opens sessions at the server."""
    fake = FakeSessions(server)
    yield fake
    fake.stop()
