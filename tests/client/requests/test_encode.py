"""Inputs as bytes of a request."""

from __future__ import annotations

import numpy as np

from gridgrad.requests.prepare import prepare
from gridgrad.requests.request import Request
from gridgrad_core.v1 import gridgrad_pb2 as pb


def test_float64_is_narrowed_before_it_is_sent() -> None:
    call = prepare(Request("t", {"t": [1.0, 1e300], "c": 0.1}, dtype="float32"))
    sent = pb.GridGradientRequest.FromString(call.message)
    assert [i.array.dtype for i in sent.inputs] == [pb.DTYPE_FLOAT32] * 2
    assert sent.inputs[0].array.data == np.array([1, np.inf], "<f4").tobytes()


def test_float32_is_not_widened_before_it_is_sent() -> None:
    call = prepare(Request("t*k", {"t": np.ones(2, np.float32), "k": [1.0]}))
    sent = pb.GridGradientRequest.FromString(call.message)
    assert sent.dtype == pb.DTYPE_FLOAT64
    assert [i.array.dtype for i in sent.inputs] == [pb.DTYPE_FLOAT32, pb.DTYPE_FLOAT64]


def test_what_is_sent_is_not_what_the_caller_changes_later() -> None:
    values = np.array([1.0, 2.0])
    call = prepare(Request("t", {"t": values}))
    values[:] = -1
    sent = call.inputs[0].values
    assert isinstance(sent, np.ndarray)
    assert sent.tolist() == [1, 2]
