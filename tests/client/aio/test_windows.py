"""Windows of large grids: from the client for asyncio, and over streams that break."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from gridgrad_core import errors
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.client.fake import FakeServer, Times, failed_entry, refuse, windows

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


@pytest.mark.parametrize(
    ("boxes", "asked"),
    [
        (BOXES[:3], [5, 4]),  # the first row, and parts of others
        ([(0, 3, 0, 7), (0, 3, 21, 14)], [5, 4]),  # two rows beyond what is missing
        ([(0, 3, 7, 28)], [5, 5]),
        ([(0, 3, 0, 28)], [5, 1]),
        ([(0, 3, 0, 35)], [5, 1]),  # all but that it was the last
    ],
)
def test_of_windows_that_break_off_the_rest_is_asked_for_and_none_given_twice(
    server: FakeServer, client: gridgrad.Client, boxes: list[tuple[int, int, int, int]], asked: list[int]
) -> None:
    def breaking(messages: Messages, context: grpc.ServicerContext) -> Iterator[bytes]:
        yield from itertools.islice(windows(next(messages), [*boxes, (0, 1, 0, 1)]), len(boxes))
        refuse(context, errors.UnavailableError("", "going down", "retry"))

    def row_by_row(messages: Messages, _: grpc.ServicerContext) -> Iterator[bytes]:
        for message in messages:
            yield from windows(message, [(0, 3, 7 * row, 7) for row in range(asked_rows(server)[-1])])

    server.stream = Times(1, breaking, row_by_row)
    checked(list(client.windows("t*k", INPUTS, points=7)), {(1, 7)})
    assert asked_rows(server) == asked


def test_windows_within_a_row_are_asked_for_from_its_beginning(server: FakeServer, client: gridgrad.Client) -> None:
    server.stream = Times(4, breaking_after(3), whole_rows)
    seen = np.zeros(LONG_WHOLE.shape, int)
    for window in client.windows("t*k", LONG, points=WIDTH // 4):
        seen[window.slices] += 1
        assert_array_equal(window.value, LONG_WHOLE[window.slices])
    assert (seen == 1).all()
    assert asked_rows(server) == [60, 53, 46, 39, 32]


async def test_the_other_client_has_windows_too(server: FakeServer) -> None:
    server.stream = shuffled
    async with gridgrad.aio.Client(server.address) as client:
        checked([window async for window in client.windows("t*k", INPUTS, points=7)], {(1, 7)})


def test_windows_that_are_broken_off_leave_no_connection(server: FakeServer) -> None:
    server.stream = shuffled
    for _ in range(3):
        with gridgrad.Client(server.address, sessions=False) as client:
            next(iter(client.windows("t*k", INPUTS, points=7)))
    give_up_at = time.monotonic() + 30
    while left := _connections(server):
        assert time.monotonic() < give_up_at, left
        time.sleep(0.01)


def _connections(server: FakeServer) -> list[str]:
    """Those that are open on this machine to the server's port."""
    _, _, port = server.address.rpartition(":")
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()]
    established = "01"  # proc_net_tcp in Linux's documentation
    return [local for _, local, to, state, *_ in lines if to.endswith(f":{int(port):04X}") and state == established]


WIDTH = 2000
LONG = {"t": np.arange(60.0), "k": np.arange(WIDTH * 1.0)}
LONG_WHOLE = np.add.outer(LONG["t"], LONG["k"])


def in_rows(message: pb.StreamGridGradientsRequest, rows: int, info: pb.Info | None = None) -> Iterator[bytes]:
    """An answer by so many rows at a time, each in two windows; of a server that says something else of itself."""
    length = message.request.inputs[0].array.shape[0] - message.request.first_row
    parts = [(row * WIDTH, min(rows, length - row) * WIDTH) for row in range(0, length, rows)]
    boxes = [(plane, planes, *part) for part in parts for plane, planes in ((1, 2), (0, 1))]
    for raw in windows(message, boxes):
        said = pb.StreamGridGradientsResponse.FromString(raw)
        if info and said.HasField("header"):
            said.header.info.MergeFrom(info)
        yield said.SerializeToString()


def breaking_after(count: int, info: pb.Info | None = None) -> Any:
    def stream(messages: Messages, context: grpc.ServicerContext) -> Iterator[bytes]:
        yield from itertools.islice(in_rows(next(messages), 7, info), count)
        refuse(context, errors.UnavailableError("", "going down", "retry"))

    return stream


def whole_rows(messages: Messages, _: grpc.ServicerContext) -> Iterator[bytes]:
    for message in messages:
        yield from in_rows(message, 13)


def asked_rows(server: FakeServer) -> list[int]:
    return [entry.request.inputs[0].array.shape[0] - entry.request.first_row for entry in server.entries]


