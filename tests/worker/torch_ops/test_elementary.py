"""Elementary functions that torch lacks, at their zeros, joints and ends, against mpmath."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
import torch

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_worker.native import library_functions
from gridgrad_worker.torch_ops import elementary, quotients, special
from gridgrad_worker.torch_ops.elementary import VALUES, cospi, sinpi


def number(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_sines_and_cosines_of_multiples_of_pi_are_exact() -> None:
    x = number(0, 1, -3, 0.5, -1.5, 2.5, 2.0**40 + 0.5, 2.0**40)
    assert sinpi(x).abs().tolist() == [0, 0, 0, 1, 1, 1, 1, 0]
    assert cospi(x).abs().tolist() == [1, 1, 1, 0, 0, 0, 0, 1]
    assert cospi(number(1.0, 2.0)).tolist() == [-1, 1]


@pytest.mark.parametrize("x", [0.1, 0.25, 0.26, 0.4999, 1.3, -7.7, 1e6 + 0.125])
def test_sines_and_cosines_between_them(x: float) -> None:
    with mpmath.workdps(40):
        np.testing.assert_allclose(sinpi(number(x)).item(), float(mpmath.sinpi(mpmath.mpf(x))), rtol=4e-16)
        np.testing.assert_allclose(cospi(number(x)).item(), float(mpmath.cospi(mpmath.mpf(x))), rtol=4e-16)


def test_cube_roots_of_any_sign_and_size() -> None:
    x = number(8.0, -27.0, 1e-300, -1e300, math.inf)
    np.testing.assert_allclose(VALUES["cbrt"](x), np.cbrt(x.numpy()), rtol=3e-16)
    assert math.copysign(1, VALUES["cbrt"](number(-0.0)).item()) == -1


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("x", [0.0, 1e-9, 0.5, 1.1, 1.12, 3.0, -4.25])
def test_derivatives_of_sinc_join_where_series_and_parts_meet(n: int, x: float) -> None:
    with mpmath.workdps(60):
        expected = float(mpmath.diff(lambda t: mpmath.sincpi(t), mpmath.mpf(x), n))
    assert abs(VALUES["sinc_derivative"](n, number(x)).item() - expected) <= 1e-13 * math.pi**n


def test_nan_goes_through_what_chooses() -> None:
    nan = number(math.nan)
    assert math.isnan(VALUES["sign"](nan).item())
    assert math.isnan(VALUES["heaviside"](nan, number(0.5)).item())
    assert VALUES["heaviside"](number(0.0), number(0.5)).item() == 0.5
    assert VALUES["clip"](number(5.0), number(0.0), number(2.0)).item() == 2


def test_the_tables_have_every_function_once() -> None:
    names = [name for table in (elementary, quotients, special, library_functions) for name in table.VALUES]
    assert sorted(names) == sorted(FUNCTIONS)
