"""What bad input gets: the field, what was found, what to write instead; and nobody else notices."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
from grpc import StatusCode

import gridgrad
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.service.bad_requests import ALL, EITHER_WAY, Bad
from tests.service.calls import Calls, Refusal, axis, grids, refusal_of, request
from tests.service.harness import DEADLY, HOLD, Running

GOOD = request("t*k + 2*t*k**2", [axis("t", [1.0, 2.0, 4.0]), axis("k", [2.0, 3.0])], ["t"], ["k"])
GOOD_PLANES = [
    [[10, 21], [20, 42], [40, 84]],
    [[10, 21], [10, 21], [10, 21]],
    [[9, 13], [18, 26], [36, 52]],
]


def assert_refused(case: Bad, refusal: Refusal) -> None:
    detail = refusal.detail
    assert refusal.code is case.code, refusal
    # A name that is no input may be called a fault of the expression or of the inputs.
    assert refusal.reason == case.reason or "no input" in case.name, refusal
    assert re.search(case.field, detail.field), detail
    assert re.search(case.found, detail.found), detail
    assert re.search(case.remedy, detail.remedy), detail
    assert len(detail.found) + len(detail.remedy) < 2000, "the bomb came back"
    assert detail.found in refusal.message
    assert detail.remedy in refusal.message


def assert_good(response: pb.GridGradientResponse) -> None:
    assert grids(response).tolist() == GOOD_PLANES


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_the_unary_call_says_what_is_wrong(case: Bad, calls: Calls) -> None:
    assert_refused(case, calls.refusal(case.asked))
    assert_good(calls.ask(GOOD))


def test_an_entry_of_a_stream_fails_alone(calls: Calls) -> None:
    entries = [(2 * i, case.asked) for i, case in enumerate(EITHER_WAY)]
    entries += [(2 * i + 1, GOOD) for i in range(len(EITHER_WAY))]
    answers = list(calls.stream(sorted(entries, key=lambda entry: entry[0])))
    assert sorted(answer.id for answer in answers) == list(range(2 * len(EITHER_WAY)))
    for answer in answers:
        assert answer.last
        if answer.id % 2:
            assert_good(pb.GridGradientResponse(header=answer.header, data=answer.data))
        else:
            assert_refused(EITHER_WAY[answer.id // 2], status_of(answer))


def status_of(answer: pb.StreamGridGradientsResponse) -> Refusal:
    code = next(code for code in StatusCode if code.value[0] == answer.status.code)
    return Refusal(code, answer.status.message, answer.status.detail)


@pytest.mark.parametrize(
    "raw",
    [GOOD.SerializeToString()[:-3], b"\xff" * 40, b"GET / HTTP/1.1\r\n\r\n", b"\x0a\x02\x0a\xff"],
    ids=["truncated", "foreign", "HTTP", "no UTF-8"],
)
def test_bytes_that_are_no_request(raw: bytes, calls: Calls) -> None:
    refusal = calls.refusal(raw)
    assert refusal.code is StatusCode.INVALID_ARGUMENT
    assert refusal.reason == "REQUEST"
    assert refusal.detail.found
    assert refusal.detail.remedy
    assert_good(calls.ask(GOOD))


def test_a_stream_of_bytes_that_are_no_entry_ends(calls: Calls) -> None:
    stream = calls.open_stream(iter([b"\xff" * 40]))
    with pytest.raises(grpc.RpcError) as caught:
        list(stream)
    assert caught.value.code() is StatusCode.INVALID_ARGUMENT
    assert_good(calls.ask(GOOD))


def test_an_empty_request(calls: Calls) -> None:
    assert calls.refusal(b"").code is StatusCode.INVALID_ARGUMENT


def test_one_id_twice_in_flight_ends_the_stream(server: Running, calls: Calls) -> None:
    held = request(pb.Function(registered="gate"), [axis("x", [HOLD + 1])])
    with server.control.held(), pytest.raises(grpc.RpcError) as caught:
        list(calls.stream([(7, held), (7, GOOD)]))
    assert caught.value.code() is StatusCode.INVALID_ARGUMENT
    assert re.search("7.*once", caught.value.details() or "")
    assert_good(calls.ask(GOOD))


@pytest.mark.parametrize(
    ("name", "good", "found"),
    [
        ("fails", np.sin, "ArithmeticError.*the furnace is out"),
        ("misshapen", np.cos, "shape"),
    ],
)
def test_what_shares_the_batch_of_a_failing_entry_is_untouched(
    name: str, good: Callable[[Any], Any], found: str, server: Running, calls: Calls
) -> None:
    function = pb.Function(registered=name)
    with server.control.held():
        gate = calls.start(request(pb.Function(registered="gate"), [axis("x", [HOLD + 1])]))
        server.control.await_held()
        fine = [calls.start(request(function, [axis("x", [0.1 * i, 2.0])], ["x"])) for i in range(6)]
        bad_one = calls.start(request(function, [axis("x", [0.1, DEADLY - 1])], ["x"]))
        fine += [calls.start(request(function, [axis("x", [0.1 * i, 2.0])], ["x"])) for i in range(6, 12)]
        server.control.release()
        gate.result()
    refusal = refusal_of(bad_one)
    assert refusal.code is StatusCode.INVALID_ARGUMENT
    assert refusal.detail.field == "function.registered"
    assert re.search(found, refusal.detail.found)
    for i, call in enumerate(fine):
        value = grids(pb.GridGradientResponse.FromString(call.result()))[0]
        np.testing.assert_allclose(value, good(np.array([0.1 * i, 2.0])), rtol=1e-15)


def test_the_sdk_raises_the_same(client: gridgrad.Client) -> None:
    with pytest.raises(gridgrad.ExpressionError, match=r"column 3.*\*\*"):
        client.gradient("t ^ k", {"t": [1.0], "k": [2.0]})
    with pytest.raises(gridgrad.UnknownFunctionError, match="gtae"):
        client.gradient(gridgrad.registered("gtae"), {"x": 1.0})
    with pytest.raises(gridgrad.TooLargeError, match=r"1,?000,?000,?000"):
        client.gradient("t", {"t": gridgrad.linspace(0, 1, 10**9)}, order=2)
    with pytest.raises(gridgrad.RequestError, match=r"'s'.*'t'|'t'.*'s'"):
        client.gradient("t*s", {"t": [1.0, 2.0], "s": ("t", [1.0, 2.0, 3.0])})


def test_the_server_is_the_same_process_still(server: Running) -> None:
    assert server.process.poll() is None
    assert len(server.workers()) == 1
