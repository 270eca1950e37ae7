"""The gamma function and polygamma, against mpmath."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import torch

from gridgrad_worker.torch_ops.gamma import gamma, polygamma

X = [1e-8, 0.125, 0.5, 0.99, 1.5, 2.0, 7.75, 9.99, 10.01, 16.5, 33.3, 120.0, -0.5, -1.25, -7.75, -20.5]


def number(value: float) -> torch.Tensor:
    return torch.tensor([value], dtype=torch.float64)


@pytest.mark.parametrize("x", X)
def test_gamma_is_right_to_some_units_in_the_last_place(x: float) -> None:
    np.testing.assert_allclose(gamma(number(x)).item(), float(mpmath.gamma(x)), rtol=2e-14)


def test_factorials_are_whole_numbers() -> None:
    assert gamma(torch.arange(1.0, 19.0).double()).tolist() == [math.factorial(n) for n in range(18)]


def test_poles_and_ends() -> None:
    values = gamma(torch.tensor([0.0, -0.0, -1.0, -17.0, 172.0, math.inf, math.nan]).double()).tolist()
    assert values[:2] == [math.inf, -math.inf]
    assert all(map(math.isnan, (*values[2:4], values[6])))
    assert values[4:6] == [math.inf, math.inf]


@pytest.mark.parametrize("n", [1, 2, 3, 6])
@pytest.mark.parametrize("x", [x for x in X if x > 1e-3])
def test_polygamma_is_right_to_some_units_in_the_last_place(n: int, x: float) -> None:
    with mpmath.workdps(40):
        expected = float(mpmath.polygamma(n, mpmath.mpf(x)))
    np.testing.assert_allclose(polygamma(n, number(x)).item(), expected, rtol=1e-13)


def test_float32_is_computed_in_float32() -> None:
    got = gamma(torch.tensor([4.5], dtype=torch.float32))
    assert got.dtype == torch.float32
    np.testing.assert_allclose(got.item(), float(mpmath.gamma(4.5)), rtol=1e-6)
