"""Windows of large grids: from the client for asyncio, and over streams that break."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import grpc
import numpy as np
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from gridgrad_core import errors
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.client.fake import FakeServer, Times, refuse, windows

Messages = Iterator[pb.StreamGridGradientsRequest]
INPUTS = {"t": np.arange(5.0), "k": np.arange(7.0)}
WHOLE = np.add.outer(np.arange(5.0), np.arange(7.0))
BOXES = [(1, 2, 0, 20), (0, 1, 20, 15), (0, 1, 0, 11), (1, 1, 20, 15), (2, 1, 20, 15), (0, 1, 11, 9)]


def shuffled(messages: Messages, _: grpc.ServicerContext) -> Iterator[bytes]:
    for message in messages:
        yield from windows(message, BOXES)


def checked(found: list[gridgrad.Result], shapes: set[tuple[int, ...]]) -> None:
    seen = np.zeros(WHOLE.shape, int)
    for window in found:
        seen[window.slices] += 1
        assert_array_equal(window.value, WHOLE[window.slices])
        assert_array_equal(window.d["k"], WHOLE[window.slices] + 2000)
        assert_array_equal(window.inputs["t"], INPUTS["t"][window.slices[0]])
        assert not window.value.flags.writeable
    assert (seen == 1).all()
    assert {window.value.shape for window in found} == shapes


def test_a_stream_that_breaks_gives_no_window_twice(server: FakeServer, client: gridgrad.Client) -> None:
    def breaking(messages: Messages, context: grpc.ServicerContext) -> Iterator[bytes]:
        yield from itertools.islice(windows(next(messages), BOXES), 3)
        refuse(context, errors.UnavailableError("", "going down", "retry"))

    server.stream = Times(2, breaking, shuffled)
    checked(list(client.windows("t*k", INPUTS, points=7)), {(1, 7)})


async def test_the_other_client_has_windows_too(server: FakeServer) -> None:
    server.stream = shuffled
    async with gridgrad.aio.Client(server.address) as client:
        checked([window async for window in client.windows("t*k", INPUTS, points=7)], {(1, 7)})
