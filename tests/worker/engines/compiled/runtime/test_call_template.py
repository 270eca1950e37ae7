"""Recipes: tiles computed as one before, to the bit as by the engine."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.runtime.call_template import TileTemplate
from gridgrad_worker.engines.compiled.runtime.compiled_engine import CompiledEngine
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, LinspaceValues, Subgrid, Tile

Build = Callable[[CompileJob], tuple[CompiledEngine, StructuredEngine]]
Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def engine(job: CompileJob, build_engine: Build) -> CompiledEngine:
    return build_engine(job)[0]


def by_engine(engine: CompiledEngine, tile: Tile) -> Array:
    out = np.empty((3, tile.subgrid.points))
    engine.compute([tile], [out])
    return out


def by_recipe(recipe: TileTemplate, tile: Tile) -> Array | None:
    out = np.full((3, tile.subgrid.points + 5), np.nan)[:, : tile.subgrid.points]
    given = [values.array.ctypes.data if isinstance(values, ArrayValues) else 0 for values in tile.inputs]
    return out if recipe.call(given, out.ctypes.data, out.strides[0])() else None


def test_numbers_places_and_pitch_are_those_of_each_tile(engine: CompiledEngine, tile: Callable[..., Tile]) -> None:
    first = tile(9, 20)
    recipe = engine.recipe(first, by_engine(engine, first))
    assert recipe is not None
    for a, low in ((1.5, 0.5), (-2.0, 0.25), (7.0, 1.0)):
        other = tile(9, 20, a, low)
        assert_array_equal(by_recipe(recipe, other), by_engine(engine, other), strict=True)


def test_a_linspace_stays_as_it_is(engine: CompiledEngine, tile: Callable[..., Tile]) -> None:
    a, x, _ = tile(9, 20).inputs
    spaced = Tile((a, x, LinspaceValues(-1, 2, 20, 1, 2)), Subgrid((0, 0), (9, 20)))
    recipe = engine.recipe(spaced, by_engine(engine, spaced))
    assert recipe is not None
    assert_array_equal(by_recipe(recipe, spaced), by_engine(engine, spaced), strict=True)


def test_numbers_that_want_a_closer_look_are_left_to_the_engine(build_engine: Build) -> None:
    job = CompileJob("a*x*exp(-y) + x**3*y", ("a", "x", "y"), ((), (0,), (1,)), 2, ((), (1,), (2,)), "float64", "cpu")
    guarded, direct = build_engine(job)
    assert direct.guard is not None

    def scaled(by: float) -> Tile:
        axes = [np.array(1.5), by * np.linspace(1, 2, 9), np.linspace(1, 2, 20)]
        inputs = [ArrayValues(axis, dims, 2) for axis, dims in zip(axes, ((), (0,), (1,)), strict=True)]
        return Tile(tuple(inputs), Subgrid((0, 0), (9, 20)))

    recipe = guarded.recipe(scaled(1), np.empty((3, 180)))
    assert recipe is not None
    assert_array_equal(by_recipe(recipe, scaled(2)), by_engine(guarded, scaled(2)), strict=True)
    assert by_recipe(recipe, scaled(1e150)) is None
    assert_array_equal(by_recipe(recipe, scaled(3)), by_engine(guarded, scaled(3)), strict=True)
    part = Tile(scaled(1).inputs, Subgrid((2, 0), (4, 20)))
    assert guarded.recipe(part, np.empty((3, 80))) is None
