"""Equations are solved in every engine and tier: against closed forms and mpmath, to order 4, in any company."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from numpy.typing import NDArray

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.compiled.codegen.build import build, source_of
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.make import engine_of
from gridgrad_worker.engines.compiled.verification.verify import verify
from gridgrad_worker.engines.functional.expressions import expression_engine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.native.toolchain import compiler_version
from tests.worker.engines.cuda.both_tiers import Both
from tests.worker.engines.cuda.emulated import needs_gcc

pytestmark = pytest.mark.processor

Array = NDArray[np.floating[Any]]
Compute = Callable[[Sequence[Tile], Sequence[Array]], None]

TO_FOURTH = [each for n in range(5) for each in itertools.combinations_with_replacement((0, 1), n)]
KEPLER = "solve(E - e*sin(E) - M, E, M)"
ALL = f"""
k = {KEPLER}
s = solve(s_**2 - M - e, s_, 0, 100)
x = solve((u**2 + v**2 - (M + 4), u*v - e), (u, v), (0.9, 2.1), u)
n = solve(solve(w**3 - z*M, w, z) - (1 + e), z, 1)
y = solve(y_**5.5 + y_**7 - (1 + M), y_, 1)
h = solve(g**2 + e - 0.3, g, 0, 2)
k, s, x, n, y, h
"""
"""From a guess, between bounds, systems, one in another, powers, and one that has no root at half of the points."""


def tile(*axes: Sequence[float] | Array) -> Tile:
    values = tuple(ArrayValues(np.array(axis), (dim,), len(axes)) for dim, axis in enumerate(axes))
    return Tile(values, Subgrid((0,) * len(axes), tuple(map(len, axes))))


def computed(engine: Any, planes: int, tiles: Sequence[Tile], dtype: str = "float64") -> list[Array]:
    outs: list[Array] = [np.full((planes, each.subgrid.points), 12345.0, dtype) for each in tiles]
    engine.compute(tiles, outs)
    return outs


def direct_of(
    cpu: CpuDevice, text: str, names: tuple[str, ...], wanted: Sequence[tuple[int, ...]], dtype: str = "float64"
) -> tuple[CompileJob, StructuredEngine]:
    dims = tuple((n,) for n in range(len(names)))
    job = CompileJob(text, names, dims, len(names), tuple(wanted), dtype, "cpu")
    return job, StructuredEngine(job.program(), job.inputs, job.ndim, job.wanted, job.torch_dtype, cpu)


@pytest.fixture(scope="module")
def both(cpu: CpuDevice, tmp_path_factory: pytest.TempPathFactory) -> tuple[CompileJob, StructuredEngine, Any]:
    """All forms, compiled, with first and mixed derivatives."""
    if compiler_version() is None:
        pytest.skip("there is no C++ compiler")
    job, direct = direct_of(cpu, ALL, ("M", "e"), [(), (0,), (1,), (0, 1)])
    return job, direct, engine_of(job, direct, build(source_of(job, direct), tmp_path_factory.mktemp("solved")))


@pytest.mark.parametrize("engine", ["direct", "functional"])
def test_keplers_equation_to_fourth_order(cpu: CpuDevice, engine: str) -> None:
    job, direct = direct_of(cpu, KEPLER, ("M", "e"), TO_FOURTH)
    functional = expression_engine(job.program(), job.names, TO_FOURTH, job.torch_dtype, cpu)
    means, eccentricities = (0.1, 2.0), (0.0, 0.9)
    (found,) = computed(direct if engine == "direct" else functional, len(TO_FOURTH), [tile(means, eccentricities)])
    for plane, wanted in zip(found, TO_FOURTH, strict=True):
        right = [kepler(mean, e, wanted) for mean in means for e in eccentricities]
        np.testing.assert_allclose(plane, right, rtol=1e-12, atol=1e-13)


@functools.cache
def kepler(mean: float, e: float, wanted: tuple[int, ...]) -> float:
    """By mpmath's own root finding and differences."""

    def anomaly(m: Any, e: Any) -> Any:
        return mp.findroot(lambda x: x - e * mp.sin(x) - m, (m + e, m + e / 2), tol=mp.mpf(10) ** (5 - 2 * mp.mp.dps))

    with mp.workdps(50):
        return float(
            mp.diff(anomaly, (mp.mpf(mean), mp.mpf(e)), (wanted.count(0), wanted.count(1)), h=mp.mpf(10) ** -8)
        )


VOLATILITY = """
d1 = (log(S/K) + (r + s**2/2)*T)/(s*sqrt(T))
call = S*norm_cdf(d1) - K*exp(-r*T)*norm_cdf(d1 - s*sqrt(T))
solve(call - price, s, 0.01, 3)
"""


