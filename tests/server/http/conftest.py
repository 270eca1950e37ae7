"""One server for the tests of a file that change nothing of it, and tokens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gridgrad_server.access.token_file import TokenEntry, digest_of, edited
from tests.server.conftest import Serving, servers


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def serving() -> AsyncIterator[Serving]:
    """A server that listens by HTTP too, with pretending workers."""
    async with servers() as start:
        yield await start(http="127.0.0.1:0", http_host=("grids.example",), http_origin=("https://app.example",))


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """A file of tokens, one for each role, which is called so."""
    with edited(tmp_path / "tokens") as file:
        for role in ("call", "metrics", "admin"):
            file.add(TokenEntry(f"{role}er", (role,), digest_of(role)))
    return tmp_path / "tokens"
