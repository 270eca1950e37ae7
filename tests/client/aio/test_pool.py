"""Sessions of the client for asyncio: one, which all tasks share."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.client.fake import FakeServer
from tests.client.fake_session import FakeSessions, Peer

AXES = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}
SUMS = np.add.outer([1.0, 2.0, 4.0], [2.0, 3.0])
PATIENCE_S = 20.0


@pytest.fixture
def client(server: FakeServer) -> Iterator[gridgrad.Client]:
    with gridgrad.Client(server.address) as connected:
        connected.gradient("t*k", AXES)
        yield connected


async def opened(client: gridgrad.aio.Client) -> None:
    for _ in range(2):
        await client.gradient("t*k", AXES)
    assert len(client._sessions) == 1


async def test_asyncio_shares_one_session(sessions: FakeSessions, server: FakeServer) -> None:
    async with gridgrad.aio.Client(server.address) as client:
        await opened(client)
        results: list[Any] = await asyncio.gather(*(client.gradient("t*k", {"t": [n], "k": [1.0]}) for n in range(20)))
        assert [result.value.item() for result in results] == [n + 1 for n in range(20)]
        assert len(server.requests) == 1
        del results
        await asyncio.sleep(0)  # until then the loop holds what it has woken this test with
        gc.collect()
        await client.gradient("t*k", AXES)
        assert sorted(sessions.peers[0].released) == list(range(1, 22))


async def test_asyncio_goes_on_by_grpc_when_the_session_breaks(sessions: FakeSessions, server: FakeServer) -> None:
    def hang_up(peer: Peer, _: pb.SessionRequest) -> None:
        peer.close()

    async with gridgrad.aio.Client(server.address) as client:
        await opened(client)
        sessions.answer = hang_up
        assert_array_equal((await client.gradient("t*k", AXES)).value, SUMS)
        assert len(server.requests) == 2
        sessions.answer = Peer.leased
        assert_array_equal((await client.gradient("t*k", AXES)).value, SUMS)
        assert len(server.requests) == 2
        assert len(client._sessions) == 1


async def test_asyncio_gives_up_by_timeout_and_by_cancelling(sessions: FakeSessions, server: FakeServer) -> None:
    async with gridgrad.aio.Client(server.address) as client:
        await opened(client)
        sessions.answer = lambda _, __: None
        with pytest.raises(gridgrad.DeadlineError):
            await client.gradient("t*k", AXES, timeout=0.1)
        call = asyncio.create_task(client.gradient("t*k", AXES))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        give_up_at = time.monotonic() + PATIENCE_S
        while sessions.peers[0].cancelled != [2, 3]:
            assert time.monotonic() < give_up_at
            await asyncio.sleep(0.005)
