"""Distributions of large parameters, which are narrow, and what any argument may take."""

from __future__ import annotations

import itertools
import time
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import torch

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.library.library_table import LIBRARY
from gridgrad_worker.native.library_functions import VALUES
from tests.worker.native.test_library_functions import ORDERS

CLOSE = 5e-14
EXTREMES = (
    0.0, -0.0, 5e-324, 7e-310, 1e-300, -1e-300, 1e-160, 1e-20, 1e-8, 0.3, 1.0, 1 - 1e-16, 1 + 1e-15, 2.5, -0.7, -3.0,
    30.0, 700.0, -1e3, 1e5, 1e7, -1e8, 1e12, 1e16, 1e40, 1e155, 1e300, -1e300, np.inf, -np.inf, np.nan,
)  # fmt: skip
MOST_S = 2e-4
"""Processor time of a point, on average: some thirty times what they take."""
FEW = [(2e4, -6), (1e6, 6), (1e12, 0.5)]
MORE = [pytest.param(*each, marks=pytest.mark.long) for each in itertools.product((2e4, 1e6, 1e10, 1e15), (0.5, -3, 6))]
PAIRS = [(1.1e3, 1.2e3, -3), (1e5, 1e4, 6), (1e16, 2e16, 0.5)]
MORE_PAIRS = [
    pytest.param(*pair, z, marks=pytest.mark.long)
    for pair in ((1e4, 1e5), (1e6, 1e6), (1e10, 1e10), (1e8, 1.1e3), (2e3, 1e12), (1e18, 1e17))
    for z in (0.5, -3, 6)
]


def value(name: str, *arguments: float) -> float:
    return float(VALUES[name](*[torch.tensor(each, dtype=torch.float64) for each in arguments]))


def beyond(logarithm: Any, x: Any, width: Any, side: int) -> Any:
    """The integral of exp(logarithm) from x on to one side, where it falls within some widths."""
    return mp.quad(lambda t: mp.exp(logarithm(x + side * t)), mp.linspace(0, 15 * width, 26))


def assert_close(found: float, right: Any) -> None:
    assert abs(mp.mpf(found) / right - 1) <= CLOSE


@pytest.mark.parametrize(("a", "z"), [*FEW, *MORE])
def test_incomplete_gamma_functions_of_large_shapes(a: float, z: float) -> None:
    x = a + z * a**0.5
    with mp.workdps(45):
        constant, shape = mp.loggamma(a), mp.mpf(a)
        tail = beyond(lambda t: (shape - 1) * mp.log(t) - t - constant, mp.mpf(x), mp.sqrt(a), 1 if z > 0 else -1)
        lower, upper = (1 - tail, tail) if z > 0 else (tail, 1 - tail)
        assert_close(value("gammainc", a, x), lower)
        assert_close(value("gammaincc", a, x), upper)
        if z < 3:  # else the lower part has few digits of the upper one
            assert_close(value("gammaincinv", a, float(lower)), mp.mpf(x))


def of_beta(p: Any, q: Any, x: Any) -> Any:
    """The part up to x of a distribution that is narrow."""
    constant, width = mp.loggamma(p) + mp.loggamma(q) - mp.loggamma(p + q), mp.sqrt(p * q / (p + q) ** 3)
    above = x > p / (p + q)
    tail = beyond(lambda t: (p - 1) * mp.log(t) + (q - 1) * mp.log1p(-t) - constant, x, width, 1 if above else -1)
    return 1 - tail if above else tail


@pytest.mark.parametrize(("a", "b", "z"), [*PAIRS, *MORE_PAIRS])
def test_incomplete_beta_functions_of_large_parameters(a: float, b: float, z: float) -> None:
    x = a / (a + b) + z * (a * b / (a + b) ** 3) ** 0.5
    above = x > a / (a + b)
    with mp.workdps(60):
        lower = of_beta(mp.mpf(a), mp.mpf(b), mp.mpf(x))
        assert_close(value("betainc", a, b, x), lower)
        if not above or z < 3:
            assert_close(value("betaincinv", a, b, float(lower)), mp.mpf(x))


@pytest.mark.parametrize("b", [2e6, pytest.param(1e4, marks=pytest.mark.long)])
def test_derivatives_of_the_incomplete_beta_function_by_large_parameters(b: float) -> None:
    a, x = 1e6, 1e6 / (1e6 + b) - 3 * (1e6 * b / (1e6 + b) ** 3) ** 0.5
    with mp.workdps(50):
        step = mp.mpf(10) ** -9
        by_a, by_b = (
            (of_beta(a + h, b + k, mp.mpf(x)) - of_beta(a - h, b - k, mp.mpf(x))) / (2 * step)
            for h, k in ((step, mp.mpf(0)), (mp.mpf(0), step))
        )
        for orders, right in (((1, 0, 0), by_a), ((0, 1, 0), by_b)):
            found = VALUES["betainc_partial"](*orders, *[torch.tensor(each, dtype=torch.float64) for each in (a, b, x)])
            assert abs(mp.mpf(float(found)) / right - 1) < 1e-12


@pytest.mark.parametrize("name", LIBRARY)
def test_no_point_takes_long(name: str) -> None:
    random = np.random.default_rng(2)
    constants = (FUNCTIONS[name].kinds or ()).count("constant")
    count = LIBRARY[name].numbers - constants
    own = [torch.tensor(each, dtype=torch.float64) for each in (2.5, -7.5)[:constants]]
    orders = (*ORDERS.get(name, ()), *own)
    all_of_them = np.array(list(itertools.product(EXTREMES, repeat=count)) if count < 3 else [
        random.choice(EXTREMES, count) for _ in range(900)
    ])  # fmt: skip
    arguments = [torch.from_numpy(np.ascontiguousarray(column)) for column in all_of_them.T]
    VALUES[name](*orders, *[each[:1] for each in arguments])
    began = time.thread_time()
    VALUES[name](*orders, *arguments)
    assert (time.thread_time() - began) / len(all_of_them) <= MOST_S
