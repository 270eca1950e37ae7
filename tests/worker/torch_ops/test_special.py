"""Special functions where a formula in plain words would lose digits, against mpmath."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import torch

from gridgrad_worker.torch_ops.special import VALUES
from tests.worker.partials import partials


def value(name: str, *numbers: float) -> float:
    result: float = VALUES[name](*(torch.tensor([n], dtype=torch.float64) for n in numbers)).item()
    return result


@pytest.mark.parametrize("x", [-800.0, -30.0, -1e-3, 0.0, 2.5, 40.0, 800.0])
def test_softplus_and_the_logarithm_of_the_sigmoid(x: float) -> None:
    with mpmath.workdps(60):
        expected = float(mpmath.log1p(mpmath.exp(mpmath.mpf(x))))
        np.testing.assert_allclose(value("softplus", x), expected, rtol=5e-16)
        np.testing.assert_allclose(value("log_sigmoid", -x), -expected, rtol=5e-16)


@pytest.mark.parametrize("x", [1e-300, 0.1, 0.2499, 0.2501, 0.5 - 2**-50, 0.5 + 2**-50, 0.74, 0.76, 1 - 2**-53])
def test_logit_near_a_half_and_at_its_ends(x: float) -> None:
    with mpmath.workdps(60):
        expected = float(mpmath.log(mpmath.mpf(x) / (1 - mpmath.mpf(x))))
    np.testing.assert_allclose(value("logit", x), expected, rtol=1e-15)


@pytest.mark.parametrize("x", [-20.0, -0.5, 0.0, 3.0])
def test_silu_and_gelu(x: float) -> None:
    np.testing.assert_allclose(value("silu", x), x / (1 + float(mpmath.exp(-x))), rtol=1e-14)
    np.testing.assert_allclose(value("gelu", x), x * float(mpmath.ncdf(x)), rtol=1e-13)


def test_silu_and_its_slope_are_normal_numbers_where_the_sigmoid_is_none() -> None:
    value, slope = (partials("silu(x)", {"x": [-90.0]}, ["x"] * n, torch.float32)[0] for n in (0, 1))
    np.testing.assert_allclose((value, slope), (-7.3746114e-38, -7.2926712e-38), rtol=1e-6)


def test_digamma_is_the_polygamma_of_order_zero() -> None:
    x = torch.tensor([0.3, 7.5], dtype=torch.float64)
    assert torch.equal(VALUES["polygamma"](0, x), torch.digamma(x))
    np.testing.assert_allclose(
        VALUES["polygamma"](1, x), [float(mpmath.polygamma(1, each)) for each in (0.3, 7.5)], rtol=1e-13
    )
