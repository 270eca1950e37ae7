"""`gridgrad.aio.Client.map` as one Dataset, and closed early."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import grpc
import pytest

import gridgrad
import gridgrad.aio
from gridgrad_core import errors
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.client.fake import FakeServer, entry, failed_entry

NEVER_S = 30.0
SWEEP = [{"t": [1.0, 2.0], "k": float(k)} for k in range(5)]


async def test_what_is_left_becomes_one_dataset(server: FakeServer) -> None:
    pytest.importorskip("xarray")
    async with gridgrad.aio.Client(server.address) as client:
        results = client.map("t*k", SWEEP)
        first = await anext(results)
        data = await results.to_xarray("run")
    assert first.value.tolist() == [1.0, 2.0]
    assert data["f"].dims == ("run", "t")
    assert data["f"].values.tolist() == [[1.0 + k, 2.0 + k] for k in range(1, 5)]
    assert data["k"].values.tolist() == [1.0, 2.0, 3.0, 4.0]


async def test_an_error_among_them_is_raised(server: FakeServer) -> None:
    server.stream = lambda messages, _: (failed_entry(m, errors.CrashError("", "gone", "")) for m in messages)
    async with gridgrad.aio.Client(server.address) as client:
        with pytest.raises(gridgrad.CrashError):
            await client.map("t*k", SWEEP, errors="return").to_xarray()


async def test_closing_cancels_what_is_in_flight(server: FakeServer) -> None:
    cancelled = threading.Event()

    def watched(messages: Iterator[pb.StreamGridGradientsRequest], context: grpc.ServicerContext) -> Iterator[bytes]:
        context.add_callback(cancelled.set)
        yield entry(next(messages))
        cancelled.wait(NEVER_S)

    server.stream = watched
    async with gridgrad.aio.Client(server.address) as client:
        results = client.map("t*k", SWEEP, in_flight=1)
        await anext(results)
        await results.aclose()
    assert cancelled.wait(NEVER_S)