def test_implied_volatilities_with_their_greeks_to_second_order(cpu: CpuDevice) -> None:
    names, point = ("price", "S", "K", "T", "r"), (10.0, 100.0, 95.0, 0.5, 0.02)
    orders = [each for n in range(3) for each in itertools.combinations_with_replacement(range(5), n)]
    _, direct = direct_of(cpu, VOLATILITY, names, orders)
    (found,) = computed(direct, len(orders), [tile(*[[each] for each in point])])

    def volatility(price: Any, spot: Any, strike: Any, time: Any, rate: Any) -> Any:
        def call(s: Any) -> Any:
            d1 = (mp.log(spot / strike) + (rate + s**2 / 2) * time) / (s * mp.sqrt(time))
            return spot * mp.ncdf(d1) - strike * mp.exp(-rate * time) * mp.ncdf(d1 - s * mp.sqrt(time)) - price

        return mp.findroot(call, mp.mpf("0.24"))

    with mp.workdps(40):
        at = tuple(mp.mpf(each) for each in point)
        right = [
            float(mp.diff(volatility, at, tuple(map(each.count, range(5))), h=mp.mpf(10) ** -9)) for each in orders
        ]
    np.testing.assert_allclose(found[:, 0], right, rtol=1e-11)


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-12), ("float32", 1e-5)])
@pytest.mark.parametrize("text", ["solve(x**2 - p, x, 1)", "solve(x**2 - p, x, 0, 1e4)"])
def test_square_roots_to_fourth_order(cpu: CpuDevice, text: str, dtype: str, rtol: float) -> None:
    orders = [(0,) * n for n in range(5)]
    _, direct = direct_of(cpu, text, ("p",), orders, dtype)
    points = np.geomspace(1e-4, 1e6, 64)
    (found,) = computed(direct, 5, [tile(points)], dtype)
    factor = 1.0
    for order, plane in enumerate(found):
        np.testing.assert_allclose(plane, factor * points ** (0.5 - order), rtol=rtol)
        factor *= 0.5 - order


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "text", ["solve(x**2 - p, x, 1)", "solve(x**2 - p, x, -1, 3)", "solve(x**2 - 2*x + 1 - p, x, 3)"]
)
def test_a_double_root_has_no_finite_slope(cpu: CpuDevice, text: str, dtype: str) -> None:
    _, direct = direct_of(cpu, text, ("p",), [(), (0,), (0, 0)], dtype)
    (found,) = computed(direct, 3, [tile([0.0, -1.0])], dtype)
    assert not np.isfinite(found[1:]).any()
    assert np.isnan(found[0][1])


def test_a_system_has_the_derivatives_of_a_book(cpu: CpuDevice) -> None:
    text = "solve((x**2 + y**2 - p, x*y - q), (x, y), (0.9, 2.1), x)"
    _, direct = direct_of(cpu, text, ("p", "q"), [(), (0,), (0, 0), (0, 1), (1, 1)])
    (found,) = computed(direct, 5, [tile([5.0], [2.0])])
    np.testing.assert_allclose(found[:, 0], [1, -1 / 6, 13 / 108, -7 / 27, 13 / 27], rtol=1e-13)


def test_solutions_under_diff_and_in_expressions(cpu: CpuDevice) -> None:
    text = "x = solve(exp(x_) - p, x_, 0); p*diff(x, p) + diff(x**2, p, 2)"
    _, direct = direct_of(cpu, text, ("p",), [()])
    (found,) = computed(direct, 1, [tile([0.5, 2.0, 9.0])])
    np.testing.assert_allclose(found[0], [1 + (2 - 2 * math.log(p)) / p**2 for p in (0.5, 2.0, 9.0)], rtol=1e-13)


def test_compiled_code_agrees_with_the_direct_tier(both: tuple[CompileJob, StructuredEngine, Any]) -> None:
    job, direct, compiled = both
    verify(job, direct, compiled.compute)
    grid = tile(np.linspace(0.05, 6.0, 45), np.linspace(0.0, 0.95, 21))
    planes = len(direct.plan.outputs)
    (right,), (found,) = computed(direct, planes, [grid]), computed(compiled, planes, [grid])
    np.testing.assert_array_equal(np.isnan(found), np.isnan(right))
    np.testing.assert_allclose(found, right, rtol=1e-10, atol=1e-13)
    components = len(parse(ALL, ("M", "e")).components)
    assert not np.isnan(right[: components - 1]).any()
    assert np.isnan(right[components - 1]).any()


def test_company_changes_no_bit_of_either_tier(both: tuple[CompileJob, StructuredEngine, Any]) -> None:
    _, direct, compiled = both
    random = np.random.default_rng(3)
    tiles = [
        tile(random.uniform(0.1, 6, n), random.uniform(0, 0.9, m)) for n, m in [(1, 1), (33, 20), (5, 130), (64, 2)]
    ]
    planes = len(direct.plan.outputs)
    for engine in (direct, compiled):
        together = computed(engine, planes, tiles)
        for each, got in zip(tiles, together, strict=True):
            (alone,) = computed(engine, planes, [each])
            np.testing.assert_array_equal(got, alone)


@needs_gcc
def test_kernels_for_gpus_agree_with_the_direct_tier(cpu: CpuDevice) -> None:
    text = f"{KEPLER}, solve(x**2 - M - e, x, 0, 100), solve(y**5.5 + y**7 - (1 + M), y, 1)"
    emulated = Both(cpu, text, {"M": (0,), "e": (1,)}, 2, [(), (0,)])
    emulated.compare([tile([0.1, 2.0, 5.0], [0.0, 0.4, 0.9])], 1e-12)


def test_what_a_compile_job_carries_is_the_same_program() -> None:
    job = CompileJob(str(parse(ALL, ("M", "e"))), ("M", "e"), ((0,), (1,)), 2, ((),), "float64", "cpu")
    assert CompileJob.from_json(job.to_json()).program() == parse(ALL, ("M", "e"))
