"""Sums over arrays in every engine and tier, in both dtypes: against numpy and mpmath, with derivatives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from gridgrad.checks.mpmath_reference import partial
from gridgrad.checks.mpmath_tables import calling
from gridgrad_core.errors import RequestError
from gridgrad_core.lang.functions.tabulated import ARRAY
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.tables.table_numbers import TableNumbers
from gridgrad_worker.engines.cuda.source import write_source
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.native.errors import CannotCompileError
from gridgrad_worker.table_store import GivenTables, check_lengths
from gridgrad_worker.torch_ops.lookups import BoundTable
from tests.worker.engines.test_tables import CPU, DEVICE, Case, case, computed

pytestmark = pytest.mark.processor

DRAW = np.random.default_rng(15)
EQUATION = "sum(n*delta**d*tau**t) + sum(m*delta*exp(-(delta - e)**2 - b*(tau - 1.1)**2))"
PARTS = """
s = sum(n*x**d*sum(m*y**b))              # one within another
u = solve(v**3 + v - sum(m*x*e), v, 1)   # and within a search
w = sum(sin(n*y) + 2)*len(d) + sum(n)/len(n)
s, u, w
"""


def array(numbers: Any) -> TableNumbers:
    return TableNumbers(np.asarray(numbers, float), (), ARRAY, "", "not-a-knot")


def arrays(long: int, short: int) -> dict[str, TableNumbers]:
    """As an equation of state has them, of two lengths."""
    draw = np.random.default_rng(long)
    n, m, e = draw.normal(size=long), draw.uniform(0.1, 1, short), draw.uniform(0.5, 1.5, short)
    d, t, b = draw.integers(1, 9, long), draw.uniform(0, 4, long), draw.integers(1, 4, short)
    return {name: array(each) for name, each in {"n": n, "d": d, "t": t, "m": m, "e": e, "b": b}.items()}


def spread(found: Any, delta: Any, tau: Any, given: dict[str, TableNumbers]) -> None:
    """By numpy, with first derivatives."""
    n, d, t, m, e, b = (each.values for each in given.values())
    x, y = delta[:, None, None], tau[None, :, None]
    bell = m * np.exp(-((x - e) ** 2) - b * (y - 1.1) ** 2)
    right = [
        (n * x**d * y**t).sum(-1) + (bell * x).sum(-1),
        (n * d * x ** (d - 1) * y**t).sum(-1) + (bell * (1 - 2 * x * (x - e))).sum(-1),
        (n * x**d * t * y ** (t - 1)).sum(-1) + (bell * x * -2 * b * (y - 1.1)).sum(-1),
    ]
    for plane, each in zip(found, right, strict=True):
        assert_allclose(plane, each, rtol=0, atol=(1e-5 if found.dtype == np.float32 else 1e-13) * np.abs(each).max())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_an_equation_of_state_is_what_numpy_makes_of_it(tmp_path: Path, dtype: str) -> None:
    axes = DRAW.uniform(0.2, 1.5, 21), DRAW.uniform(0.6, 1.8, 37)
    given = arrays(23, 5)
    made = case(tmp_path, EQUATION, given, {"delta": (0,), "tau": (1,)}, [(), (0,), (1,)], dtype)
    for engine in made.engines:
        spread(computed(made, engine, axes), *axes, given)


@pytest.mark.long
def test_terms_that_separate_are_those_of_numpy_however_many_are_alike(tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    n, d, t = draw.normal(size=40), draw.integers(0, 5, 40), draw.integers(0, 9, 40) / 2
    given = {"n": array(n), "d": array(d), "t": array(t), "m": array(np.roll(d, 7))}
    text = "sum(n*x**d*y**t) + sum(n*x**d*y**m), sum(n*x**d*exp(-x**m)*cos(t*y)), sum(p*n*d*x*cos(m*y))"
    dims: dict[str, tuple[int, ...]] = {"x": (0,), "y": (1,), "p": ()}
    made = case(tmp_path, text, given, dims, [(), (0,), (1,), (0, 1)])
    axes = np.linspace(0, 1.5, 21), np.linspace(0, 1.8, 37)
    x, y, m = axes[0][:, None, None], axes[1][:, None], np.roll(d, 7)
    right = [
        (n * x**d * (y**t + y**m)).sum(-1), (n * x**d * np.exp(-(x**m)) * np.cos(t * y)).sum(-1),
        (2.5 * n * d * x * np.cos(m * y)).sum(-1),
    ]  # fmt: skip
    direct = computed(made, "direct", (*axes, np.array(2.5)))
    for name in made.engines:
        found = computed(made, name, (*axes, np.array(2.5)))
        assert_allclose(found[:3], right, rtol=0, atol=1e-13 * np.abs(right).max())
        assert_allclose(found, direct, rtol=0, atol=1e-13 * np.nanmax(np.abs(direct[np.isfinite(direct)])))


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Case:
    given = {name: each for name, each in arrays(7, 4).items() if name != "t"}
    wanted = [(), (0,), (1,), (0, 1), (0, 0), (1, 1, 1), (0, 0, 0, 1)]
    return case(tmp_path_factory.mktemp("parts"), PARTS, given, {"x": (0,), "y": (1,)}, wanted)


def test_parts_of_all_kinds_have_the_derivatives_that_mpmath_finds(parts: Case) -> None:
    axes = np.array([0.5, 1.25]), np.array([0.75, 1.5, 2.0])
    given = {name: array(each.coefficients[0].numpy()) for name, each in zip("ndmeb", parts.direct.tables, strict=True)}
    program = parse(PARTS, (), [each.spec(name) for name, each in given.items()])
    found = {name: computed(parts, name, axes) for name in parts.engines}
    for plane, wrt in enumerate(parts.job.wanted):
        for component in (0, 2):
            for i, j in np.ndindex(2, 3):
                point = {"x": axes[0][i], "y": axes[1][j]}
                with calling([*given.values()]), mp.workdps(50):
                    right = float(partial(program, point, ["xy"[n] for n in wrt], component, digits=60))
                for each in found.values():
                    assert each[plane * 3 + component, i, j] == pytest.approx(right, rel=1e-11, abs=1e-11)


def test_a_search_through_a_sum_ends_at_its_root(parts: Case) -> None:
    x = np.array([0.5, 1.25])
    _, _, m, e, _ = (each.coefficients[0].numpy() for each in parts.direct.tables)
    for name in parts.engines:
        _, root, _, _, slope, *_ = computed(parts, name, (x, np.array([1.0])))[..., 0]
        assert_allclose(root**3 + root, (m * e).sum() * x, rtol=1e-14)
        assert_allclose(slope, (m * e).sum() / (3 * root**2 + 1), rtol=1e-14)


def test_company_changes_no_bit(parts: Case) -> None:
    axes = DRAW.uniform(0.2, 1.5, 70), DRAW.uniform(0.6, 1.8, 33)
    for name in ("direct", "compiled"):
        if name in parts.engines:
            whole = computed(parts, name, axes)
            assert_array_equal(computed(parts, name, axes, (3, 5), (41, 11)), whole[:, 3:44, 5:16])
            alone = computed(parts, name, (axes[0][:1], axes[1][:1]))
            assert_array_equal(alone[:, 0, 0], whole[:, 0, 0])


def test_a_number_that_is_nan_is_in_the_sum(tmp_path: Path) -> None:
    made = case(tmp_path, "sum(n*x), sum(d*x)", {"n": array([1, np.nan]), "d": array([1, np.inf])}, {"x": (0,)}, [()])
    for name in made.engines:
        assert_array_equal(computed(made, name, [np.array([-1.0, 2.0])]), [[np.nan] * 2, [-np.inf, np.inf]])


def test_arrays_of_one_sum_are_of_one_length() -> None:
    given = [array([1.0, 2.0]), array([1.0, 2.0, 3.0])]
    specs = tuple(each.spec(name) for each, name in zip(given, "nd", strict=True))
    bound = tuple(BoundTable.of(each, torch.float64, CPU) for each in given)
    check_lengths(parse("sum(n*x) + sum(d*x)", (), specs).nodes, GivenTables(specs, bound, ""))
    for text in ("sum(n*x*d)", "sum(n*sum(x*d*n))", "solve(sum(n*d) - x, x, 1)"):
        with pytest.raises(RequestError, match="n of 2 numbers and d of 3"):
            check_lengths(parse(text, (), specs).nodes, GivenTables(specs, bound, ""))


def test_a_gpu_computes_them_by_the_direct_tier() -> None:
    program = parse("sum(n*x)", ["x"], [array([1.0]).spec("n")])
    direct = StructuredEngine(program, {"x": (0,)}, 1, [()], torch.float64, DEVICE)
    with pytest.raises(CannotCompileError, match="sums over arrays"):
        write_source(direct.plan, 1, torch.float64)
