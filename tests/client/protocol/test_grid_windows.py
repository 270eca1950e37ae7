"""Grids in windows: cut as asked, filled in any order, given once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from gridgrad_core import errors
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.client.fake import FakeServer, failed_entry, refuse, windows

Messages = Iterator[pb.StreamGridGradientsRequest]
INPUTS = {"t": np.arange(5.0), "k": np.arange(7.0)}
WHOLE = np.add.outer(np.arange(5.0), np.arange(7.0))
# (first_plane, planes, first_point, points), across rows and in no order
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
    ("points", "shapes"),
    [
        (None, {(5, 7)}),
        (35, {(5, 7)}),
        (15, {(2, 7), (1, 7)}),
        (7, {(1, 7)}),
        (3, {(1, 3), (1, 1)}),
        (1, {(1, 1)}),
    ],
)
def test_windows_are_cut_as_asked(
    server: FakeServer, client: gridgrad.Client, points: int | None, shapes: set[tuple[int, ...]]
) -> None:
    server.stream = shuffled
    checked(list(client.windows("t*k", INPUTS, points=points)), shapes)


def test_a_grid_in_one_message_has_windows_too(client: gridgrad.Client) -> None:
    checked(list(client.windows("t*k", INPUTS, points=14)), {(2, 7), (1, 7)})


def test_components_lie_before_the_window(client: gridgrad.Client) -> None:
    found = list(client.windows("u = t; v = k; u, v", INPUTS, points=7))
    assert [window.value.shape for window in found] == [(2, 1, 7)] * 5
    assert found[3].slices == (slice(3, 4), slice(0, 7))
    assert_array_equal(found[3].value[1], WHOLE[3:4] + 1000)


def test_a_single_point_is_a_window_and_an_empty_grid_has_none(client: gridgrad.Client) -> None:
    (only,) = client.windows("a", {"a": 3.0}, derivatives=["a"])
    assert (only.slices, only.value.shape, float(only.value)) == ((), (), 3.0)
    assert list(client.windows("t*k", {"t": [], "k": [1.0]})) == []


def test_an_entry_that_fails_is_an_error(server: FakeServer, client: gridgrad.Client) -> None:
    def failing(messages: Messages, _: grpc.ServicerContext) -> Iterator[bytes]:
        message = next(messages)
        yield from windows(message, [(0, 3, 0, 7)])
        yield failed_entry(message, errors.RequestError("inputs", "the rest", "ask for less"))

    server.stream = failing
    taken = client.windows("t*k", INPUTS, points=7)
    assert next(taken).slices[0] == slice(0, 1)
    with pytest.raises(errors.RequestError, match="the rest"):
        next(taken)


def test_an_answer_that_ends_too_early_is_broken(server: FakeServer, client: gridgrad.Client) -> None:
    server.stream = lambda messages, _: windows(next(messages), [(0, 2, 0, 35)])
    with pytest.raises(errors.InternalError, match="incomplete"):
        list(client.windows("t*k", INPUTS))


@pytest.mark.parametrize("points", [0, -1, 1.5])
def test_a_size_that_can_t_be_is_refused(client: gridgrad.Client, points: Any) -> None:
    with pytest.raises(errors.RequestError, match="points"):
        list(client.windows("t*k", INPUTS, points=points))


def test_progress_grows_to_the_end(server: FakeServer, client: gridgrad.Client) -> None:
    server.unary = lambda _, context: refuse(
        context, errors.UseStreamError("result", "7200000 bytes", "call StreamGridGradients")
    )
    server.stream = shuffled
    told: list[tuple[int, int]] = []
    client.gradient("t*k", INPUTS, progress=lambda *done: told.append(done))
    assert told == [(13, 35), (18, 35), (22, 35), (27, 35), (32, 35), (35, 35)]


def test_what_does_not_fit_into_memory_says_what_to_do(server: FakeServer, client: gridgrad.Client) -> None:
    def vast(messages: Messages, _: grpc.ServicerContext) -> Iterator[bytes]:
        header = pb.ResultHeader(dims=["t"], shape=[1 << 50], components=["f"], dtype=pb.DTYPE_FLOAT64)
        window = pb.Window(planes=1, points=1)
        yield pb.StreamGridGradientsResponse(
            id=next(messages).id, header=header, window=window, data=bytes(8)
        ).SerializeToString()

    server.stream = vast
    with pytest.raises(errors.TooLargeError, match="memmap"):
        client.gradient("t", {"t": gridgrad.linspace(0, 1, 1 << 50)}, order=0)
