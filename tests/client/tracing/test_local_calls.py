"""`gridgrad.solve`, `sum`, `prod`, `integrate` and `piecewise` in traced functions: the texts that they come to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gridgrad
from tests.client.tracing.checking import check


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda p: gridgrad.solve(lambda x: x**2 - p, 1.0), "solve(x**2 - p, x, 1)"),
        (lambda p: p * gridgrad.solve(lambda x: x**2 - p, 0, p + 1), "p*solve(x**2 - p, x, 0, p + 1)"),
        (
            lambda p, q: gridgrad.solve(lambda x, y: (x**2 + y - p, x * y - q), (1, q))[1],
            "solve((x**2 + y - p, x*y - q), (x, y), (1, q), y)",
        ),
        (lambda p: gridgrad.solve(lambda x: x - p, [1.0])[0], "solve(x - p, x, 1)"),
        (lambda x: gridgrad.sum(lambda i: x**i / i, 1, 200), "sum(x**i/i, i, 1, 200)"),
        (lambda x, n: gridgrad.prod(lambda i: x + i, n, 2 * n), "prod(x + i, i, n, 2*n)"),
        (lambda t, p: gridgrad.integrate(lambda u: np.exp(-p * u), 0, t), "integrate(exp(-p*u), u, 0, t)"),
        (lambda p: gridgrad.integrate(lambda u: p / u**2, 1, np.inf, np.int64(9)), "integrate(p/u**2, u, 1, inf, 9)"),
        (lambda t: gridgrad.integrate(np.exp, 0, t), "integrate(exp(x), x, 0, t)"),
        (lambda t: gridgrad.piecewise((t < 0, 0.0), (t < 1, t), 1.0), "piecewise((t < 0, 0), (t < 1, t), 1)"),
    ],
)
def test_they_are_what_the_text_says(function: Callable[..., Any], text: str) -> None:
    assert gridgrad.trace(function) == gridgrad.parse(text)


def test_names_that_mean_something_else_are_not_taken() -> None:
    """A parameter of Python's hides what is called like it; in a text a name means one thing."""
    assert gridgrad.trace(lambda x: gridgrad.sum(lambda x: x**2, 1, x)).text == "sum(x_**2, x_, 1, x)"
    assert gridgrad.trace(lambda p: gridgrad.solve(lambda pi: pi**2 - p, 1.0)).text == "solve(x**2 - p, x, 1)"

    def nested(p: Any) -> Any:
        return gridgrad.solve(lambda y: gridgrad.sum(lambda y: y * p, 1, gridgrad.solve(lambda y: y - p, y)) - y, p)

    program = gridgrad.trace(nested)
    assert gridgrad.parse(program.text) == program


def test_the_same_call_is_one_operation() -> None:
    def root(p: Any) -> Any:
        return gridgrad.solve(lambda x: x**2 - p, 1.0)

    assert gridgrad.trace(lambda p: root(p) * root(p)) == gridgrad.parse("r = solve(x**2 - p, x, 1); r*r")


def test_they_stand_within_each_other_and_are_derived() -> None:
    def function(p: Any, n: Any) -> Any:
        inner = gridgrad.solve(lambda x: gridgrad.sum(lambda i: x**i, 1, n) - p, 0, 1)
        return gridgrad.diff(inner, p), gridgrad.integrate(lambda u: gridgrad.diff(np.sin(u * p), u), 0, inner)

    text = "r = solve(sum(x**i, i, 1, n) - p, x, 0, 1); diff(r, p), integrate(cos(u*p)*p, u, 0, r)"
    program = gridgrad.trace(function)
    assert gridgrad.parse(program.text, program.inputs) == program
    assert program.text == gridgrad.parse(text).text


def test_piecewise_is_what_it_is_on_numbers() -> None:
    def clipped(t: Any, k: Any) -> Any:
        return gridgrad.piecewise((t < 0, k), (t < 1, t * k), (k > 1, t**2), 1.0)

    for t, k in ((-1.0, 2.0), (0.5, 3.0), (2.0, 3.0), (2.0, 0.5)):
        check(clipped, {"t": t, "k": k})
    np.testing.assert_array_equal(clipped(np.array([-1.0, 0.5, 2.0]), 3.0), [3, 1.5, 4])


kept: list[Any] = []


def keep(value: Any) -> Any:
    kept.append(value)
    return value


@pytest.mark.parametrize(
    ("function", "found", "remedy"),
    [
        (lambda _: gridgrad.solve(3.0, 1.0), "gridgrad.solve of a float, which is no function", "lambda x: x"),  # type: ignore[arg-type]
        (lambda x: gridgrad.sum(x, 1, 3), "gridgrad.sum of a traced value", "np.sum adds up an array"),
        (lambda x: gridgrad.solve(lambda _: x, 1.0), "does not use its unknown _", "an expression of _"),
        (lambda x: gridgrad.solve(lambda y: y - x, 2.0, 1.0), "bounds from 2 to 1", "the lower one first"),
        (lambda x: gridgrad.solve(lambda y: (y - x, y), 2.0), "2 numbers returned by a function of 1", "one number"),
        (lambda x: gridgrad.solve(lambda y, z: (y - x, z), (2, 1), 3), "a system between bounds", "a guess for each"),
        (lambda _: gridgrad.solve(lambda y: y * np.array([1, 2]), 3), "an array of shape \\[2\\]", "for each element"),
        (lambda x: gridgrad.sum(lambda i: i * x, 0.5, 2), "a bound of 0.5", "an integer"),
        (lambda x: gridgrad.integrate(lambda u: u * x, 0, 1, 0), "an integral by 0 points", "1 to 1,024"),
        (lambda x: gridgrad.integrate(lambda u: u * x, 0, 1, 9.5), "9.5 points", "an integer"),  # type: ignore[arg-type]
        (lambda x: gridgrad.integrate(lambda u: u * x, 0, 1, x), "made a count", "a plain number"),
        (lambda x: gridgrad.piecewise((x < 0, 1.0), (x > 1, 2.0)), "without a value after its pairs", "a default"),
        (lambda x: gridgrad.piecewise((x < 0, 1.0, 3.0), x), "no pair of a condition and a value", "a default"),
        (
            lambda x: gridgrad.solve(lambda y: keep(y) - x, 1.0) * kept[-1],
            "y, an unknown, index or variable, used outside",
            "inside of the function",
        ),
        (
            lambda x: gridgrad.solve(lambda y: keep(y) - x, 1) + gridgrad.sum(lambda y: y * kept[-1], 1, 99),
            "y, an unknown, index or variable, used outside",
            "inside of the function",
        ),
        (
            lambda x: sum(gridgrad.solve(lambda y, k=k: y - k * x, 1.0) for k in range(257)),
            "more than 256 calls",
            "several requests",
        ),
    ],
)
def test_refusals(function: Callable[..., Any], found: str, remedy: str) -> None:
    with pytest.raises(gridgrad.TracingError, match=found) as refused:
        gridgrad.trace(function)
    assert remedy in refused.value.remedy


def test_they_belong_in_a_traced_function() -> None:
    with pytest.raises(gridgrad.TracingError, match=r"gridgrad\.solve outside of a traced function; call it inside"):
        gridgrad.solve(lambda x: x**2 - 2, 1.0)
