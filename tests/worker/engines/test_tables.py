"""Tables in every engine and tier, in both dtypes, against scipy, to order 4 and mixed."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline, RectBivariateSpline, make_interp_spline

from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.tables.table_numbers import TableNumbers
from gridgrad_worker.devices.open import open_device
from gridgrad_worker.engines.compiled.codegen.build import build, digest_of, source_of
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.make import engine_of
from gridgrad_worker.engines.compiled.verification.verify import verify
from gridgrad_worker.engines.functional.expressions import expression_engine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, LinspaceValues, Subgrid, Tile
from gridgrad_worker.native.toolchain import compiler_version
from gridgrad_worker.torch_ops.lookups import BoundTable, sample_tables

pytestmark = pytest.mark.processor

DRAW = np.random.default_rng(5)
CPU = torch.device("cpu")
DEVICE = open_device("cpu", 2)
RELATIVE = {"float64": 1e-13, "float32": 3e-5}
Array = NDArray[Any]


class Case(NamedTuple):
    """An expression with its tables.

    Args:
        job: what it is.
        direct: its direct tier.
        engines: each engine and tier, by name.
    """

    job: CompileJob
    direct: StructuredEngine
    engines: dict[str, Any]


def case(
    folder: Path, text: str, tables: dict[str, TableNumbers], dims: dict[str, tuple[int, ...]],
    wanted: Sequence[tuple[int, ...]], dtype: str = "float64",
) -> Case:  # fmt: skip
    specs = tuple(table.spec(name) for name, table in tables.items())
    program = parse(text, list(dims), specs)
    ndim = 1 + max(dim for own in dims.values() for dim in own)
    job = CompileJob(program.text, tuple(dims), tuple(dims.values()), ndim, tuple(wanted), dtype, "cpu", None, specs)
    bound = [BoundTable.of(table.checked("t"), job.torch_dtype, CPU) for table in tables.values()]
    direct = StructuredEngine(program, job.inputs, ndim, job.wanted, job.torch_dtype, DEVICE, bound)
    functional = expression_engine(program, job.names, job.wanted, job.torch_dtype, DEVICE, bound)
    engines = {"direct": direct, "functional": functional}
    if compiler_version() is not None:
        samples = sample_tables(specs, job.torch_dtype)
        sampled = StructuredEngine(program, job.inputs, ndim, job.wanted, job.torch_dtype, DEVICE, samples)
        assert digest_of(sampled) == digest_of(direct), "what is compiled depends on numbers"
        # A library that is loaded must not be written to again
        library = build(source_of(job, sampled), Path(tempfile.mkdtemp(dir=folder)))
        verify(job, sampled, engine_of(job, sampled, library, separating=False).compute)
        engines["compiled"] = engine_of(job, direct, library, separating=direct.guard is not None)
    return Case(job, direct, engines)


def computed(
    case: Case, name: str, inputs: Sequence[Array], start: Sequence[int] = (), shape: Sequence[int] = ()
) -> Array:
    job = case.job
    values = [ArrayValues(np.asarray(x, job.dtype), dims, job.ndim) for x, dims in zip(inputs, job.dims, strict=True)]
    lengths = tuple(max(each.lengths[dim] for each in values) for dim in range(job.ndim))
    shape = tuple(shape) or lengths
    out = np.full((len(job.wanted) * len(job.program().outputs), math.prod(shape)), np.nan, job.dtype)
    case.engines[name].compute([Tile(tuple(values), Subgrid(tuple(start) or (0,) * job.ndim, shape))], [out])
    return out.reshape(-1, *shape)


def near(found: Array, expected: Array, dtype: str) -> None:
    """Near to rounding of the largest of each plane, and nan where it is."""
    for plane, right in zip(found, expected, strict=True):
        np.testing.assert_allclose(plane, right, rtol=0, atol=RELATIVE[dtype] * np.nanmax(np.abs(right)))


X = np.cumsum(DRAW.uniform(0.2, 1.4, 30))
EVEN = np.linspace(X[0], X[-1], 41)
Y, Z = DRAW.normal(size=30), DRAW.normal(size=41)
MET = np.append(Z[:-1], Z[0])
EDGES = np.concatenate([X, np.nextafter(X, 99), np.nextafter(X, -99), EVEN, [np.nan, np.inf, -np.inf]])
POINTS = np.concatenate([np.linspace(X[0] - 3, X[-1] + 3, 777), EDGES])
MODES = {
    "E": TableNumbers(Y, (X,), "cubic", "extrapolate", "not-a-knot"),
    "N": TableNumbers(Z, (EVEN,), "cubic", "nan", "natural"),
    "C": TableNumbers(Y, (X,), "cubic", "clamp", "not-a-knot"),
    "P": TableNumbers(MET, (EVEN,), "cubic", "periodic", "periodic"),
}


def expected_of_modes(x: Array, order: int) -> Array:
    """By scipy; beyond the ends of what is held all derivatives are 0."""
    first, last = X[0], X[-1]
    inside = (x >= first) & (x <= last)
    held = CubicSpline(X, Y)(np.clip(x, first, last), order)
    return np.stack([
        CubicSpline(X, Y)(x, order),
        CubicSpline(EVEN, Z, bc_type="natural", extrapolate=False)(x, order),
        np.where(inside | np.isnan(x), held, 0.0) if order else held,
        CubicSpline(EVEN, MET, bc_type="periodic")(x, order),
    ])  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.long)])
def test_one_argument_in_every_mode(tmp_path: Path, dtype: str) -> None:
    """In float32 places are a hair beside knots, where rounding would make them others."""
    orders = [(0,) * order for order in range(5)]
    made = case(tmp_path, "E(x), N(x), C(x), P(x)", MODES, {"x": (0,)}, orders, dtype)
    x = POINTS if dtype == "float64" else np.linspace(X[0] - 3, X[-1] + 3, 777) + 0.001
    finite = np.isfinite(x)
    expected = np.concatenate([expected_of_modes(x[finite], order) for order in range(5)])
    for name in made.engines:
        found = computed(made, name, [x])
        told = 20 if dtype == "float64" else 12
        near(found[:told, finite], expected[:told], dtype)
        assert np.isnan(found[:, np.isnan(x)]).all()
    first, *others = (computed(made, name, [x]) for name in made.engines)
    assert all(np.array_equal(first, each, equal_nan=True) for each in others), "they are computed in one order"
    spaced, grid = LinspaceValues(1.0, 9.0, 1000, 0, 1), np.linspace(1, 9, 1000).astype(dtype)
    for name, engine in made.engines.items():
        out = np.empty((20, 1000), dtype)
        engine.compute([Tile((spaced,), Subgrid((0,), (1000,)))], [out])
        assert np.array_equal(out, computed(made, name, [grid]), equal_nan=True)


def test_an_argument_that_is_an_expression(tmp_path: Path) -> None:
    table = TableNumbers(Y, (X,), "cubic", "nan", "not-a-knot")
    made = case(tmp_path, "V(2*sin(x) + 6)*exp(-x) + V(5)", {"V": table}, {"x": (0,)}, [(), (0,), (0, 0)])
    x = np.linspace(0, 3, 200)
    at, spline, e = 2 * np.sin(x) + 6, CubicSpline(X, Y), np.exp(-x)
    v, slope = spline(at), spline(at, 1) * 2 * np.cos(x)
    curve = spline(at, 2) * 4 * np.cos(x) ** 2 - spline(at, 1) * 2 * np.sin(x)
    expected = np.stack([v * e + spline(5.0), (slope - v) * e, (curve - 2 * slope + v) * e])
    for name in made.engines:
        near(computed(made, name, [x]), expected, "float64")


@pytest.mark.long
def test_inside_of_equations_sums_and_integrals(tmp_path: Path) -> None:
    slope = np.array([2.0, 1.5, 1.0, 1.2, 2.5, 1.0, 3.0])
    rising = TableNumbers(np.cumsum(slope), (np.arange(7.0),), "cubic", "nan", "not-a-knot")
    text = "solve(V(s) - y, s, 0, 6), integrate(V(u)*y, u, 2, 2 + y/20, 8), sum(V(i*y/200), i, 1, 80)"
    made = case(tmp_path, text, {"V": rising}, {"y": (0,)}, [(), (0,), (0, 0)])
    y, spline = np.linspace(2.5, 12, 100), CubicSpline(np.arange(7.0), np.cumsum(slope))
    root = np.array([spline.solve(each, extrapolate=False)[0] for each in y])
    i = np.arange(1, 81)[:, None]
    whole = np.array([spline.integrate(2, 2 + each / 20) for each in y])
    by, end = 1 / spline(root, 1), 2 + y / 20
    expected = np.stack([
        *(root, whole * y, spline(i * y / 200).sum(0)),
        *(by, whole + spline(end) * y / 20, (spline(i * y / 200, 1) * i / 200).sum(0)),
        *(-spline(root, 2) * by**3, spline(end) / 10 + spline(end, 1) * y / 400),
        (spline(i * y / 200, 2) * (i / 200) ** 2).sum(0),
    ])  # fmt: skip
    for name in made.engines:
        near(computed(made, name, [y]), expected, "float64")


A, B = np.cumsum(DRAW.uniform(0.2, 1.4, 14)), np.linspace(-1, 2, 18)
GRID = DRAW.normal(size=(14, 18))


@pytest.mark.parametrize("dtype", ["float64", pytest.param("float32", marks=pytest.mark.long)])
def test_two_arguments_on_dims_of_their_own_and_together(tmp_path: Path, dtype: str) -> None:
    values = np.stack([GRID, GRID[::-1]], -1)
    table = TableNumbers(values, (A, B), "cubic", "nan", "not-a-knot")
    orders = [(), (0,), (1,), (0, 1), (0, 0, 1, 1)]
    made = case(tmp_path, "T(x, y)", {"T": table}, {"x": (0,), "y": (1,)}, orders, dtype)
    together = case(tmp_path, "T_1(x, y)", {"T": table}, {"x": (0,), "y": (0,)}, orders[:4], dtype)
    x, y = np.linspace(A[0], A[-1], 33), np.linspace(-1, 2, 50)
    if dtype == "float32":
        x, y = x[1:-1], y[1:-1]
    theirs = [RectBivariateSpline(A, B, each) for each in (GRID, GRID[::-1])]
    expected = np.stack([each(x, y, dx=order.count(0), dy=order.count(1)) for order in orders for each in theirs])
    for name in made.engines:
        found = computed(made, name, [x, y])
        near(found[:6], expected[:6], dtype)
        if dtype == "float64":
            near(found, expected, dtype)
            part = computed(made, name, [x, y], (3, 0), (7, 50))
            assert np.array_equal(part, found[:, 3:10]), "the bits depend on how the grid is cut"
    n = min(len(x), len(y))
    for name in together.engines:
        found = computed(together, name, [x[:n], y[:n]])
        near(found[:3], np.stack([each.diagonal() for each in expected[1:6:2, :n, :n]]), dtype)


@pytest.mark.long
def test_three_arguments_by_other_methods(tmp_path: Path) -> None:
    axes = [np.linspace(0, 1, 7), np.cumsum(DRAW.uniform(0.5, 1, 8)), np.linspace(-2, 2, 6)]
    values = DRAW.normal(size=(7, 8, 6))
    tables = {
        "Q": TableNumbers(values, tuple(axes), "quintic", "extrapolate", "not-a-knot"),
        "L": TableNumbers(values, tuple(axes), "linear", "clamp", "not-a-knot"),
    }
    orders = [(), (0,), (1, 2)]
    dims: dict[str, tuple[int, ...]] = {"x": (0,), "y": (1,), "z": (2,)}
    made = case(tmp_path, "Q(x, y, z), L(x, y, z)", tables, dims, orders)
    places = [np.linspace(axis[0] + 0.01, axis[-1] - 0.01, n) for axis, n in zip(axes, (4, 5, 9), strict=True)]
    expected = []
    for degree in (5, 1):
        for order in orders:
            grid = values
            for axis, knots in enumerate(axes):
                along = make_interp_spline(knots, grid, k=degree, axis=axis)
                grid = along(places[axis], order.count(axis))
            expected.append(grid)
    right = np.stack([expected[n + 3 * degree] for n in range(3) for degree in range(2)])
    for name in made.engines:
        near(computed(made, name, places), right, "float64")
