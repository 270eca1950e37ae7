"""Bound requests: a call is what `gradient` would have sent with these numbers, and what does not fit is refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.arguments.stacked_inputs import unstacked
from gridgrad.binding.bound_request import BoundRequest
from gridgrad.requests.prepare import prepare, stream_message
from gridgrad.requests.reduction import GivenPullback, GivenResiduals
from gridgrad.requests.request import Request
from gridgrad_core.errors import RequestError
from gridgrad_core.v1 import gridgrad_pb2 as pb

T, K = np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])
SINGLE = {"t": T.astype("f4"), "k": K.astype("f4")}
U = np.arange(6.0).reshape(2, 3)
U2 = np.stack([U, U + 1])

BOUND: dict[str, tuple[Request, Any, dict[Any, Any]]] = {
    "a number": (Request("a*t*k", {"t": T, "k": K, "a": 1.0}), "a", {"a": 2.5}),
    "an integer": (Request("a*t*k", {"t": T, "k": K, "a": 1.0}), "a", {"a": 2}),
    "an axis": (Request("t*k", {"t": T, "k": K}), ["k"], {"k": K + 1}),
    "an axis as a list": (Request("t*k", {"t": T, "k": K}, wrt="k", order=2), ["k"], {"k": [1, 2, 3]}),
    "all": (Request("t*k", {"t": T, "k": K}), ["k", "t"], {"t": T + 1, "k": K + 1}),
    "two dims": (Request("u*i", {"u": (("i", "j"), U), "i": T}), ["u"], {"u": U + 1}),
    "two dims with names": (Request("u*i", {"u": (("i", "j"), U), "i": T}), ["u"], {"u": (("i", "j"), U + 1)}),
    "in step": (Request("x*y", {("x", "y"): U[:, :2]}), ["x", "y"], {("x", "y"): U[:, 1:]}),
    "a Python function": (Request(lambda t, k, a: a * np.sin(t * k), {"t": T, "k": K, "a": 1.0}), "a", {"a": 3.0}),
    "float32": (Request("t*k", SINGLE), "k", {"k": K.astype("f4") + 1}),
    "registered": (Request(gridgrad.registered("f"), {"t": T, "a": 1.0}), "a", {"a": 2.0}),
    "coefficients": (Request("n_0*t + n_1", {"t": T}, coefficients={"n": [1.0, 2.0]}, wrt="n"), "n", {"n": [3, 4]}),
    "reduced": (Request("a*t*k", {"t": T, "k": K, "a": 1.0}, reduce={"k": "sum"}), "a", {"a": 2.0}),
    "weighed": (
        Request("a*t*k", {"t": T, "k": K, "a": 1.0}, reduce={"k": "sum"}, weights="trapezoid"),
        ["a", "k"],
        {"a": 2.0, "k": K**2},
    ),
    "cotangents": (
        Request("a*t*k", {"t": T, "k": K, "a": 1.0}, wrt="a", order=1, reduce=GivenPullback(U)),
        ["a", "cotangent"],
        {"a": 2.0, "cotangent": U + 1},
    ),
    "float32 and cotangents along a dim": (
        Request("t*k", SINGLE, wrt="t", order=1, reduce=GivenPullback(("k", K))),
        ["cotangent", "k"],
        {"cotangent": K + 1, "k": K.astype("f4") + 1},
    ),
    "cotangents of components": (
        Request(
            "(n_0*t, k)", {"t": T, "k": K}, "n", 1, coefficients={"n": [2.0]}, reduce=GivenPullback(np.ones((2, 2, 3)))
        ),
        ["cotangent", "n"],
        {"cotangent": U2 + 1, "n": [3.0]},
    ),
    "data and weights": (
        Request("a*t*k", {"t": T, "k": K, "a": 1.0}, "a", 1, reduce=GivenResiduals(U), weights=("k", K)),
        ["weights", "data", "a"],
        {"a": 2.0, "data": (("t", "k"), U + 1), "weights": K + 1},
    ),
    "weights": (
        Request("a*t*k", {"t": T, "k": K, "a": 1.0}, reduce={"k": "sum"}, weights=K),
        "weights",
        {"weights": K + 1},
    ),
    "one not used": (Request("n_1*t", {"t": T}, coefficients={"n": [1.0, 2.0]}), ["n", "t"], {"n": [3, 4], "t": T}),
    "a number not used": (Request("t", {"t": T, "a": 1.0}, unused="ignore"), ["a", "t"], {"a": 2.0, "t": T + 1}),
}


def weighed(request: Request, name: str, value: Any) -> Request:
    """The request with other data, weights or cotangents, which keep their dims."""
    if name == "weights":
        spelled = isinstance(request.weights, tuple)
        return dataclasses.replace(request, weights=("k", value) if spelled else value)
    made: Any = request.reduce
    old = made.cotangent if name == "cotangent" else made.data
    spelled = isinstance(old, tuple) and not isinstance(value, tuple)
    return dataclasses.replace(request, reduce=made._replace(**{name: (old[0], value) if spelled else value}))


@pytest.mark.parametrize("name", BOUND)
def test_a_call_is_what_would_have_been_sent_unbound(name: str) -> None:
    request, varying, given = BOUND[name]
    bound = BoundRequest(request, varying)
    coefficients = {n: given.get(n, array) for n, array in (request.coefficients or {}).items()} or None
    weighing = {n: value for n, value in given.items() if n in ("cotangent", "data", "weights")}
    inputs = {n: value for n, value in given.items() if n not in {**(coefficients or {}), **weighing}}
    if name == "two dims":
        inputs = {"u": (("i", "j"), given["u"])}
    asked = dataclasses.replace(
        request.settled(), inputs={**unstacked(request.inputs), **unstacked(inputs)}, coefficients=coefficients
    )
    for n, value in weighing.items():
        asked = weighed(asked, n, value)
    plain = prepare(asked)
    call = bound.call(given)
    assert call.whole == plain.whole
    assert len(call.shown) == len(plain.shown)
    for ours, theirs in zip(call.shown, plain.shown, strict=True):
        assert (ours.name, ours.dims) == (theirs.name, theirs.dims)
        assert_array_equal(ours.values, theirs.values)
    assert call.request.units is None
    again = prepare(call.request)
    assert again.whole == plain.whole


def test_what_varies_is_of_the_dtype_computed_in() -> None:
    half = {"t": T, "k": K.astype("f4")}
    call = BoundRequest(Request("t*k", half), "k").call({"k": K + 1e-12})
    assert call.numbers == (T.tobytes(), (K + 1e-12).tobytes())
    single = BoundRequest(Request("t*k", SINGLE), "k").call({"k": [1e300, 1.0, 2.0]})
    assert_array_equal(single.inputs[1].values, np.array([np.inf, 1.0, 2.0], "f4"))
    spaced = BoundRequest(Request("t*k", {"t": gridgrad.linspace(0, 1, 3), "k": K}), "t")
    assert_array_equal(spaced.call({"t": gridgrad.linspace(1, 2, 3)}).inputs[0].values, [1.0, 1.5, 2.0])


WRONG: list[tuple[Any, str, str]] = [
    ({"a": 1.0}, "inputs['k']", "no value for it; give what was bound to vary, 'a', 'k'"),
    ({}, "inputs['a']", "no value for it"),
    ({"a": 1.0, "k": K, "t": T}, "inputs['t']", "it does not vary in this bound call"),
    ({"a": 1.0, "k": K, "b": 2.0}, "inputs['b']", "it does not vary"),
    ({"a": [1.0], "k": K}, "inputs['a']", r"shape \[1\].*give shape \[\], as it was bound with, or bind anew"),
    ({"a": 1.0, "k": K[:2]}, "inputs['k']", r"shape \[2\] over 'k'; give shape \[3\] over 'k'"),
    ({"a": 1.0, "k": 3.0}, "inputs['k']", r"shape \[\]; give shape \[3\] over 'k'"),
    ({"a": 1.0, "k": [[1.0, 2.0]]}, "inputs['k']", r"shape \[1, 2\]; give shape \[3\]"),
    ({"a": 1.0, "k": ("t", K)}, "inputs['k']", r"shape \[3\] over 't'; give shape \[3\] over 'k'"),
    ({"a": "one", "k": K}, "inputs['a']", "str|text"),
    ({"a": 1j, "k": K}, "inputs['a']", "complex"),
    ((1.0, K), "inputs", r"a tuple; give each call names with values: {'a': ..., 'k': ...}"),
]


@pytest.mark.parametrize(("given", "field", "told"), WRONG)
def test_what_does_not_fit_is_refused(given: Any, field: str, told: str) -> None:
    bound = BoundRequest(Request("a*t*k", {"t": T, "k": K, "a": 1.0}), ["a", "k"])
    with pytest.raises(RequestError, match=told) as raised:
        bound.call(given)
    assert raised.value.field == field
    assert raised.value.remedy


def test_coefficients_of_another_shape_are_refused() -> None:
    bound = BoundRequest(Request("n_0*t + n_1", {"t": T}, coefficients={"n": [1.0, 2.0]}), "n")
    with pytest.raises(RequestError, match=r"shape \[3\]; give shape \[2\]"):
        bound.call({"n": [1.0, 2.0, 3.0]})


@pytest.mark.parametrize(
    ("varying", "told"),
    [
        ("b", "'b', which is neither.*name some of 't', 's', or give 'b' too"),
        (["t", "V"], "'V', a table"),
        (3, "3; name what varies"),
        (None, "None; name what varies"),
    ],
)
def test_what_can_not_vary_is_refused(varying: Any, told: str) -> None:
    table = gridgrad.table([1.0, 2.0], x=[0.0, 1.0], method="linear")
    with pytest.raises(RequestError, match=told) as raised:
        BoundRequest(Request("V(t)*s", {"t": T, "s": 1.0, "V": table}), varying)
    assert raised.value.field == "varying"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"cotangent": U.T}, r"shape \[3, 2\]; give shape \[2, 3\] over 't', 'k'"),
        ({"cotangent": (("k", "t"), U)}, r"shape \[2, 3\] over 'k', 't'; give shape \[2, 3\] over 't', 'k'"),
        ({"cotangent": "k"}, "text|str"),
        ({}, "no value for it; give what was bound to vary, 'cotangent'"),
    ],
)
def test_cotangents_that_do_not_fit_are_refused(given: Any, told: str) -> None:
    bound = BoundRequest(Request("t*k", {"t": T, "k": K}, "t", 1, reduce=GivenPullback(U)), "cotangent")
    with pytest.raises(RequestError, match=told) as raised:
        bound.call(given)
    assert raised.value.field == "inputs['cotangent']"


@pytest.mark.parametrize("cotangent", [None, "k", ("k", "t"), {"k": K}])
def test_only_arrays_of_cotangents_vary(cotangent: Any) -> None:
    with pytest.raises(RequestError, match=r"varying: 'cotangent', which is neither.*name some of 't', 'k', or"):
        BoundRequest(Request("t*k", {"t": T, "k": K}, "t", 1, reduce=GivenPullback(cotangent)), "cotangent")


def test_an_input_called_as_the_cotangent_is_meant() -> None:
    request = Request("cotangent*t", {"t": T, "cotangent": 2.0}, "t", 1, reduce=GivenPullback(T))
    call = BoundRequest(request, "cotangent").call({"cotangent": 3.0})
    assert call.whole == prepare(dataclasses.replace(request, inputs={"t": T, "cotangent": 3.0})).whole


def test_calls_that_travel_together_bring_what_is_fixed_once() -> None:
    bound = BoundRequest(Request("a*t", {"t": T, "a": 1.0}), "a")
    message = pb.StreamGridGradientsRequest.FromString(
        stream_message(5, [bound.call({"a": a}) for a in (1.0, 2.0, 3.0)])
    )
    fixed, varies = message.request.inputs
    assert (message.id, message.entries) == (5, 3)
    assert (list(fixed.array.shape), fixed.array.data) == ([2], T.tobytes())
    assert (list(varies.array.shape), varies.array.data) == ([3], np.array([1.0, 2.0, 3.0]).tobytes())


def test_a_plan_is_what_is_compiled() -> None:
    table = gridgrad.table([1.0, 2.0], x=[0.0, 1.0], method="linear")
    plan = BoundRequest(Request("a*V(t)", {"t": T, "a": 1.0, "V": table}, order=2), "a").plan
    assert plan is not None
    assert (plan.function.expression, len(plan.derivatives)) == ("a*V(t)", 2)
    assert [(each.name, list(each.dims), each.HasField("table")) for each in plan.inputs] == [
        ("V", [], True),
        ("t", ["t"], False),
        ("a", [], False),
    ]
    assert BoundRequest(Request(gridgrad.registered("f"), {"t": T}), "t").plan is None
