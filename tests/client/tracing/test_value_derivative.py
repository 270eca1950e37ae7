"""Derivatives of traced values by each other, against closed forms and finite differences of the plain functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gridgrad
from tests.client.tracing.checking import values_of


def test_lagranges_momentum_and_force() -> None:
    def pendulum(t: Any, a: Any, m: float = 2.0, k: float = 3.0) -> Any:
        place = a * np.sin(t)
        velocity = gridgrad.diff(place, t)
        lagrangian = 0.5 * m * velocity**2 - 0.5 * k * place**2
        return gridgrad.diff(lagrangian, velocity), gridgrad.diff(lagrangian, place), gridgrad.diff(place, t, 2)

    found = values_of(gridgrad.trace(pendulum), {"t": 0.3, "a": 1.5, "m": 2.0, "k": 3.0})
    place, velocity = 1.5 * np.sin(0.3), 1.5 * np.cos(0.3)
    np.testing.assert_allclose(found, [2 * velocity, -3 * place, -place], rtol=1e-14)


def test_a_value_outlives_what_the_rules_make_of_powers() -> None:
    def powers(x: Any) -> Any:
        v = x**2
        return gridgrad.diff(v**1.5, v, 2)

    np.testing.assert_allclose(values_of(gridgrad.trace(powers), {"x": 3.0}), [0.75 / 3], rtol=1e-14)


def test_a_jacobian_has_the_shapes_of_both() -> None:
    def functions(x: Any, n: Any) -> Any:
        jacobian = gridgrad.diff(np.stack([np.sum(n * x), np.prod(n) * x]), n)
        assert jacobian.shape == (2, 3)
        return jacobian.ravel()

    n = np.array([2.0, 3.0, 5.0])
    found = values_of(gridgrad.trace(functions, coefficients={"n": 3}), {"x": 7.0}, n=n)
    np.testing.assert_allclose(found, [7, 7, 7, 15 * 7, 10 * 7, 6 * 7], rtol=1e-15)


def test_it_is_what_the_text_says() -> None:
    def residual(x: Any, t: Any, nu: Any) -> Any:
        u = np.exp(-nu * t) * np.sin(x)
        return gridgrad.diff(u, t) - nu * gridgrad.diff(u, x, 2)

    written = gridgrad.parse("u = exp(-nu*t)*sin(x); diff(u, t) - nu*diff(u, x, 2)")
    assert gridgrad.trace(residual).nodes == written.nodes


def test_what_was_not_computed_from_it_has_none() -> None:
    assert gridgrad.trace(lambda x, y: x + gridgrad.diff(y, x) + gridgrad.diff(3.0, x)).text == "x + 0 + 0"
    assert gridgrad.trace(lambda x: gridgrad.diff(x**3, x, 0)).text == "x**3"


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x: gridgrad.diff(x, 2.0), "a derivative by a constant"),
        (lambda x: gridgrad.diff(x, np.zeros_like(x)), "a derivative by a constant"),
        (lambda x: gridgrad.diff(x, x > 0), "a derivative by a condition"),
        (lambda x: gridgrad.diff(x, x, 5), "gridgrad.diff taken 5 times"),
        (lambda x: gridgrad.diff(x, x, 0.5), "gridgrad.diff taken 0.5 times"),  # type: ignore[arg-type]
        (lambda x: gridgrad.diff(x, np.stack([x, 2 * x]), 2), "gridgrad.diff taken 2 times by an array"),
        (lambda x: x + gridgrad.diff(1.0, 2.0), "gridgrad.diff of plain numbers"),
    ],
)
def test_refusals(function: Callable[..., Any], said: str) -> None:
    with pytest.raises(gridgrad.TracingError, match=said) as caught:
        gridgrad.trace(function)
    assert caught.value.remedy


def test_derivatives_of_derivatives_stay_within_the_limit() -> None:
    def tower(x: Any, y: Any) -> Any:
        u = np.exp(np.exp(np.exp(np.exp(np.exp(x * y)))))
        for _ in range(20):
            u = gridgrad.diff(u, x, 4)
        return u

    with pytest.raises(gridgrad.TracingError, match="operations"):
        gridgrad.trace(tower)


def test_a_value_is_one_in_derivatives_by_other_values_too() -> None:
    def slope(x: Any, y: Any) -> Any:
        v, w = x / 2, 3 / y
        return gridgrad.diff(gridgrad.diff(2 * v * w, v), w)

    assert gridgrad.trace(slope).text == "2"
