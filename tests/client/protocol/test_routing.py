"""Which results come in one message and which as a stream."""

from __future__ import annotations

import numpy as np

from gridgrad.protocol.routing import UNARY_BYTES, Routes
from gridgrad.requests.prepare import PreparedCall, prepare
from gridgrad.requests.request import Request
from tests.client.made_results import result_from

T = np.arange(2.0)
ONE = result_from("t", {"t": T}, {(): T})
PAIR = result_from("u, v", {"t": T}, {(): T}, components=("u", "v"))


def call_of(points: int) -> PreparedCall:
    return prepare(Request("u, v", {"t": np.arange(float(points))}))


def test_small_results_come_in_one_message_and_large_ones_by_a_stream() -> None:
    routes, most = Routes(), UNARY_BYTES // 16  # a value and a derivative of 8 bytes
    assert routes.result_bytes(call_of(10)) == 160
    assert not routes.by_stream(call_of(most))
    assert routes.by_stream(call_of(most + 1))


def test_components_are_counted_once_they_are_known() -> None:
    routes, call = Routes(), call_of(UNARY_BYTES // 16)
    assert not routes.by_stream(call)
    routes.learn(call, ONE)
    assert not routes.by_stream(call)
    routes.learn(call, PAIR)
    assert routes.result_bytes(call) == 2 * UNARY_BYTES
    assert routes.by_stream(call)


def test_a_limit_of_the_server_is_kept_to_and_never_raised() -> None:
    routes = Routes()
    routes.learn_limit(ONE)  # of 16 bytes
    assert not routes.by_stream(call_of(0))
    assert routes.by_stream(call_of(1))
    routes.learn_limit(result_from("t", {"t": np.zeros(100)}, {(): np.zeros(100)}))
    assert routes.by_stream(call_of(1))
