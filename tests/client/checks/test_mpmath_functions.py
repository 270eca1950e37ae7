"""mpmath's values of the language's functions: there is one for each, and what is not elementary is right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridgrad_core.lang.functions.table import FUNCTIONS

pytest.importorskip("mpmath")

import mpmath as mp

from gridgrad.checks.mpmath_functions import VALUES, call


def test_each_function_of_the_language_has_values_and_no_other() -> None:
    assert set(VALUES) == set(FUNCTIONS)


@pytest.mark.parametrize("x", [-2.5, -0.2, 0.0, 0.25, 1.75])
@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("sinc_derivative", mp.sincpi),
        ("erfcx_derivative", lambda x: mp.exp(x * x) * mp.erfc(x)),
        ("log_norm_cdf_derivative", lambda x: mp.log(mp.ncdf(x))),
    ],
)
def test_recurrences_are_the_derivatives_that_mpmath_finds(name: str, base: Any, n: int, x: float) -> None:
    with mp.workdps(50):
        assert mp.almosteq(call(name, mp.mpf(n), mp.mpf(x)), mp.diff(base, mp.mpf(x), n), 1e-20, 1e-20)


@pytest.mark.parametrize("p", [1e-200, 1e-10, 0.05, 0.3, 0.5, 0.8, 0.999])
def test_the_quantile_is_the_inverse_of_the_distribution(p: float) -> None:
    with mp.workdps(50):
        assert mp.almosteq(mp.ncdf(call("norm_ppf", mp.mpf(p))), mp.mpf(p), 1e-40)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("log", (-1,)), ("sqrt", (-1,)), ("arcsin", (2,)), ("gamma", (-2,)), ("div", (1, 0)), ("norm_ppf", (1.5,))],
)
def test_where_there_is_no_real_value_it_is_nan(name: str, arguments: tuple[float, ...]) -> None:
    assert mp.isnan(call(name, *map(mp.mpf, arguments)))


@pytest.mark.parametrize("name", ["fmax", "fmin", "maximum", "pow", "isnan", "where", "add"])
def test_nan_is_treated_as_numpy_treats_it(name: str) -> None:
    arguments = {"isnan": [np.nan], "where": [False, np.nan, 2.0], "pow": [np.nan, 0.0]}.get(name, [np.nan, 2.0])
    theirs: Any = getattr(np, {"pow": "power"}.get(name, name))
    ours = call(name, *[each if isinstance(each, bool) else mp.mpf(each) for each in arguments])
    np.testing.assert_equal(float(ours), float(theirs(*arguments)))
