"""A server that computes one function, for tests that count what it is asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import gridgrad
from tests.client.fake import FakeServer
from tests.client.frameworks.exponential import exponential_server


@pytest.fixture
def counted() -> Iterator[FakeServer]:
    """It, with the requests that came."""
    server = exponential_server()
    yield server
    server.stop()


@pytest.fixture
def exponential(counted: FakeServer) -> Iterator[gridgrad.Client]:
    """A client of it."""
    with gridgrad.Client(counted.address) as opened:
        yield opened
