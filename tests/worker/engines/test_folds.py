"""Sums, products and integrals in every engine and tier: against closed forms and mpmath, with derivatives."""

from __future__ import annotations

import math
from typing import Any

import mpmath as mp
import numpy as np
import pytest

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.compiled.codegen.build import build, source_of
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.make import engine_of
from gridgrad_worker.engines.compiled.verification.verify import verify
from gridgrad_worker.engines.functional.expressions import expression_engine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.native.toolchain import compiler_version
from tests.worker.engines.cuda.both_tiers import Both
from tests.worker.engines.cuda.emulated import needs_gcc
from tests.worker.engines.test_solving import computed, direct_of, tile

pytestmark = pytest.mark.processor

ORDERS = [(0,) * n for n in range(5)]
ALL = """
s = sum(x**i/i, i, 1, 90)
m = sum(cos(i*x)*y, i, 1, floor(9*y))
p = prod(1 + x*y/i**2, i, 1, 80)
q = integrate(exp(-u**2*x), u, y, 2*x + 1, 20)
s, m, p, q
"""


def values(cpu: CpuDevice, text: str, points: list[float], orders: Any = ORDERS, dtype: str = "float64") -> Any:
    _, direct = direct_of(cpu, text, ("x",), orders, dtype)
    (found,) = computed(direct, len(orders), [tile(points)], dtype)
    return found


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-12), ("float32", 2e-5)])
def test_a_long_sum_is_the_geometric_series(cpu: CpuDevice, dtype: str, rtol: float) -> None:
    points = [-0.5, 0.0, 0.25, 0.5]
    found = values(cpu, "sum(x**i, i, 0, 400)", points, dtype=dtype)
    for order, plane in enumerate(found):
        np.testing.assert_allclose(plane, [math.factorial(order) / (1 - x) ** (order + 1) for x in points], rtol=rtol)


@pytest.mark.parametrize("text", ["sum(i*x, i, 5, 2)", "sum(i*x, i, 5, 2 + 0*x)", "1 - prod(i*x, i, 5, 2 + 0*x)"])
def test_from_above_to_below_there_is_nothing(cpu: CpuDevice, text: str) -> None:
    assert not values(cpu, text, [3.0], [(), (0,)]).any()


def test_bounds_that_are_no_integers_or_too_far_apart_have_no_sum(cpu: CpuDevice) -> None:
    points = [2.0, 2.5, math.nan, math.inf, 9999.0, 20000.0]
    found = values(cpu, "sum(i, i, 0, x)", points, [()])[0]
    np.testing.assert_array_equal(np.isnan(found), [False, True, True, True, False, True])
    assert found[0] == 3
    assert found[4] == 9999 * 10000 / 2


def test_a_product_with_a_factor_that_vanishes_is_derived_without_dividing(cpu: CpuDevice) -> None:
    """Of x·(x - 1)·…·(x - 69)."""
    found = values(cpu, "prod(x - i, i, 0, 69)*1e-90", [0.0, 3.0, 2.5], ORDERS[:2])
    with mp.workdps(60):
        for column, x in enumerate((0.0, 3.0, 2.5)):
            for order in range(2):
                right: Any = mp.diff(seventy, mp.mpf(x), order, h=mp.mpf(10) ** -20)
                assert found[order][column] == pytest.approx(float(right) * 1e-90, rel=1e-12, abs=1e-300)


def seventy(x: Any) -> Any:
    return mp.fprod([x - i for i in range(70)])


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_text_of_a_derivative_of_a_product_computes_it(cpu: CpuDevice, order: int) -> None:
    """Of (x - 1)·…·(x - 5), at two of its zeros and between."""
    text = parse(f"diff(prod(x - i, i, 1, 5 + 0*x), x, {order})").text
    points = [1.0, 4.0, 2.5]
    found = values(cpu, text, points, [()])[0]
    with mp.workdps(80):
        for got, x in zip(found, points, strict=True):
            series: Any = mp.taylor(lambda at: mp.fprod([at - i for i in range(1, 6)]), mp.mpf(x), order)
            assert got == pytest.approx(float(series[order] * mp.factorial(order)), rel=1e-11)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (
            "sum(sum(i*x, i, 1, 80) + i, i, 1, 70)",
            lambda x: sum(sum(j * x for j in range(1, 81)) + i for i in range(1, 71)),
        ),
        (
            "f(m) = sum(i*x + m**2, i, 1, 70 + m)\nsum(f(i), i, 1, 66)",
            lambda x: sum(j * x + i * i for i in range(1, 67) for j in range(1, 71 + i)),
        ),
    ],
)
def test_sums_with_the_same_index_stay_apart(cpu: CpuDevice, text: str, right: Any) -> None:
    points = [-1.0, 0.25, 2.0]
    for each in (text, parse(text).text):
        np.testing.assert_allclose(values(cpu, each, points, [()])[0], [right(x) for x in points], rtol=1e-13)


