"""The normal distribution and the derivatives of its logarithm and of erfcx, against mpmath."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import torch

from gridgrad_worker.torch_ops.normal import erfcx_derivative, log_norm_cdf_derivative, norm_cdf, norm_pdf

DIGITS = 60


def number(value: float) -> torch.Tensor:
    return torch.tensor([value], dtype=torch.float64)


@pytest.mark.parametrize("x", [-30.0, -8.5, -1.5, -0.25, 0.0, 0.75, 3.0, 8.0])
def test_the_density_and_its_integral(x: float) -> None:
    np.testing.assert_allclose(norm_pdf(number(x)).item(), float(mpmath.npdf(x)), rtol=1e-13)
    np.testing.assert_allclose(norm_cdf(number(x)).item(), float(mpmath.ncdf(x)), rtol=1e-13)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("x", [-20.0, -3.0, -1.51, -1.49, -0.5, 0.0, 0.5, 1.49, 1.51, 3.0, 6.0])
def test_derivatives_of_the_logarithm_join_where_its_three_ways_meet(n: int, x: float) -> None:
    with mpmath.workdps(DIGITS):
        expected = float(mpmath.diff(lambda t: mpmath.log(mpmath.ncdf(t)), mpmath.mpf(x), n))
    scale = abs(expected) + (1e-15 if n < 3 else 1e-13)
    assert abs(log_norm_cdf_derivative(n, number(x)).item() - expected) <= 5e-13 * scale + 1e-14


@pytest.mark.parametrize("n", [0, 1, 2, 4])
@pytest.mark.parametrize("x", [-2.0, -0.5, 0.0, 0.4, 1.0, 1.06, 1.07, 3.0, 30.0])
def test_derivatives_of_erfcx_join_where_its_two_ways_meet(n: int, x: float) -> None:
    with mpmath.workdps(DIGITS):
        expected = float(mpmath.diff(lambda t: mpmath.exp(t * t) * mpmath.erfc(t), mpmath.mpf(x), n))
    np.testing.assert_allclose(erfcx_derivative(n, number(x)).item(), expected, rtol=2e-13)