@pytest.mark.parametrize(("count", "left"), [(1, 60), (2, 53), (5, 46), (6, 39)])
def test_of_a_grid_that_breaks_off_only_the_rest_is_asked_for(
    server: FakeServer, client: gridgrad.Client, count: int, left: int
) -> None:
    server.stream = Times(1, breaking_after(count), whole_rows)
    out, told = np.full((3, 60, WIDTH), np.nan), list[tuple[int, int | None]]()
    result = client.gradient("t*k", LONG, out=out, progress=lambda *points: told.append(points))
    assert_array_equal(out, [plane * 1000 + LONG_WHOLE for plane in range(3)])
    assert_array_equal(result.inputs["t"], LONG["t"])
    assert asked_rows(server) == [60, left]
    assert told[-1] == (60 * WIDTH, 60 * WIDTH)
    assert left == 60 or told == sorted(told)


def test_each_that_brings_it_further_counts_anew(server: FakeServer) -> None:
    server.stream = Times(6, breaking_after(2), whole_rows)
    with gridgrad.Client(server.address, retries=1, sessions=False) as client:
        assert_array_equal(client.gradient("t*k", LONG).value, LONG_WHOLE)
    assert asked_rows(server) == [60, 53, 46, 39, 32, 25, 18]


def test_one_that_brings_it_no_further_uses_up_the_attempts(server: FakeServer) -> None:
    server.stream = Times(9, breaking_after(1), whole_rows)
    with gridgrad.Client(server.address, retries=1, sessions=False) as client, pytest.raises(errors.UnavailableError):
        client.gradient("t*k", LONG)
    assert asked_rows(server) == [60, 60]


@pytest.mark.parametrize("info", [pb.Info(version="10"), pb.Info(tier="compiled"), pb.Info(device="cuda:1")])
def test_a_rest_of_another_build_is_not_added(
    server: FakeServer, client: gridgrad.Client, caplog: pytest.LogCaptureFixture, info: pb.Info
) -> None:
    server.stream = Times(1, breaking_after(4, info), whole_rows)
    result = client.gradient("t*k", LONG)
    assert_array_equal(result.value, LONG_WHOLE)
    assert asked_rows(server) == [60, 46, 60]
    assert "computed anew as a whole: the rest came from version 9.9.9" in caplog.text


def test_a_rest_that_is_refused_is_asked_for_with_the_whole(
    server: FakeServer, client: gridgrad.Client, caplog: pytest.LogCaptureFixture
) -> None:
    def without_code(messages: Messages, _: grpc.ServicerContext) -> Iterator[bytes]:
        message = next(messages)
        if message.request.tier:
            yield failed_entry(message, errors.NotPreparedError("tier", "no code", "prepare"))
        else:
            yield from in_rows(message, 9)

    server.stream = Times(1, breaking_after(4, pb.Info(tier="compiled")), without_code)
    assert_array_equal(client.gradient("t*k", LONG).d["k"], LONG_WHOLE + 2000)
    assert asked_rows(server) == [60, 46, 60]
    assert "computed anew as a whole: tier: no code" in caplog.text


def not_knowing_rests(refuses: bool) -> Any:
    """A server older than rests: one that refuses what it does not know, or one of 0.1.0, which sends all."""

    def stream(messages: Messages, _: grpc.ServicerContext) -> Iterator[bytes]:
        for message in messages:
            if message.request.first_row and refuses:
                yield failed_entry(message, errors.UnsupportedError("features", "'rests'", "update the server"))
                continue
            whole = pb.StreamGridGradientsRequest.FromString(message.SerializeToString())
            whole.request.first_row = 0
            yield from in_rows(whole, 13)

    return stream


@pytest.mark.parametrize("refuses", [True, False])
def test_of_a_server_that_knows_no_rests_the_whole_is_taken(
    server: FakeServer, client: gridgrad.Client, refuses: bool
) -> None:
    server.stream = Times(1, breaking_after(4), not_knowing_rests(refuses))
    assert_array_equal(client.gradient("t*k", LONG).d["k"], LONG_WHOLE + 2000)
    assert [entry.request.first_row for entry in server.entries] == [0, 14, 0]


@pytest.mark.parametrize("refuses", [True, False])
def test_windows_of_a_server_that_knows_no_rests_are_not_given_twice(
    server: FakeServer, client: gridgrad.Client, refuses: bool
) -> None:
    server.stream = Times(1, breaking_after(5), not_knowing_rests(refuses))
    seen = np.zeros(LONG_WHOLE.shape, int)
    for window in client.windows("t*k", LONG, points=WIDTH):
        seen[window.slices] += 1
        assert_array_equal(window.value, LONG_WHOLE[window.slices])
    assert (seen == 1).all()
    assert [entry.request.first_row for entry in server.entries] == ([0, 14, 0] if refuses else [0, 14])
