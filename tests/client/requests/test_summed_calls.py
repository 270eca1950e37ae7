"""Calls that sum over the same arrays: recognised by all but the numbers of their inputs, and by nothing less."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad import Request
from gridgrad.requests.prepare import PreparedCall, prepare
from gridgrad.requests.summed_calls import SummedCalls

TEXT = "sum(n*x**d)*k"
X, N, D = np.linspace(0, 1, 5), np.array([1.0, 2.0, 3.0]), np.array([1, 2, 4])


def asked(function: Any = TEXT, *, x: Any = X, n: Any = N, **more: Any) -> Request:
    arrays = more.pop("coefficients", {"n": n, "d": D})
    return Request(function, {"x": x, "k": 2.0}, coefficients=arrays, **more)


def kept(request: Request) -> SummedCalls:
    calls, call = SummedCalls(), prepare(request)
    assert call.lowered is not None
    calls.keep(request, call.template, call.lowered, call.summed)
    return calls


def test_a_call_with_other_inputs_is_what_it_would_be_without() -> None:
    first, again = prepare(asked("sum(n*x**d)*k + 1")), prepare(asked("sum(n*x**d)*k + 1", x=X + 1))
    assert again.template is first.template
    assert again.summed is first.summed
    whole = prepare(asked("sum(n*x**d)*k + 1", x=[*(X + 1)]))
    assert again.message == whole.message
    assert [each.name for each in again.shown] == ["x", "k", "n", "d"]
    for mine, other in zip(again.shown, whole.shown, strict=True):
        assert mine.dims == other.dims
        assert_array_equal(np.asarray(mine.values), np.asarray(other.values))
    assert again.lowered is not None
    assert whole.lowered is not None
    assert again.lowered.stacks == whole.lowered.stacks


@pytest.mark.parametrize(
    "other",
    [
        asked(n=N + 1),
        asked(n=N.astype("f4")),
        asked(n=N[:, np.newaxis]),
        asked(coefficients={"d": D, "n": N}),
        asked(coefficients={"n": [*N], "d": D}),
        asked(order=2),
        asked(wrt="n"),
        asked("sum(n*x**d)*k*1"),
        asked(reduce="sum"),
        asked(gridgrad.registered("f")),
    ],
)
def test_any_other_is_another(other: Request) -> None:
    calls = kept(asked())
    assert calls.get(asked(x=X + 1)) is not None
    assert calls.get(other) is None


@pytest.mark.parametrize(
    "request_",
    [
        asked(wrt="n"),
        asked("sum(n*x) + d_0", wrt="x"),
        asked(reduce={"x": "sum"}, weights="trapezoid"),
        asked(coefficients={"n": np.ones(4096), "d": np.ones(4096)}),
    ],
)
def test_what_travels_in_another_form_is_not_kept(request_: Request) -> None:
    assert kept(request_).get(request_) is None


def test_arrays_that_change_in_place_are_others() -> None:
    changing = N.copy()
    first = prepare(asked(n=changing))
    changing[0] = 7.0
    second = prepare(asked(n=changing))
    assert second.message == prepare(asked(n=[7.0, 2.0, 3.0])).message != first.message
    assert isinstance(second, PreparedCall)
