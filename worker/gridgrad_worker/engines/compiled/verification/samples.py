"""The points at which compiled code is compared: grids of several shapes and ranges, and some of a caller's numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from gridgrad_worker.engines.compiled.codegen.job import CompileJob, SeenNumbers
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile

__all__ = ["points_of", "sample_tiles", "seen_in"]

_RANGES = ((0.3, 1.9), (-1.7, 1.2), (2.0, 40.0), (1e-3, 0.2))
_LENGTHS = ((5, 33), (3, 16), (1, 9))
_FEW = 3
_MOST_SEEN = 256
_LONGEST_SEEN = 24


def sample_tiles(job: CompileJob) -> list[Tile]:
    """Whole grids of a job.

    Args:
        job: with the numbers of a caller, if there are any.
    """
    return [*_by_ranges(job), *([_tile(job, job.seen.lengths, job.seen.inputs)] if job.seen else [])]


def points_of(tiles: Sequence[Tile]) -> NDArray[np.float64]:
    """The inputs at each point of grids, [inputs, points]."""
    by_tile = []
    for tile in tiles:
        shape = tile.subgrid.shape
        spread = [np.broadcast_to(values.over(tile.subgrid), shape).reshape(-1) for values in tile.inputs]
        by_tile.append(np.array(spread, np.float64).reshape(len(spread), tile.subgrid.points))
    return np.concatenate(by_tile, 1)


def seen_in(tile: Tile, dims: Sequence[Sequence[int]]) -> SeenNumbers:
    """Some of the numbers of a tile, from one end of each dim to the other.

    Args:
        tile: of a request.
        dims: for each input, the dims of the grid that it has.
    """
    shape = tile.subgrid.shape
    most = min(_LONGEST_SEEN, round(_MOST_SEEN ** (1 / max(1, len(shape)))))
    places = [np.unique(np.linspace(0, length - 1, min(most, length)).astype(int)) for length in shape]
    inputs = []
    for values, own in zip(tile.inputs, dims, strict=True):
        numbers = values.over(tile.subgrid)
        of_each_dim = [places[dim] if dim in own else np.zeros(1, int) for dim in range(len(shape))]
        few = numbers[np.ix_(*of_each_dim)] if shape else numbers
        # The grid has dims in order; the input its own
        few = few.reshape([len(places[dim]) for dim in sorted(own)])
        inputs.append(tuple(few.transpose(np.argsort(np.argsort(own))).reshape(-1).tolist()))
    return SeenNumbers(tuple(len(each) for each in places), tuple(inputs))


def _by_ranges(job: CompileJob) -> Iterator[Tile]:
    for low, high in _RANGES:
        for leading, last in _LENGTHS:
            lengths = [*[leading if job.ndim <= _FEW else 2] * (job.ndim - 1), last][: job.ndim]
            inputs = []
            for number, dims in enumerate(job.dims):
                count = math.prod(lengths[dim] for dim in dims)
                # No two inputs alike, so that no difference of them is 0 throughout
                inputs.append(np.linspace(low, high, count + 2)[1:-1] * (1 + 0.01 * number))
            yield _tile(job, lengths, inputs)


def _tile(job: CompileJob, lengths: Sequence[int], inputs: Sequence[Sequence[float] | NDArray[np.float64]]) -> Tile:
    with np.errstate(over="ignore"):  # numbers beyond float32 become inf there, as in every tier
        arrays = [
            np.asarray(numbers, job.dtype).reshape([lengths[dim] for dim in dims])
            for numbers, dims in zip(inputs, job.dims, strict=True)
        ]
    values = tuple(ArrayValues(array, dims, job.ndim) for array, dims in zip(arrays, job.dims, strict=True))
    return Tile(values, Subgrid((0,) * job.ndim, tuple(lengths)))
