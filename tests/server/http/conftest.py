"""One server for the tests of a file that change nothing of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.server.conftest import Serving, servers


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def serving() -> AsyncIterator[Serving]:
    """A server that listens by HTTP too, with pretending workers."""
    async with servers() as start:
        yield await start(http="127.0.0.1:0", http_host=("grids.example",), http_origin=("https://app.example",))
