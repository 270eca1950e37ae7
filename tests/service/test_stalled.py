"""Callers that stop: who reads nothing, sends nothing or half of it keeps nobody out, and is ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.service.calls import OPTIONS, Calls, axis, grids, request
from tests.service.gates import square
from tests.service.harness import Running, eventually, running
from tests.service.http2 import Http2Caller, http2_caller

STALL_S = 2.0
PLACES = 64
SMALL = square(3.0).SerializeToString()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that is soon out of patience."""
    flags = ["--queue-entries", str(PLACES), "--stall-timeout", str(STALL_S), "--request-cost", str(1 << 28)]
    with running(tmp_path_factory.mktemp("stalled"), *flags) as started:
        yield started


def held(calls: Calls) -> int:
    """How many places are taken."""
    ask: Any = calls.channel.unary_unary(methods.SERVER_STATUS.path)
    return pb.GetServerStatusResponse.FromString(ask(b"")).load.entries


def stream_message(number: int) -> bytes:
    asked = request("sin(x)*y", [axis("x", range(300)), axis("y", range(100))], ["x"])
    return pb.StreamGridGradientsRequest(id=number, request=asked).SerializeToString()


def await_ended(caller: Http2Caller, numbers: set[int]) -> None:
    def ended() -> bool:
        caller.pump(0.1)
        return numbers <= caller.ended

    eventually(ended, f"the end of {len(numbers)} calls")


def test_answers_that_are_not_taken_keep_nobody_out_and_are_given_up(server: Running, calls: Calls) -> None:
    calls.flush()  # grpc.aio keeps the first call of a server, and the last one, as long as it runs
    with http2_caller(server.address, takes=False) as unread:
        numbers = {unread.call(methods.GRID_GRADIENT.path, SMALL) for _ in range(3 * PLACES)}
        eventually(lambda: held(calls) == PLACES // 2, "half of the places in the hands of who reads nothing")
        for x in range(50):
            assert grids(calls.ask(square(float(x))))[0, 0] == x * x
        eventually(lambda: held(calls) == 0, "the places back")
        await_ended(unread, numbers)  # gRPC holds nothing for them any more either


def test_a_connection_of_which_nothing_is_taken_gives_its_places_back(server: Running, calls: Calls) -> None:
    large = request("x*y", [axis("x", range(300)), axis("y", range(300))], ["x"]).SerializeToString()
    with http2_caller(server.address) as unread:
        for _ in range(PLACES):
            unread.call(methods.GRID_GRADIENT.path, large)
        eventually(lambda: held(calls) > 0, "places in the hands of who reads nothing")
        assert grids(calls.ask(square(3.0)))[0, 0] == 9
        eventually(lambda: held(calls) == 0, "the places back")


def test_streams_that_are_not_read_keep_no_other_out_and_are_ended(server: Running, calls: Calls) -> None:
    with http2_caller(server.address, takes=False) as unread:
        numbers = [unread.begin(methods.STREAM_GRID_GRADIENTS.path) for _ in range(4)]
        for entry in range(PLACES):
            for number in numbers:
                unread.send(number, stream_message(entry), end=False)
        eventually(lambda: held(calls) == PLACES // 2, "half of the places in the hands of who reads nothing")
        with grpc.insecure_channel(server.address, OPTIONS) as channel:
            begun_at = time.monotonic()
            (answer,) = Calls(channel).stream([(1, square(4.0))])
            assert grids(answer)[0, 0] == 16
            assert time.monotonic() < begun_at + STALL_S
        eventually(lambda: held(calls) == 0, "the places back")
        await_ended(unread, set(numbers))


def test_messages_that_stop_half_way_are_bounded(server: Running, calls: Calls) -> None:
    with http2_caller(server.address) as stopping:
        numbers = [stopping.begin(methods.GRID_GRADIENT.path) for _ in range(24)]
        for number in numbers:
            stopping.send(number, bytes(1 << 16), of=60 << 20, end=False)

        def refused() -> bool:
            stopping.pump(0.1)
            return len(stopping.ended) >= 16

        eventually(refused, "all but those that queue-bytes have room for refused")
        assert grids(calls.ask(square(3.0)))[0, 0] == 9
        assert len(stopping.ended) == 16


def test_a_connection_without_calls_is_closed(server: Running) -> None:
    with http2_caller(server.address) as silent:

        def closed() -> bool:
            silent.pump(0.1)
            return silent.is_closed

        eventually(closed, "the end of a connection without a call")


def test_of_two_thousand_calls_at_once_none_is_lost(server: Running) -> None:
    """gRPC itself cancels calls of which more than a thousand wait to be accepted, whoever sent them."""
    options = [*OPTIONS, ("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.insecure_channel(server.address, options) for _ in range(8)]
    callers = list(map(Calls, channels))
    for caller in callers:
        caller.flush()
    started = [callers[n % 8].start(SMALL) for n in range(2000)]
    codes = {call.exception().code() if call.exception() else grpc.StatusCode.OK for call in started}
    assert codes <= {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}
    for channel in channels:
        channel.close()