def test_an_integral_with_leibnizs_rule(cpu: CpuDevice) -> None:
    points = [-1.0, 0.0, 0.5, 2.0]
    found = values(cpu, "integrate(exp(-u**2), u, 0, x)", points)
    np.testing.assert_allclose(found[0], [math.sqrt(math.pi) / 2 * math.erf(x) for x in points], rtol=1e-14)
    bell = np.exp(-np.square(points))
    np.testing.assert_allclose(found[1], bell, rtol=1e-13)
    np.testing.assert_allclose(found[2], -2 * np.array(points) * bell, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("integrate(exp(-x*u**2), u, -inf, inf, 200)", lambda x: math.sqrt(math.pi / x)),
        ("integrate(u*exp(-x*u), u, 0, inf, 200)", lambda x: 1 / x**2),
        ("integrate(exp(x*u), u, -inf, x, 200)", lambda x: math.exp(x * x) / x),
    ],
)
def test_infinite_bounds_are_mapped(cpu: CpuDevice, text: str, right: Any) -> None:
    points = [0.7, 1.0, 1.5]
    found = values(cpu, text, points, [()])[0]
    np.testing.assert_allclose(found, [right(x) for x in points], rtol=1e-10)


@pytest.fixture(scope="module")
def both(cpu: CpuDevice, tmp_path_factory: pytest.TempPathFactory) -> tuple[CompileJob, StructuredEngine, Any]:
    """All of them, compiled."""
    if compiler_version() is None:
        pytest.skip("there is no C++ compiler")
    job, direct = direct_of(cpu, ALL, ("x", "y"), [(), (0,), (1,)])
    return job, direct, engine_of(job, direct, build(source_of(job, direct), tmp_path_factory.mktemp("folds")))


def test_all_tiers_and_engines_agree(cpu: CpuDevice, both: tuple[CompileJob, StructuredEngine, Any]) -> None:
    job, direct, compiled = both
    verify(job, direct, compiled.compute)
    functional = expression_engine(job.program(), job.names, job.wanted, job.torch_dtype, cpu)
    grid = tile(np.linspace(0.05, 0.9, 11), np.linspace(0.1, 2.0, 7))
    right, found, other = (computed(each, 12, [grid])[0] for each in (direct, compiled, functional))
    assert not np.isnan(right).any()
    np.testing.assert_allclose(found, right, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(other, right, rtol=1e-11, atol=1e-13)


def test_company_changes_no_bit(both: tuple[CompileJob, StructuredEngine, Any]) -> None:
    _, direct, compiled = both
    random = np.random.default_rng(3)
    tiles = [tile(random.uniform(0.1, 0.9, n), random.uniform(0.1, 2, m)) for n, m in [(1, 1), (33, 20), (5, 130)]]
    for engine in (direct, compiled):
        for each, got in zip(tiles, computed(engine, 12, tiles), strict=True):
            np.testing.assert_array_equal(got, computed(engine, 12, [each])[0])


@needs_gcc
def test_kernels_for_gpus_agree_with_the_direct_tier(cpu: CpuDevice) -> None:
    text = "sum(x**i/i, i, 1, 70) + integrate(exp(-u**2*x), u, y, 2, 9)"
    emulated = Both(cpu, text, {"x": (0,), "y": (1,)}, 2, [(), (0,)])
    emulated.compare([tile([0.1, 0.5], [0.0, 0.4, 0.9])], 1e-12)
