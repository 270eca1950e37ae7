"""`Client.map`, and how small requests travel together."""

from __future__ import annotations

import itertools
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
from tests.client.fake import FakeServer, Times, entry, failed_entry, refuse, together

Messages = Iterator[pb.StreamGridGradientsRequest]
BUSY = errors.BusyError("", "the queue is full", "retry")


def many(count: int, length: int = 2) -> list[dict[str, Any]]:
    return [{"t": [float(n)], "k": np.arange(float(length))} for n in range(count)]


def in_packs(messages: Messages, _: grpc.ServicerContext) -> Iterator[bytes]:
    """Answers four entries at a time in one message."""
    while held := list(itertools.islice(messages, 4)):
        yield together(held)


def backwards(messages: Messages, _: grpc.ServicerContext) -> Iterator[bytes]:
    while held := list(itertools.islice(messages, 4)):
        yield from map(entry, reversed(held))


@pytest.mark.parametrize("length", [0, 1, 2, 5, 8])
def test_results_come_in_order_with_what_was_asked(server: FakeServer, client: gridgrad.Client, length: int) -> None:
    server.stream = in_packs
    results = list(client.map("t*k", many(40, length)))
    assert len(results) == 40
    for n, result in enumerate(results):
        assert_array_equal(result.value, [np.arange(length) + n])
        assert_array_equal(result.d["k"], [np.arange(length) + n + 2000])
        assert_array_equal(result.inputs["t"], [n])
        assert not result.value.flags.writeable
        assert result.value.__array_interface__["data"][0] % 16 == 0 or not length
        assert result.info.engine == "functional"
        assert result.request.inputs["t"] == [n]


def test_results_that_come_in_another_order_are_put_in_order(server: FakeServer, client: gridgrad.Client) -> None:
    server.stream = backwards
    assert [result.value[0, 0] for result in client.map("t*k", many(40))] == list(range(40))


def test_requests_that_differ_in_numbers_alone_travel_together(server: FakeServer, client: gridgrad.Client) -> None:
    list(client.map("t*k", many(400)))
    assert sum(server.packs) == 400
    assert max(server.packs) > 8


def test_what_is_large_travels_alone(server: FakeServer, client: gridgrad.Client) -> None:
    list(client.map("t*k", many(6, 40_000)))
    assert server.packs == [1] * 6


def test_shapes_are_packed_apart(server: FakeServer, client: gridgrad.Client) -> None:
    ragged = [{"t": [float(n)], "k": np.zeros(1 + n % 3)} for n in range(60)]
    results = list(client.map("t*k", ragged))
    assert [result.value.shape for result in results] == [(1, 1 + n % 3) for n in range(60)]
    assert max(server.packs) > 1


def test_linspaces_of_a_pack_may_be_the_same_or_differ(server: FakeServer, client: gridgrad.Client) -> None:
    inputs = [{"t": gridgrad.linspace(0, 1, 3), "k": gridgrad.linspace(0, n, 2), "a": float(n)} for n in range(30)]
    for n, result in enumerate(client.map("t*k + a", inputs)):
        assert_array_equal(result.value, n + np.add.outer(np.linspace(0, 1, 3), np.linspace(0, n, 2)))
    assert max(server.packs) > 1


def test_it_asks_what_gradient_would_ask(server: FakeServer, client: gridgrad.Client) -> None:
    list(client.map("t*k", many(20), derivatives=iter(["t", ("t", "k")]), dtype="float32"))
    wanted = [list(derivative.wrt) for derivative in server.entries[-1].request.derivatives]
    assert wanted == [["t"], ["t", "k"]]
    assert server.entries[-1].request.dtype == pb.DTYPE_FLOAT32


def test_what_the_caller_changes_later_changes_nothing(client: gridgrad.Client) -> None:
    own = np.zeros(2)

    def source() -> Iterator[dict[str, Any]]:
        for n in range(20):
            own[:] = n
            yield {"k": own}

    assert [result.value[0] for result in client.map("k", source())] == list(range(20))


