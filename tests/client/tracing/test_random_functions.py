"""Random functions written with numpy: what they are traced to computes what they compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.client.tracing.checking import check

Step = Callable[[list[Any], Any], Any]
"""Makes a number of those there are and an array of coefficients."""

N = np.array([0.5, -1.25, 2.0])

UNARY = [np.sin, np.exp, np.tanh, np.arctan, np.square, np.negative, np.abs, np.floor, np.sign, np.cbrt, np.expm1]
BINARY = [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.hypot, np.arctan2, np.remainder]
COMPARISONS = [np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal]
REDUCTIONS: list[Callable[..., Any]] = [
    np.sum,
    np.prod,
    np.max,
    np.min,
    np.mean,
    lambda a: np.dot(a, a),
    lambda a: a[1],
]

places = st.integers(0, 10**6)
numbers = st.floats(-3, 3).map(lambda x: round(x, 2))


def pick(values: list[Any], place: int) -> Any:
    return values[place % len(values)]


def unary(ufunc: Any, at: int) -> Step:
    return lambda values, _: ufunc(pick(values, at))


def binary(ufunc: Any, left: int, right: int) -> Step:
    return lambda values, _: ufunc(pick(values, left), pick(values, right))


def with_constant(ufunc: Any, at: int, number: float) -> Step:
    return lambda values, _: ufunc(number, pick(values, at)) if at % 2 else ufunc(pick(values, at), number)


def chosen(compare: Any, a: int, b: int, c: int, d: int, negated: bool) -> Step:
    def step(values: list[Any], _: Any) -> Any:
        condition = compare(pick(values, a), pick(values, b))
        return np.where(~condition if negated else condition, pick(values, c), pick(values, d))

    return step


def conditions(first: Any, second: Any, a: int, b: int) -> Step:
    def step(values: list[Any], _: Any) -> Any:
        x, y = pick(values, a), pick(values, b)
        return np.where((first(x, y) & second(y, 1.0)) | (x > 2), x, 1.5) + (first(y, x) ^ (y < 0)) * x

    return step


def reduced(reduction: Any, ufunc: Any, at: int) -> Step:
    return lambda values, n: reduction(ufunc(n * pick(values, at), N))


def clipped(at: int, low: float, width: float) -> Step:
    return lambda values, _: np.clip(pick(values, at), low, low + abs(width))


def accumulated(at: int, times: int) -> Step:
    def step(values: list[Any], _: Any) -> Any:
        total = 0
        for power in range(times):
            total += pick(values, at) ** power
        return total

    return step


steps = st.one_of(
    st.builds(unary, st.sampled_from(UNARY), places),
    st.builds(binary, st.sampled_from(BINARY), places, places),
    st.builds(with_constant, st.sampled_from(BINARY), places, numbers),
    st.builds(chosen, st.sampled_from(COMPARISONS), places, places, places, places, st.booleans()),
    st.builds(conditions, st.sampled_from(COMPARISONS), st.sampled_from(COMPARISONS), places, places),
    st.builds(reduced, st.sampled_from(REDUCTIONS), st.sampled_from(BINARY), places),
    st.builds(clipped, places, numbers, numbers),
    st.builds(accumulated, places, st.integers(1, 4)),
)


@given(st.lists(steps, min_size=1, max_size=12), numbers, numbers)
def test_random_functions_compute_the_same(made: list[Step], t: float, k: float) -> None:
    def function(t: Any, k: Any, n: Any) -> Any:
        values = [t, k]
        for step in made:
            values.append(step(values, n))
        return values[-1], values[len(values) // 2]

    check(function, {"t": t, "k": k}, n=N)
