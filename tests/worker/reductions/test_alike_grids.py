"""Grids of one shape that are reduced in one go come to the bits that each comes to by itself."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gridgrad_core.reduction import REDUCTIONS
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.engines.compiled.runtime.crash_marks import CrashMark
from gridgrad_worker.engines.compiled.runtime.request_template import InputSpan, PieceTemplate, TileCall
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.reductions.alike_grids import AlikeGrids, ReducedPieces
from gridgrad_worker.reductions.grid_reducer import GridReducer, Weights

PLANES = 3
RNG = np.random.default_rng(8)


def tile_of(shape: Sequence[int], gone: Sequence[int]) -> Tile:
    """A tile of all that stays, of a grid with such axes."""
    inputs = tuple(ArrayValues(RNG.normal(size=length), (dim,), len(shape)) for dim, length in enumerate(shape))
    left = tuple(length for dim, length in enumerate(shape) if dim not in gone)
    return Tile(inputs, Subgrid((0,) * len(left), left))


def reducer_of(kind: str, gone: Sequence[int], ndim: int, **others: Any) -> GridReducer:
    return GridReducer(kind, gone, range(ndim), PLANES, others.pop("dtype", "float64"), **others)


def found_by(reducer: GridReducer, tile: Tile) -> AlikeGrids | None:
    found = reducer.grid_of(tile, np.empty((reducer.numbers, tile.subgrid.points)))
    return found and found[1]


@pytest.mark.parametrize("kind", REDUCTIONS)
@pytest.mark.parametrize(
    ("shape", "gone"),
    [((9, 7), (0, 1)), ((9, 7), (0,)), ((9, 7), (1,)), ((3, 1700), (0, 1)), ((4, 3, 5), (0, 2)), ((600, 40), (1, 0))],
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_bits_are_those_of_each_by_itself(kind: str, shape: tuple[int, ...], gone: tuple[int, ...], dtype: str) -> None:
    gone = tuple(sorted(gone))
    grids = RNG.normal(size=(11, PLANES, math.prod(shape))).astype(dtype) * 10 ** RNG.uniform(-3, 3)
    grids[3, 1, 5], grids[4, :, 2], grids[5, 0, 0], grids[6, 2, 1] = np.nan, np.inf, 1e30, 0
    reducer, tile = reducer_of(kind, gone, len(shape), dtype=dtype), tile_of(shape, gone)
    alike = found_by(reducer, tile)
    assert alike is not None
    together = alike.reduced(grids.reshape(len(grids), -1))
    for number, grid in enumerate(grids):

        def run(_: object, outs: Sequence[Array], tiers: Sequence[str], grid: Any = grid) -> list[str]:
            (out,) = outs
            out[...] = grid
            return [*tiers]

        alone = np.empty((reducer.numbers, tile.subgrid.points))
        reducer.compute(run, [tile], [alone], [""])
        assert_array_equal(alone, together[:, number], strict=True)


def test_sums_are_those_of_numpy() -> None:
    grids = RNG.normal(size=(5, PLANES, 63))
    alike = found_by(reducer_of("sum", (0, 1), 2), tile_of((9, 7), (0, 1)))
    assert alike is not None
    assert_allclose(alike.reduced(grids.reshape(5, -1))[..., 0].T, grids.sum(-1), rtol=1e-14)


@pytest.mark.parametrize(
    ("shape", "others"),
    [
        ((9, 7), {"weights": cast(Weights, lambda tile: np.ones(tile.subgrid.points))}),
        ((9, 7), {"segment_blocks": 1}),
        ((1000, 1000), {}),  # several windows
        ((9, 0), {}),
    ],
)
def test_what_is_more_than_one_window_or_its_numbers_goes_by_itself(
    shape: tuple[int, ...], others: dict[str, Any]
) -> None:
    tile = tile_of(shape, (0, 1))
    if others.get("segment_blocks"):
        tile = Tile(tile.inputs, Subgrid((0,), (1,)))
    assert found_by(reducer_of("sum", (0, 1), 2, **others), tile) is None


class Counting:
    """Stands for what has grids computed: writes which of a piece's each is."""

    def __init__(self, *, has_memory: bool = True) -> None:
        self.has_memory = has_memory
        self.asked: list[tuple[int, int]] = []

    def grids_into(self, out: tuple[int, int], _: object, __: object, first: int, count: int) -> Any:
        self.asked.append((first, count))
        numbers = np.ctypeslib.as_array(ctypes.cast(out[0], ctypes.POINTER(ctypes.c_double)), (count, out[1] // 8))
        numbers[...] = np.arange(first, first + count)[:, None]
        return lambda: self.has_memory


def test_a_piece_is_computed_some_grids_at_a_time() -> None:
    shape = (100, 100)
    alike = found_by(reducer_of("mean", (0, 1), 2), tile_of(shape, (0, 1)))
    assert alike is not None
    counting, results = Counting(), np.empty((11, PLANES, 1))
    pieces = ReducedPieces(cast(PieceTemplate, counting), alike, np.dtype("float64"))
    assert pieces.compute(pb.Piece(entries=11), results, cast(Any, None))
    assert counting.asked == [(0, 4), (4, 4), (8, 3)]
    assert_array_equal(results[..., 0], np.repeat(np.arange(11.0)[:, None], PLANES, 1))
    without = ReducedPieces(cast(PieceTemplate, Counting(has_memory=False)), alike, np.dtype("float64"))
    assert not without.compute(pb.Piece(entries=11), results, cast(Any, None))


def test_some_requests_of_a_piece_are_computed_elsewhere() -> None:
    called: list[tuple[Any, ...]] = []

    class Row:
        def calls(self, *given: Any) -> TileCall:
            called.append(given)
            return TileCall(cast(Any, None), (ctypes.c_int64 * 2)(), 1, CrashMark.nowhere())

    class Slots:
        def address(self, slot: int, offset: int, size: int) -> int:
            assert size == 3 * 24
            return 1000 * slot + offset

    template = PieceTemplate(cast(Any, Row()), [InputSpan(64, 24, stacked=True)], 2, 24)
    piece = pb.Piece(entries=9, first_entry=5, inputs_slot=7, inputs_offset=128)
    template.grids_into((4096, 48), piece, cast(Any, Slots()), 2, 3)
    assert called == [([(7000 + 128 + 64 + 7 * 24, 24)], (4096, 48), 24, 3)]
