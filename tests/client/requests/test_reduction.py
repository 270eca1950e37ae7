"""`reduce` and `weights`, as callers spell them and as they are sent."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gridgrad
from gridgrad.requests.prepare import PreparedCall, prepare
from gridgrad.requests.reduction import GivenPullback, GivenResiduals, named_dims, trapezoid_weights
from gridgrad.requests.request import Request
from gridgrad_core.v1 import gridgrad_pb2 as pb

INPUTS = {"t": [1.0, 2.0, 4.0], "k": [3.0, 5.0], "c": 4.0}


def call_of(reduce: Any, weights: Any = None, inputs: Any = INPUTS, **asked: Any) -> PreparedCall:
    return prepare(Request("t*k*c", inputs, reduce=reduce, weights=weights, **asked))


def sent(*spelled: Any, **asked: Any) -> pb.GridGradientRequest:
    return pb.GridGradientRequest.FromString(call_of(*spelled, **asked).message)


@pytest.mark.parametrize(
    ("spelled", "kind", "dims"),
    [
        ({"k": "sum"}, "sum", ["k"]),
        ({"k": "max", "t": "max"}, "max", ["t", "k"]),
        ("norm", "norm", ["t", "k"]),
    ],
)
def test_the_function_stands_in_what_is_made_of_it(spelled: Any, kind: str, dims: list[str]) -> None:
    message = sent(spelled)
    assert not message.HasField("function")
    assert message.reduction == pb.Reduction(function=pb.Function(expression="t*k*c"), kind=kind, dims=dims)


def test_templates_are_of_the_dims_that_stay() -> None:
    call = call_of({"k": "argmin"}, order=1)
    assert call.template.grid == (("t",), (3,))
    assert (call.template.component_bytes, call.template.result_dtype) == (3 * 3 * 8, np.dtype("<i8"))
    assert call_of({"k": "argmin"}, order=1).template is call.template
    assert call_of({"k": "argmax"}, order=1).template is not call.template
    assert call_of("sum", dtype="float32").template.component_bytes == 3 * 4


def test_weights_travel_as_an_expression_of_inputs() -> None:
    message = sent("sum", {"t": "exp(-t)", "k": [1.0, 2.0]})
    assert message.reduction.weights == "(exp(-t)) * (weights)"
    (added,) = message.inputs[3:]
    assert (added.name, [*added.dims], added.array.dtype) == ("weights", ["k"], pb.DTYPE_FLOAT64)
    assert [[*each.wrt] for each in message.derivatives] == [["t"], ["k"]]
    assert sent({"k": "sum"}, np.array([1.0, 2.0])).reduction.weights == "weights"
    several = sent("mean", (("k", "t"), np.ones((2, 3))), {**INPUTS, "t": gridgrad.linspace(0, 1, 3)})
    assert [*several.inputs[3].dims] == ["k", "t"]


def test_an_input_that_only_weights_use_is_not_derived_by() -> None:
    given = {**INPUTS, "w": ("k", [1.0, 2.0])}
    assert [[*each.wrt] for each in sent({"k": "sum"}, "w", given).derivatives] == [["t"], ["k"]]


def test_weights_of_float32_requests_keep_their_digits() -> None:
    inputs = {"t": np.ones(3, np.float32), "k": np.ones(2, np.float32), "c": 4.0}
    message = sent({"k": "sum"}, [0.1, 0.2], inputs)
    assert message.dtype == pb.DTYPE_FLOAT32
    assert np.frombuffer(message.inputs[3].array.data).tolist() == [0.1, 0.2]


def test_the_trapezoidal_rule_has_the_axis_s_own_spacing() -> None:
    message = sent("sum", "trapezoid", {**INPUTS, "t": gridgrad.linspace(0, 3, 4)})
    assert message.reduction.weights == "weights * weights_1"
    for position, axis in ((3, np.linspace(0, 3, 4)), (4, np.array([3.0, 5.0]))):
        weights = np.frombuffer(message.inputs[position].array.data)
        panels = np.diff(axis) * (axis[1:] ** 2 + axis[:-1] ** 2) / 2
        assert_allclose(weights @ axis**2, panels.sum(), rtol=1e-15)
    assert trapezoid_weights(np.array([0.0, 1.0, 3.0, 3.5])).tolist() == [0.5, 1.5, 1.25, 0.25]
    assert trapezoid_weights(np.array([7.0])).tolist() == [0.0]


@pytest.mark.parametrize(
    ("reduce", "weights", "told"),
    [
        ({"y": "sum"}, None, "the dim 'y', which the grid has not"),
        ({"k": "median"}, None, "quantiles and histograms need the whole grid"),
        ({"k": "sum", "t": "max"}, None, "'sum' and 'max' at once.*by the other with numpy"),
        ({}, None, 'write reduce={"k": "sum"}'),
        (["k"], None, 'write reduce={"k": "sum"}'),
        ({"k": "max"}, "k", "give them with one of sum, mean, norm"),
        ({"k": "sum"}, {"t": [1.0]}, "weights along 't', which is no dim that goes"),
        ({"k": "sum"}, [1.0, 2.0, 3.0], "length 3 in 'weights'"),
        ({"k": "sum"}, [None, None], "object values; give plain numbers"),
        ("sum", np.ones((3, 2)), "without the names of its dims"),
        (None, "k", "weights without reduce"),
    ],
)
def test_what_can_not_be_meant_is_refused_with_what_to_write(reduce: Any, weights: Any, told: str) -> None:
    with pytest.raises(gridgrad.RequestError, match=told):
        call_of(reduce, weights)


def test_there_must_be_something_to_reduce_along() -> None:
    with pytest.raises(gridgrad.RequestError, match="a single point"):
        prepare(Request("c", {"c": 1.0}, reduce="sum"))
    inputs = {"a": ("k", [1.0, 2.0])}
    with pytest.raises(gridgrad.RequestError, match="give an axis 'k', or the weights as an array"):
        prepare(Request("a", inputs, reduce="sum", weights="trapezoid"))


@pytest.mark.parametrize(
    ("given", "field", "told"),
    [
        (GivenResiduals("y"), "inputs['data']", "a str of <U1 values; give real numbers"),
        (GivenResiduals(None), "inputs['data']", "a NoneType of object values; give plain numbers"),
        (GivenResiduals(1.0, ("y",)), "over", "the dim 'y', which the grid has not"),
        (GivenResiduals(1.0, loss_scale="1"), "loss_scale", "'1'; give a finite number"),  # type: ignore[arg-type]
        (GivenResiduals(1.0, skip_nan="no"), "skip_nan", "'no'; say True or False"),  # type: ignore[arg-type]
    ],
)
def test_residuals_of_no_numbers_are_refused(given: GivenResiduals, field: str, told: str) -> None:
    with pytest.raises(gridgrad.RequestError, match=told) as raised:
        prepare(Request("t*k*c", INPUTS, "c", 1, reduce=given))
    assert raised.value.field == field


@pytest.mark.parametrize(
    ("cotangent", "wrt", "field", "told"),
    [
        ("2*u", "c", "cotangent", "'u', which is no input; add one, or use t, k, c"),
        ("2*(t", "c", "cotangent", "line 1, column 3"),
        (("t", "u"), "c", "cotangent", "'u', which is no input"),
        (np.ones((3, 2)), None, "wrt", "name the inputs that the gradient is by"),
    ],
)
def test_cotangents_are_refused_as_such(cotangent: Any, wrt: str | None, field: str, told: str) -> None:
    with pytest.raises(gridgrad.RequestError, match=re.escape(told)) as raised:
        prepare(Request("t*k*c", INPUTS, wrt, 1, reduce=GivenPullback(cotangent)))
    assert raised.value.field == field


def test_dims_to_sum_over_are_a_name_or_a_list() -> None:
    assert (named_dims(None), named_dims("t"), named_dims(["t", "k"])) == (None, ("t",), ("t", "k"))
    over: Any = 0
    with pytest.raises(gridgrad.RequestError, match='over: 0; name dims: over="t"'):
        named_dims(over)
