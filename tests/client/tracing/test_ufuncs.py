"""numpy's and scipy's ufuncs on traced values, compared with what they compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gridgrad
from tests.client.tracing.checking import check


@pytest.mark.parametrize(
    "function",
    [
        lambda t, k: (t > 1) + 0.5 + np.logical_and(t, k) + np.logical_not(t) + np.logical_or(t < 0, 1),
        lambda t, k: np.maximum(t, k) + np.minimum(t, 1) + np.fmax(t, 2) + np.fmin(k, 0),
        lambda t, k: np.hypot(t, k) + np.arctan2(t, k) + np.copysign(t, -k) + np.logaddexp(t, k),
        lambda t, k: np.square(t) + np.cbrt(k) + np.reciprocal(t) + np.sinc(k) + np.fix(t) + np.nan_to_num(t),
        lambda t, k: np.power(t, 2) + np.float_power(k, 2) + np.true_divide(t, k) + np.subtract(t, 1),
        lambda t, k: np.isnan(t) + np.isfinite(k) + np.isposinf(t) + np.signbit(k) + 0.0,
    ],
)  # fmt: skip
@pytest.mark.parametrize("point", [{"t": 1.75, "k": 0.5}, {"t": -0.7, "k": 2.25}, {"t": 2.5, "k": 2.5}])
def test_what_is_traced_computes_the_same(function: Callable[..., Any], point: dict[str, float]) -> None:
    check(function, point)


def test_ufuncs_of_scipy_are_matched_by_name() -> None:
    special = pytest.importorskip("scipy.special")
    program = gridgrad.trace(lambda x: special.erf(x) + special.ndtr(x) * special.expit(x) + special.gammaln(x))
    assert program == gridgrad.parse("erf(x) + norm_cdf(x)*sigmoid(x) + lgamma(x)")
    with pytest.raises(gridgrad.TracingError, match=r"scipy.special.struve, .* can't be traced"):
        gridgrad.trace(lambda x: special.struve(1, x))


def test_lamberts_function_of_scipy_is_traced() -> None:
    special = pytest.importorskip("scipy.special")
    program = gridgrad.trace(lambda x: special.lambertw(x) + special.lambertw(-x, -1) + special.lambertw(2 * x, k=0))
    assert program == gridgrad.parse("lambertw(x) + lambertw(-x, -1) + lambertw(2*x)")
    with pytest.raises(gridgrad.TracingError, match="a branch of lambertw that is not real"):
        gridgrad.trace(lambda x: special.lambertw(x, 1))


@pytest.mark.parametrize("name", ["erfcinv", "dawsn", "expi", "exp1", "spence", "zeta", "ellipk", "ellipkm1", "ellipe"])
def test_functions_of_a_number_are_traced_by_the_names_of_scipy(name: str) -> None:
    special = pytest.importorskip("scipy.special")
    assert gridgrad.trace(lambda x: getattr(special, name)(x)) == gridgrad.parse(f"{name}(x)")


@pytest.mark.parametrize("name", ["beta", "betaln", "owens_t", "ellipkinc", "ellipeinc", "elliprc"])
def test_functions_of_two_are_traced_by_the_names_of_scipy(name: str) -> None:
    special = pytest.importorskip("scipy.special")
    assert gridgrad.trace(lambda x, y: getattr(special, name)(x, y)) == gridgrad.parse(f"{name}(x, y)")


def test_legendres_functions_of_scipy_have_their_degree_first_here() -> None:
    special = pytest.importorskip("scipy.special")
    program = gridgrad.trace(lambda x: special.lpmv(2, 5, x) + special.lpmv(-2, 5, x))
    assert program == gridgrad.parse("assoc_legendre(5, 2, x) + assoc_legendre(5, -2, x)")


def test_functions_of_scipy_with_several_results_are_traced() -> None:
    special = pytest.importorskip("scipy.special")
    program = gridgrad.trace(lambda x: special.sici(x)[1] * special.shichi(x)[0] + special.airy(x)[2])
    assert program == gridgrad.parse("ci(x)*shi(x) + airy_bi(x)")


def test_bessel_functions_of_scipy_are_traced() -> None:
    special = pytest.importorskip("scipy.special")
    program = gridgrad.trace(
        lambda x: special.j0(x) + special.j1(x) * special.jn(3, x) + special.jv(2, x) + special.iv(2, x)
    )
    assert program == gridgrad.parse("j0(x) + j1(x)*jv(3, x) + jv(2, x) + iv(2, x)")
    with pytest.raises(gridgrad.TracingError, match=r"the argument v of jv is no constant, .* write a number"):
        gridgrad.trace(lambda x: special.jv(x, x))