@pytest.mark.parametrize("in_flight", [1, 3, 50])
def test_inputs_are_read_in_step(client: gridgrad.Client, in_flight: int) -> None:
    read: list[int] = []

    def source() -> Iterator[dict[str, Any]]:
        for n, inputs in enumerate(many(200)):
            read.append(n)
            yield inputs

    for taken, _ in enumerate(client.map("t*k", source(), in_flight=in_flight), 1):
        assert len(read) <= taken + in_flight


def test_an_error_takes_the_place_of_its_result(server: FakeServer, client: gridgrad.Client) -> None:
    bad = errors.RequestError("inputs", "a 3", "no 3")

    def picky(messages: Messages, _: grpc.ServicerContext) -> Iterator[bytes]:
        for message in messages:
            yield failed_entry(message, bad) if planes_first(message) == 3 else entry(message)

    server.stream = picky
    asked = [*many(5), {"t": "nothing"}, *many(2)]
    outcomes: list[Any] = list(client.map("t*k", asked, errors="return"))
    assert [isinstance(outcome, errors.RequestError) for outcome in outcomes] == [n in (3, 5) for n in range(8)]
    assert outcomes[3].request.inputs is asked[3]
    stream = client.map("t*k", asked)
    assert [next(stream).value[0, 0] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(errors.RequestError, match="no 3"):
        next(stream)


def planes_first(message: pb.StreamGridGradientsRequest) -> float:
    return float(np.frombuffer(message.request.inputs[0].array.data)[0])


def test_a_pack_that_fails_as_a_whole_is_sent_again_when_the_server_was_busy(
    server: FakeServer, client: gridgrad.Client
) -> None:
    def busy(messages: Messages, _: grpc.ServicerContext) -> Iterator[bytes]:
        held = list(itertools.islice(messages, 4))
        status = pb.StreamGridGradientsResponse.FromString(failed_entry(held[0], BUSY)).status
        yield pb.StreamGridGradientsResponse(id=held[0].id, entries=4, status=status, last=True).SerializeToString()
        yield from map(entry, messages)

    server.stream = busy
    assert [result.value[0, 0] for result in client.map("t*k", many(20))] == list(range(20))
    assert len(server.entries) == 24


def test_a_stream_that_breaks_is_taken_up_again(server: FakeServer, client: gridgrad.Client) -> None:
    def breaking(messages: Messages, context: grpc.ServicerContext) -> Iterator[bytes]:
        yield together(list(itertools.islice(messages, 4)))
        refuse(context, errors.UnavailableError("", "going down", "retry"))

    server.stream = Times(2, breaking, in_packs)
    assert [result.value[0, 0] for result in client.map("t*k", many(40))] == list(range(40))


def test_a_buffer_that_does_not_fit_is_an_error_of_all(server: FakeServer, client: gridgrad.Client) -> None:
    def short(messages: Messages, _: grpc.ServicerContext) -> Iterator[bytes]:
        held = list(itertools.islice(messages, 4))
        raw = pb.StreamGridGradientsResponse.FromString(together(held))
        raw.data = raw.data[:-8]
        yield raw.SerializeToString()

    server.stream = short
    outcomes = list(client.map("t*k", many(4), errors="return"))
    assert all(isinstance(outcome, errors.InternalError) for outcome in outcomes)


async def test_the_other_client_maps_too(server: FakeServer) -> None:
    server.stream = in_packs

    async def source() -> Any:
        for inputs in many(20):
            yield inputs

    async with gridgrad.aio.Client(server.address) as client:
        for inputs in (many(20), source()):
            results = [result async for result in client.map("t*k", inputs, in_flight=8)]
            assert [result.value[0, 0] for result in results] == list(range(20))
    assert max(server.packs) > 1
