"""scipy's splines called on traced values."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad.elements.spline_calls import splines_as_tables
from gridgrad.tracing.traced_program import called_spline
from gridgrad.tracing.tracer import Traced
from gridgrad_core.errors import TracingError

scipy = pytest.importorskip("scipy.interpolate")

X = np.linspace(0, 3, 12)
Y = np.random.default_rng(3).normal(size=12)
CUBIC = scipy.CubicSpline(X, Y)
PLANE = scipy.RectBivariateSpline(X, X, np.outer(Y, Y))
GRID = scipy.RegularGridInterpolator((X, X), np.outer(Y, Y))


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda r: CUBIC(r) * r, "interp_0(r)*r"),
        (lambda r: CUBIC(r, 1) + CUBIC(x=r, nu=2), "interp_0(r, 1) + interp_0(r, 2)"),
        (lambda r: CUBIC(r) + CUBIC(2 * r, extrapolate=False), "interp_0(r) + interp_1(2*r)"),
        (lambda r, s: PLANE.ev(r, s), "interp_0(r, s)"),
        (lambda r: PLANE(r, 0.5, dx=1, grid=False), "interp_0(r, 0.5, 1, 0)"),
        (lambda r, s: GRID((r, s)) + GRID([s, r]), "interp_0(r, s) + interp_0(s, r)"),
        (lambda r, s: GRID(np.stack([r, s])), "interp_0(r, s)"),
        (lambda r: np.sum(scipy.CubicSpline(X, np.stack([Y, 2 * Y], 1))(r)), "interp_0(r) + interp_1(r)"),
        (lambda r, interp_0: CUBIC(r) * interp_0 + CUBIC(0.5), f"interp_1(r)*interp_0 + {float(CUBIC(0.5))!r}"),
    ],
)
def test_they_become_tables(function: Any, text: str) -> None:
    assert str(gridgrad.trace(function)) == text


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda r: PLANE(r, r), r"a RectBivariateSpline called for a grid.*write spline.ev\(x, y\), or grid=False"),
        (lambda r: CUBIC(r, 0.5), "an order of a derivative of interp_0 that is no integer from 0 to 4"),
        (lambda r: GRID((r,)), "a RegularGridInterpolator of 2 arguments given 1"),
        (lambda r: scipy.CubicSpline(X, np.stack([Y, Y], 1))(np.stack([r, r])), "call it with one value at a time"),
        (lambda r: CUBIC.derivative()(r), r"call the spline itself, with the order: spline\(x, 1\)"),
    ],
)
def test_what_is_no_call_of_a_table_says_what_to_write(function: Any, message: str) -> None:
    with pytest.raises(TracingError, match=f"(?s){message}"):
        gridgrad.trace(function)


def test_numbers_are_what_they_were_while_something_is_traced_and_after() -> None:
    before = scipy.PPoly.__call__, scipy.RectBivariateSpline.__call__, scipy.RectBivariateSpline.ev
    value, found = CUBIC(1.5), list[Any]()
    with splines_as_tables(Traced, called_spline):
        with splines_as_tables(Traced, called_spline):
            thread = threading.Thread(target=lambda: found.append(CUBIC(1.5)))
            thread.start()
            thread.join()
        assert CUBIC([1.5]) == [value] == found
        assert scipy.PPoly.__call__ is not before[0]
    assert (scipy.PPoly.__call__, scipy.RectBivariateSpline.__call__, scipy.RectBivariateSpline.ev) == before
