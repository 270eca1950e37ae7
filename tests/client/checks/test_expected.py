"""What derivatives should be: against closed forms, by either method."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gridgrad.checks import expected as expectations
from gridgrad.checks.sample import Sample
from gridgrad.requests.request import FunctionLike, Registered, Request
from gridgrad.results.result import Result
from gridgrad_core.grid import Derivative
from tests.client.made_results import result_from

X = np.array([0.5, 1.0, 2.0])
WAVE: Mapping[Derivative, Callable[..., Any]] = {
    (): lambda x, a: a * np.sin(2 * x),
    ("x",): lambda x, a: 2 * a * np.cos(2 * x),
    ("a",): lambda x, a: np.sin(2 * x) + 0 * a,
    ("x", "x"): lambda x, a: -4 * a * np.sin(2 * x),
}


def sample_of(function: FunctionLike, *derivatives: Derivative) -> Sample:
    served = {wrt: WAVE[wrt](X, 3.0)[np.newaxis] for wrt in ((), *derivatives)}
    return Sample(function, {"a": 3.0}, {"x": X}, np.arange(3)[np.newaxis], ("f",), served)


def serve(request: Request) -> Result:
    """What a server that knows WAVE says; arrays along the dim "point"."""
    given = {name: np.asarray(each[1] if isinstance(each, tuple) else each) for name, each in request.inputs.items()}
    grids = {wrt: WAVE[wrt](given["x"], given["a"]) for wrt in ((), *map(tuple, request.derivatives or ()))}
    return result_from("wave", request.inputs, grids)


def by_differences(sample: Sample) -> expectations.Expectations:
    steps = expectations.by_differences(sample)
    request = next(steps)
    while True:
        try:
            request = steps.send(serve(request))
        except StopIteration as done:
            found: expectations.Expectations = done.value
            return found


def test_by_mpmath_they_are_right_to_the_last_digit() -> None:
    pytest.importorskip("mpmath")
    found = expectations.by_mpmath(sample_of("a*sin(2*x)", ("x",), ("a",), ("x", "x")))
    assert "50 digits" in found.method
    for wrt, each in found.expected.items():
        assert_allclose(each.values[0], WAVE[wrt](X, 3.0), rtol=1e-15)
        assert not each.errors.any()


def test_by_mpmath_there_is_none_at_a_kink_or_outside_of_the_domain() -> None:
    pytest.importorskip("mpmath")
    sample = sample_of("abs(x - 1)", ("x",))
    slopes = expectations.by_mpmath(sample).expected["x",].values[0]
    assert_allclose(slopes, [-1, np.nan, 1])
    values = expectations.by_mpmath(sample._replace(function="log(x - 1)")).expected[()].values[0]
    assert np.isnan(values[0])
    assert values[2] == 0


@pytest.mark.parametrize("function", ["a*sin(2*x)", Registered("wave")])
def test_by_differences_they_are_as_right_as_their_bounds(function: FunctionLike) -> None:
    found = by_differences(sample_of(function, ("x",), ("a",), ("x", "x")))
    assert set(found.expected) == {("x",), ("a",), ("x", "x")}
    for wrt, each in found.expected.items():
        off = np.abs(each.values[0] - WAVE[wrt](X, 3.0))
        assert (off <= each.errors[0] + 1e-14).all()
        assert (each.errors < 1e-7).all()


def test_by_differences_an_axis_that_is_not_used_makes_no_request_and_zeros() -> None:
    served = {(): np.sin(2 * X)[np.newaxis], ("b",): np.zeros((1, 3))}
    sample = Sample("sin(2*x)", {}, {"x": X, "b": X}, np.zeros((2, 3), np.intp), ("f",), served)
    steps = expectations.by_differences(sample)
    only = next(steps)
    assert set(only.inputs) == {"x"}
    with pytest.raises(StopIteration) as done:
        steps.send(result_from("sin(2*x)", only.inputs, {(): np.sin(2 * X)}))
    assert_allclose(done.value.value.expected["b",].values, np.zeros((1, 3)))


def test_without_mpmath_it_goes_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert not expectations.has_mpmath()
