"""Bounds of whole plans hold against mpmath where formulas cancel, and are inf where nothing can be told."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridgrad.checks.mpmath_reference import partial
from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.compiled.verification.error_bounds import error_bounds
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile

WANTED = ((), (0,), (1,))
ORDERS = ("", "x", "y")
FORMULAS = [
    "(1 - cos(x))/x**2 + y",
    "exp(log(x)) - x + 0*y",
    "3*(sin(x) - x*cos(x))/x**3*y",
    "sin(x**3*y**4)",
    "(x**3 - 3*x*y**2)/(x - y)",
    "a = x/2 + y/(2*x); b = a/2 + y/(2*a); c = b/2 + y/(2*b); c - sqrt(y)",
    "log(gamma(x + 3)) - lgamma(x + 3) + erfc(y) - 1 + erf(y)",
    "where(x > y, x*x - y*y, (x - y)*(x + y))",
]


def engine(text: str, device: CpuDevice, dtype: torch.dtype = torch.float64) -> StructuredEngine:
    return StructuredEngine(parse(text, ("x", "y")), {"x": (0,), "y": (0,)}, 1, WANTED, dtype, device)


def results(direct: StructuredEngine, points: NDArray[np.floating]) -> NDArray[np.floating]:
    out = np.empty((len(WANTED), points.shape[1]), points.dtype)
    inputs = tuple(ArrayValues(each, (0,), 1) for each in points)
    direct.compute([Tile(inputs, Subgrid((0,), points.shape[1:]))], [out])
    return out


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("text", FORMULAS)
def test_no_result_is_off_by_more_than_its_bound(text: str, dtype: torch.dtype, device: CpuDevice) -> None:
    direct = engine(text, device, dtype)
    points = np.random.default_rng(1).uniform(0.02, 2.5, (2, 40)).astype(str(dtype).removeprefix("torch."))
    found = results(direct, points)
    bounds = error_bounds(direct.plain_plan, points.astype(float), dtype)
    told = 0
    for n, (x, y) in enumerate(points.T.tolist()):
        for plane, wrt in enumerate(ORDERS):
            right = partial(parse(text, ("x", "y")), {"x": x, "y": y}, wrt)
            if np.isfinite(bounds[plane, n]):
                told += 1
                assert abs(mpmath.mpf(float(found[plane, n])) - right) <= bounds[plane, n], f"{wrt} at {x}, {y}"
    assert told > 100


def test_a_sum_of_positive_numbers_has_a_small_bound_and_a_difference_that_of_its_terms(device: CpuDevice) -> None:
    points = np.array([[1.0, 1e8], [3.0, 5.0]])
    summed = error_bounds(engine("x + y", device).plain_plan, points, torch.float64)[0]
    assert (summed <= 2.0**-52 * points.sum(0)).all()
    cancelled = error_bounds(engine("(x + y) - x", device).plain_plan, points, torch.float64)[0]
    assert cancelled[1] > 1e6 * cancelled[0] > 0


@pytest.mark.parametrize(
    ("text", "flips"),
    [
        ("where(x*0.1 > y*0.3, 5, 2)", True),
        ("where(x > y, 5, 2)", False),
        ("where(x*0.1 > 4*y and y > 0, 5, 2)", False),
        ("where(x*0.1 > y*0.3 or x > 0, 5, 2)", False),
        ("where(not x*0.1 > y*0.3, 5, 2)", True),
        ("floor(x*0.1/(y*0.3))", True),
    ],
)
def test_what_rounding_decides_may_be_either_side(text: str, flips: bool, device: CpuDevice) -> None:
    bounds = error_bounds(engine(text, device).plain_plan, np.array([[3.0], [1.0]]), torch.float64)
    assert (bounds[0, 0] >= 1) == flips


@pytest.mark.parametrize("text", ["1/(x*0.1 - y*0.3)", "sqrt(x*0.1 - y*0.3)", "log(x*0.1 - y*0.3)", "exp(709.78 + x)"])
def test_nothing_is_told_where_rounding_decides_about_infinity(text: str, device: CpuDevice) -> None:
    at = np.array([[0.0025, 3.0], [1.0, 1.0]])[:, [0 if "exp" in text else 1]]
    bounds = error_bounds(engine(text, device).plain_plan, at, torch.float64)
    assert np.isinf(bounds[0, 0]) or bounds[0, 0] > 1e-9


def test_what_float32_can_hardly_hold_is_not_told(device: CpuDevice) -> None:
    plan = engine("x*y", device).plain_plan
    points = np.array([[1.8e19], [1.8e19]])
    assert np.isinf(error_bounds(plan, points, torch.float32)[0, 0])
    assert np.isfinite(error_bounds(plan, points, torch.float64)[0, 0])
