from __future__ import annotations

import numpy as np
import pytest

import gridgrad
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


def test_tables_share_knots() -> None:
    arrays = SentArrays()
    arrays.learn(call_of(gridgrad.table(X, x=X[::-1])))
    other = sent(arrays.named(call_of(gridgrad.table(X**3, x=X))))
    assert other.values.data
    assert not other.knots[0].data


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
