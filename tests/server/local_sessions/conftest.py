"""The callers of a test, hung up after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.conftest import Serving
from tests.server.local_sessions.callers import Caller, Opening, offer


@pytest.fixture
def opening() -> Iterator[Opening]:
    """Opens sessions; ends them after the test."""
    opened = []

    async def open_session(serving: Serving) -> Caller:
        offered = await offer(serving)
        caller = Caller(offered.socket)
        opened.append(caller)
        await caller.greet(offered.token)
        return caller

    yield open_session
    for caller in opened:
        caller.close()
