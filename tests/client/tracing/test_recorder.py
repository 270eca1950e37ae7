"""What one trace writes down: loops, helpers, and arrays of coefficients."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

import gridgrad
from tests.client.tracing.checking import check

N = np.array([0.5, -1.25, 2.0])
D = np.array([1, 2, 3])
M = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])


def test_loops_and_helpers_are_unrolled() -> None:
    def step(x: Any, k: Any) -> Any:
        return x - (x * x - k) / (2 * x)

    def root(k: Any, steps: int = 4) -> Any:
        x = k
        for _ in range(steps):
            x = step(x, k)
        return x

    check(functools.partial(root, steps=5), {"k": 2.0})


def test_accumulating_in_a_loop_is_not_changing_an_array() -> None:
    def polynomial(t: Any) -> Any:
        total = 0
        for n, d in zip(N, D, strict=True):
            total += n * t**d
        total -= 1
        total *= 2
        return total

    check(polynomial, {"t": 1.5})


def test_coefficients_are_arrays_of_scalars() -> None:
    program = check(lambda t, n, m: np.sum(n * t) + np.sum(m @ n) + n[-1], {"t": 1.5}, n=N, m=M)
    assert set(program.inputs) == {"t", "n_0", "n_1", "n_2", *(f"m_{i}_{j}" for i in range(2) for j in range(3))}


@pytest.mark.parametrize("function", [lambda x: 10**400 * x, lambda x: x ** (10**400)], ids=["factor", "power"])
def test_an_integer_beyond_float64_is_refused_as_what_it_is(function: Any) -> None:
    with pytest.raises(gridgrad.TracingError, match="a number beyond float64"):
        gridgrad.trace(function)
