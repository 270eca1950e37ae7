"""Grids of any number of dims and any lengths, float32 too: as in the direct tier, and the same in any company."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, InputValues, LinspaceValues, Subgrid, Tile, subgrids
from gridgrad_worker.native.toolchain import compiler_version

pytestmark = pytest.mark.skipif(compiler_version() is None, reason="there is no C++ compiler")

LINE = 16

Array = NDArray[np.floating]
Built = tuple[CompiledEngine, StructuredEngine]


class Case(NamedTuple):
    """A job and shapes to compute it on."""

    job: CompileJob
    shapes: tuple[tuple[int, ...], ...]


def _case(
    text: str,
    inputs: dict[str, tuple[int, ...]],
    wanted: Sequence[tuple[int, ...]],
    shapes: Sequence[tuple[int, ...]],
    dtype: str = "float64",
) -> Case:
    ndim = 1 + max((dim for dims in inputs.values() for dim in dims), default=-1)
    return Case(
        CompileJob(text, tuple(inputs), tuple(inputs.values()), ndim, tuple(wanted), dtype, "cpu"), tuple(shapes)
    )


# Ranks that pay for matrix products, with constants and parameters among the factors
_SUMS = " + ".join(f"{0.3 + 0.1 * n}*x**{n % 4}*y**{n}*exp(-{n % 3}*y)*cos({n}*x)" for n in range(20)) + " + a*y + x"

CASES = {
    "of none": _case("a*exp(b) + sin(a)", {"a": (), "b": ()}, [(), (0,)], [()]),
    "of one": _case("a*x**1.5 + log(x) + sin(40*x)", {"a": (), "x": (0,)}, [(), (1,)], [(n,) for n in range(18)]),
    "of two, a long sum": _case(
        _SUMS, {"a": (), "x": (0,), "y": (1,)}, [(), (1,), (2,)],
        [(m, n) for m in (1, 7, 8, 9, 30) for n in range(1, 34, 4)]
    ),
    "of two, float32": _case(
        _SUMS, {"a": (), "x": (0,), "y": (1,)}, [(), (1,), (2,)],
        [(m, n) for m in (1, 9) for n in range(1, 20)], "float32"
    ),
    "of two, that share": _case(
        "where(x > c, x*exp(-c*p), sqrt(x*p)) + y*p*c", {"x": (0,), "p": (1,), "y": (1,), "c": (0, 1)},
        [(), (0,), (3, 1)], [(5, 17), (40, 3), (1, 1)],
    ),
    "of three": _case(
        "sin(x)*cos(y)*z + exp(-x*y) + (x*y + z)**2 + a*x*y*z**3 + sqrt(y*z) + "
        + " + ".join(f"cos({n}*x)*sin({n}*y*z)" for n in range(1, 9)),
        {"a": (), "x": (0,), "y": (1,), "z": (2,)}, [(), (1,), (2, 3)], [(3, 5, 17), (9, 8, 8), (2, 1, 1), (12, 3, 40)],
    ),
    "of four": _case(
        "x*y*z*w + exp(-x)*sin(y*z) + w**2.5", {"x": (0,), "y": (1,), "z": (2,), "w": (3,)}, [(), (3,)],
        [(2, 3, 4, 5), (1, 9, 2, 16)],
    ),
}  # fmt: skip


ON_EACH_PROCESSOR = ("of two, a long sum", "of two, float32", "of three", "few operations", "a long sum")
"""They have all kinds of levels, sums and writing; the others, compiled for each processor, would take a minute."""


def named(names: Iterable[str]) -> list[Any]:
    """The names as parameters, some of them for each kind of processor."""
    return [pytest.param(each, marks=[pytest.mark.processor] * (each in ON_EACH_PROCESSOR)) for each in names]


@pytest.fixture(scope="module", params=named(CASES))
def case(request: pytest.FixtureRequest, build_engine: Callable[[CompileJob], Built]) -> tuple[Case, Built]:
    found = CASES[request.param]
    return found, build_engine(found.job)


def whole(job: CompileJob, shape: tuple[int, ...], low: float = 0.4, *, spaced: bool = False) -> Tile:
    """A grid of a job."""
    inputs: list[InputValues] = []
    for number, dims in enumerate(job.dims):
        lengths = [shape[dim] for dim in dims]
        start, stop = low + 0.1 * number, 2.3 - 0.05 * number
        if spaced and len(dims) == 1:
            inputs.append(LinspaceValues(start, stop, lengths[0], dims[0], job.ndim))
        else:
            values = np.linspace(start, stop, int(np.prod(lengths))).reshape(lengths).astype(job.dtype)
            inputs.append(ArrayValues(values, dims, job.ndim))
    return Tile(tuple(inputs), Subgrid((0,) * job.ndim, shape))


def computed(engine: CompiledEngine | StructuredEngine, job: CompileJob, *tiles: Tile) -> list[Array]:
    outs: list[Array] = [np.full((len(job.wanted), tile.subgrid.points), 12345.0, job.dtype) for tile in tiles]
    engine.compute(tiles, outs)
    return outs


def test_grids_are_as_in_the_direct_tier(case: tuple[Case, Built]) -> None:
    (job, shapes), (compiled, direct) = case
    for shape in shapes:
        tile = whole(job, shape)
        (got,), (expected,) = computed(compiled, job, tile), computed(direct, job, tile)
        scale = np.abs(expected).max(axis=1, initial=0.0)[:, None]
        tolerance = 256 * np.finfo(job.dtype).eps
        np.testing.assert_allclose(got / scale, expected / scale, rtol=0, atol=float(tolerance), err_msg=str(shape))


def test_grids_are_the_same_in_company(case: tuple[Case, Built]) -> None:
    (job, shapes), (compiled, _) = case
    tiles = [whole(job, shape, 0.4 + 0.01 * n, spaced=bool(n % 2)) for n, shape in enumerate(shapes * 2)]
    for alone, together in zip(tiles, computed(compiled, job, *tiles), strict=True):
        assert np.array_equal(computed(compiled, job, alone)[0], together)


def test_grids_are_the_same_in_tiles(case: tuple[Case, Built]) -> None:
    (job, shapes), (compiled, _) = case
    for shape in shapes[-2:]:
        tile = whole(job, shape, spaced=True)
        (expected,) = computed(compiled, job, tile)
        for most in (1, 7, 50):
            parts = [Tile(tile.inputs, subgrid) for subgrid in subgrids(tile.subgrid, most)]
            assert np.array_equal(np.concatenate(computed(compiled, job, *parts), axis=1), expected)


def test_a_grid_of_two_threads_is_that_of_one(case: tuple[Case, Built]) -> None:
    (job, _), (compiled, _) = case
    shape = tuple([1, 20_011, 150, 30, 12][job.ndim] for _ in range(job.ndim))
    tile = whole(job, shape)
    (alone,) = computed(compiled, job, tile)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert np.array_equal(computed(compiled, job, tile)[0], alone)
    finally:
        torch.set_num_threads(before)


LARGE = {
    "few operations": ("x*y + 2*x*y**2", "float64"),
    "few operations, float32": ("x*y + 2*x*y**2", "float32"),
    "many operations": (" + ".join(f"sqrt({n} + x*y)" for n in range(20)), "float64"),
    "a long sum": (_SUMS.replace("a*y", "y"), "float64"),
    "too many results for a stage": ("; ".join(f"u{n} = x*y + {n}*x*y**2" for n in range(50)), "float64"),
}


@pytest.mark.parametrize("name", named(LARGE))
def test_large_results_are_written_as_small_ones(build_engine: Callable[[CompileJob], Built], name: str) -> None:
    text, dtype = LARGE[name]
    if ";" in text:
        text += f"; ({', '.join(f'u{n}' for n in range(50))})"
    job = CompileJob(text, ("x", "y"), ((0,), (1,)), 2, ((), (0,), (1,)), dtype, "cpu")
    compiled, _ = build_engine(job)
    planes = 150 if ";" in text else 3
    rows = 100 if ";" in text else 900
    for columns, first in ((1024, 0), (1024, 1), (797, 0), (797, 3)):
        tile = whole(job, (rows, columns))
        points = tile.subgrid.points
        memory = _in_line(planes * points + 2 * LINE, dtype)
        memory[:] = 12345.0
        out = memory[LINE + first : LINE + first + planes * points].reshape(planes, points)
        compiled.compute([tile], [out])
        parts = [Tile(tile.inputs, subgrid) for subgrid in subgrids(tile.subgrid, 40_000 if planes == 3 else 4_000)]
        outs = [np.empty((planes, part.subgrid.points), dtype) for part in parts]
        compiled.compute(parts, outs)
        assert np.array_equal(out, np.concatenate(outs, axis=1))
        assert (memory[: LINE + first] == 12345).all()
        assert (memory[LINE + first + planes * points :] == 12345).all()


def _in_line(count: int, dtype: str) -> Array:
    """Memory that begins with a line of the cache."""
    memory: Array = np.empty(count + LINE, dtype)
    first = -memory.ctypes.data // memory.itemsize % LINE
    return memory[first : first + count]


@pytest.mark.parametrize("low", [0.0, -1e-300, 1e-160, 1e150, np.inf, np.nan, -0.0])
def test_the_ends_of_the_range_are_as_in_the_direct_tier(case: tuple[Case, Built], low: float) -> None:
    (job, shapes), (compiled, direct) = case
    shape = shapes[-1]
    with np.errstate(all="ignore"):
        tile = whole(job, shape, float(np.array(low, job.dtype)))
    (got,), (expected,) = computed(compiled, job, tile), computed(direct, job, tile)
    assert np.array_equal(np.isnan(got), np.isnan(expected))
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(got[~finite], expected[~finite])
    scale = np.abs(expected[finite]).max(initial=1e-300)
    np.testing.assert_allclose(
        got[finite] / scale, expected[finite] / scale, rtol=0, atol=float(256 * np.finfo(job.dtype).eps)
    )


def test_sizes_beyond_64_bits_are_cut_like_others(build_engine: Callable[[CompileJob], Built]) -> None:
    # Rows of numbers times points of the whole grid, which the guard measures, are more than int64 holds
    text = " + ".join(f"1/(t*k*g + {n})/(x + {n})" for n in range(1, 25))
    job = CompileJob(text, ("t", "k", "g", "x"), ((0,), (1,), (2,), (3,)), 4, ((),), "float32", "cpu")
    compiled, direct = build_engine(job)
    lengths = (2**29, 2**28, 1, 1)
    inputs = tuple(LinspaceValues(0.5, 1.5, length, dim, 4) for dim, length in enumerate(lengths))
    tile = Tile(inputs, Subgrid((5, 7, 0, 0), (2, 300, 1, 1)))
    (got,), (expected,) = computed(compiled, job, tile), computed(direct, job, tile)
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_grids_of_many_short_dims_are_cut_too(build_engine: Callable[[CompileJob], Built]) -> None:
    text = " + ".join(f"sin(a*b*c*d*e + {n})*(h + {n})**1.5" for n in range(1, 9))
    job = CompileJob(text, tuple("abcdeh"), tuple((dim,) for dim in range(6)), 6, ((),), "float64", "cpu")
    compiled, direct = build_engine(job)
    tile = whole(job, (12, 12, 12, 12, 12, 2))
    (got,), (expected,) = computed(compiled, job, tile), computed(direct, job, tile)
    np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-11)
