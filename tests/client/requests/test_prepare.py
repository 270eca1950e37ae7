"""Requests ready to be sent: one template for all that differ in numbers alone, alone or on a stream."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad.requests.function_spec import plan_message
from gridgrad.requests.prepare import PreparedCall, features_of, prepare, stream_message
from gridgrad.requests.request import Request
from gridgrad_core.v1 import gridgrad_pb2 as pb

INPUTS = {"t": [1.0, 2.0], "k": [3.0], "c": 4.0}


def call_of(**asked: Any) -> PreparedCall:
    return prepare(Request("t*k*c", INPUTS, **asked))


def test_requests_that_differ_in_numbers_alone_differ_only_there() -> None:
    first = pb.GridGradientRequest.FromString(prepare(Request("t", {"t": [1.0]})).message)
    second = pb.GridGradientRequest.FromString(prepare(Request("t", {"t": [2.0, 3.0]})).message)
    scalar = pb.GridGradientRequest.FromString(prepare(Request("t", {"t": 2.0})).message)
    assert first.function == second.function
    assert first.derivatives == second.derivatives != scalar.derivatives


def test_dims_that_disagree_are_found_before_the_call() -> None:
    with pytest.raises(gridgrad.RequestError, match="length 3 in 'b' and 2 in 'a'"):
        prepare(Request("a*b", {"a": ("i", [1, 2]), "b": ("i", [1, 2, 3])}))


def test_an_entry_of_a_stream_wraps_the_request() -> None:
    call = call_of()
    entry = pb.StreamGridGradientsRequest.FromString(stream_message(300, [call]))
    assert entry.id == 300
    assert entry.request == pb.GridGradientRequest.FromString(call.message)


def test_a_grid_that_nobody_could_compute_is_refused_before_it_is_sent() -> None:
    x = np.zeros(1_000_000)
    with pytest.raises(
        gridgrad.TooLargeError, match="1,000,000 x 1,000,000 x 1,000,000 points; where x, y and z go in step"
    ):
        prepare(Request("x*y*z", {"x": x, "y": x, "z": x}))
    assert prepare(Request("x*y*z", dict.fromkeys("xyz", ("point", x)))).template.grid.points == 1_000_000


def test_a_plan_asks_for_features_as_requests_do() -> None:
    table = gridgrad.table([1.0, 2.0], x=[0.0, 1.0], method="linear")
    array = pb.Plan(inputs=[pb.PlanInput(name="n", table=pb.Table(method="array"))])
    assert features_of(plan_message("V(t)", {"t": [1.0], "V": table}, None, None, None, None)) == ("tables",)
    assert features_of(array) == ("arrays",)
    assert features_of(plan_message("t", {"t": [1.0]}, None, None, None, None)) == ()
