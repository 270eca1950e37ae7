from __future__ import annotations

from hashlib import sha256
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import gridgrad
from gridgrad.binding.bound_request import BoundRequest
from gridgrad.requests.function_spec import plan_message
from gridgrad.requests.prepare import PreparedCall, prepare, stream_message
from gridgrad.requests.request import Request
from gridgrad.requests.sent_arrays import SentArrays
from gridgrad_core.errors import ForgottenArrayError, GridgradError, RequestError
from gridgrad_core.v1 import gridgrad_pb2 as pb

X = np.linspace(0, 1, 600)


def call_of(table: gridgrad.LookupTable) -> PreparedCall:
    return prepare(Request("V(x)", {"x": [0.5], "V": table}))


def sent(call: PreparedCall) -> pb.Table:
    return pb.GridGradientRequest.FromString(call.message).inputs[0].table


def test_what_is_kept_goes_by_its_digest_and_comes_back_when_it_is_forgotten() -> None:
    arrays, call = SentArrays(), call_of(gridgrad.table(X**2, x=X))
    assert arrays.named(call) is call, "nobody has said that he keeps it"
    first = sent(call)
    arrays.learn(call)
    named = arrays.named(call)
    second = sent(named)
    assert (second.values.sha256, second.knots[0].sha256) == (first.values.sha256, first.knots[0].sha256)
    assert (second.values.data, second.knots[0].data) == (b"", b"")
    assert second.values.shape == first.values.shape
    assert len(named.message) < 500
    whole = arrays.whole(named)
    assert whole.message == call.message
    assert arrays.named(call) is call
    packed = pb.StreamGridGradientsRequest.FromString(stream_message(1, [named, named]))
    assert packed.request.inputs[0].table == second


def test_small_tables_always_go_whole() -> None:
    arrays, call = SentArrays(), call_of(gridgrad.table([0.0, 1.0], x=[0.0, 1.0]))
    arrays.learn(call)
    assert arrays.named(call) is call
    assert not sent(call).values.sha256


def test_plans_go_likewise() -> None:
    arrays, inputs = SentArrays(), {"x": [0.5], "V": gridgrad.table(X**2, x=X)}
    plan = plan_message("V(x)", inputs, None, None, None, None)
    first = arrays.named_plan(plan)
    assert first == arrays.whole_plan(plan) != plan
    arrays.learn_plan(first)
    second = arrays.named_plan(plan)
    assert second.ByteSize() < 500
    assert arrays.are_missing(second, ForgottenArrayError("", "", ""))
    assert not arrays.are_missing(first, ForgottenArrayError("", "", ""))
    assert not sent(arrays.named(prepare(Request("V(x)", inputs)))).values.data, (
        "requests profit from what plans brought"
    )


def test_tables_share_knots() -> None:
    arrays = SentArrays()
    arrays.learn(call_of(gridgrad.table(X, x=X[::-1])))
    other = sent(arrays.named(call_of(gridgrad.table(X**3, x=X))))
    assert other.values.data
    assert not other.knots[0].data


def of_array(values: NDArray[Any], arrays: SentArrays) -> pb.Array:
    """The array that goes for an input, and whose answer is taken in."""
    call = arrays.named(prepare(Request("x*c", {"x": values, "c": 2.0})))
    alone = pb.StreamGridGradientsRequest.FromString(stream_message(1, [call]))
    assert alone.request == pb.GridGradientRequest.FromString(call.message)
    arrays.learn(call)
    return alone.request.inputs[0].array


def test_a_large_input_that_comes_again_is_kept_and_then_named() -> None:
    arrays, x = SentArrays(), np.random.default_rng(1).normal(size=20_000)
    first, second, third = [of_array(x.copy(), arrays) for _ in range(3)]
    assert (first.data, first.sha256) == (x.tobytes(), b"")
    assert (second.data, second.sha256) == (x.tobytes(), sha256(x.tobytes()).digest())
    assert (third.data, third.sha256, [*third.shape]) == (b"", second.sha256, [20_000])
    x[10_000] += 1
    assert of_array(x, arrays).data == x.tobytes()
    small = X[:100]
    assert not any(of_array(small, arrays).sha256 for _ in range(3))


def test_no_time_goes_for_what_is_another_each_time() -> None:
    arrays, x = SentArrays(), np.zeros(20_000)
    digests = []
    for n in range(8):
        x[100] = n
        digests.append(of_array(x, arrays).sha256)
    assert [bool(each) for each in digests] == [False, True, True, True, True, False, False, False]


def test_of_what_size_an_input_is_worth_it_is_for_the_caller_to_say() -> None:
    arrays, small = SentArrays(), prepare(Request("x*c", {"x": X, "c": 2.0}))
    assert [bool(arrays.named(small, 1 << 12).input_digests) for _ in range(2)] == [False, True]
    assert not arrays.named(small).input_digests


def test_packs_and_bound_calls_bring_numbers() -> None:
    arrays, x = SentArrays(), np.ones(20_000)
    calls = []
    for _ in range(3):
        calls.append(arrays.named(prepare(Request("x*c", {"x": x, "c": 2.0}))))
        arrays.learn(calls[-1])
    packed = pb.StreamGridGradientsRequest.FromString(stream_message(1, calls[1:]))
    assert packed.request.inputs[0].array.data == 2 * x.tobytes()
    bound = BoundRequest(Request("x*c", {"x": x, "c": 2.0}), "c")
    assert not arrays.named(bound.call({"c": 3.0})).input_digests, "what is fixed stays at the server anyway"


@pytest.mark.parametrize(
    ("error", "is_missing"),
    [
        (ForgottenArrayError("inputs[0].table.values", "", ""), True),
        (RequestError("inputs[0].table.values.data", "0 bytes for shape [600]", ""), True),
        (RequestError("inputs", "", ""), False),
    ],
)
def test_which_failures_call_for_the_numbers(error: GridgradError, is_missing: bool) -> None:
    arrays, call = SentArrays(), call_of(gridgrad.table(X, x=X))
    assert not arrays.are_missing(call, error)
    arrays.learn(call)
    assert arrays.are_missing(arrays.named(call), error) is is_missing
