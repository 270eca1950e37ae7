"""The scales of a subplot: where the cells of a dim lie, and which values the colours or the height span."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad.arguments.inputs import FloatArray
from gridgrad.results.labels import pretty_name, with_unit
from gridgrad.results.result_data import ResultData

__all__ = ["MOST_CELLS", "MOST_POINTS", "Spacing", "ValueRange", "arranged", "corners", "spacing", "value_range"]

MOST_CELLS = 768
"""Cells along a dim of a heat map, about as many as it has pixels: of more, every second, third, ... is drawn."""
MOST_POINTS = 20_000
"""Points of a line, likewise."""
LOG_RATIO = 30.0
"""An axis spaced by a factor gets a logarithmic scale where its end is so many times its beginning."""
DECADES = 3
"""How many powers of ten a logarithmic scale shows on each side of zero, at most."""
USUAL, DWARFED = 90, 10.0
"""The scale is logarithmic where the largest value is over `DWARFED` times the percentile `USUAL` of all."""


class Spacing(NamedTuple):
    """How a dim is drawn.

    Args:
        label: its name, and "index" where it has no axis.
        centers: the coordinate of each cell drawn, ascending or descending.
        step: 1 where every cell is drawn, 2 for every second, ...
        order: what sorts the cells first, where the axis does not come sorted.
        log: whether the axis is spaced by a factor.
    """

    label: str
    centers: FloatArray
    step: int
    order: NDArray[np.intp] | None
    log: bool

    @property
    def edges(self) -> FloatArray:
        """The borders of the cells, halfway between their centers."""
        if self.log:
            return np.exp(_borders(np.log(self.centers)))
        return _borders(self.centers)

    @property
    def even(self) -> bool:
        """Whether all cells are of one width."""
        steps = np.diff(self.centers)
        return not self.log and bool(np.allclose(steps, steps[:1], rtol=1e-3))


class ValueRange(NamedTuple):
    """Which values the colours span.

    Args:
        low: the value of the first colour.
        high: that of the last.
        linear_to: the distance from zero beyond which the scale is logarithmic; None where it is linear throughout.
        constant: the value that all have; None where they differ.
    """

    low: float
    high: float
    linear_to: float | None = None
    constant: float | None = None

    @property
    def decades(self) -> list[float]:
        """Where to put numbers on a scale that is logarithmic: at zero and some powers of ten, far enough apart."""
        if self.linear_to is None:
            return []
        least = math.ceil(math.log10(2 * self.linear_to))
        most = math.floor(math.log10(max(abs(self.low), abs(self.high))))
        powers = [10.0**power for power in range(most, least - 1, -max(1, -(-(most - least + 1) // DECADES)))]
        return [tick for tick in [*(-power for power in powers), 0.0, *powers[::-1]] if self.low <= tick <= self.high]


def spacing(result: ResultData, dim: str, most: int | None = None) -> Spacing:
    """Where the cells of a dim lie: at the values of its axis, or at 0, 1, ... where it has no finite one.

    Args:
        result: what is drawn.
        dim: one of its dims.
        most: how many cells to draw at most; None for all.
    """
    length = result.shape[result.dims.index(dim)]
    step = 1 if most is None else max(1, -(-length // most))
    values = result.inputs.get(dim)
    if values is None or result.input_dims[dim] != (dim,) or not np.isfinite(values).all():
        return Spacing(f"{pretty_name(dim)} (index)", np.arange(length, dtype="f8")[::step], step, None, log=False)
    centers, order = values.astype("f8"), None
    steps = np.diff(centers)
    if (steps < 0).any() and (steps > 0).any():
        order = np.argsort(centers, kind="stable")
        centers = centers[order]
    label = with_unit(pretty_name(dim), result.units.get(dim, ""))
    return Spacing(label, centers[::step], step, order, _is_geometric(centers))


def arranged(grid: FloatArray, spacings: Sequence[Spacing]) -> FloatArray:
    """The cells that are drawn, sorted; nan where one left out beside is not finite, so that no hole is lost."""
    for dim, along in enumerate(spacings):
        grid = grid if along.order is None else grid.take(along.order, axis=dim)
    kept = grid[tuple(slice(None, None, along.step) for along in spacings)]
    odd = ~np.isfinite(grid)
    for dim, along in enumerate(spacings):
        if along.step > 1:
            odd = np.logical_or.reduceat(odd, np.arange(0, grid.shape[dim], along.step), axis=dim)
    return np.where(odd, np.nan, kept)


def value_range(values: FloatArray, *, centred: bool) -> ValueRange:
    """The range of the finite values.

    Where a few dwarf the others these would all have one colour, so the scale is logarithmic on both sides of zero.

    Args:
        values: any shape.
        centred: whether zero is in the middle, as for a derivative.
    """
    finite = values[np.isfinite(values)].astype("f8")
    if not finite.size:
        return ValueRange(-1.0, 1.0)
    low, high = float(finite.min()), float(finite.max())
    most = max(abs(low), abs(high))
    if low == high:
        around = (-most, most) if centred else (min(low, 0.0), max(high, 0.0))
        return ValueRange(*(around if most else (-1.0, 1.0)), constant=low)
    usual = float(np.percentile(np.abs(finite), USUAL))
    linear_to = usual / 5 if 0 < DWARFED * usual < most else None
    return ValueRange(*((-most, most) if centred else (low, high)), linear_to=linear_to)


def corners(centers: FloatArray) -> FloatArray:
    """The corners of the cells of a curvilinear grid, [n + 1, m + 1], from one coordinate of their centers [n, m]."""
    return _borders(_borders(centers).T).T


def _is_geometric(centers: FloatArray) -> bool:
    if centers.size < 3 or centers.min() <= 0 or centers.max() < LOG_RATIO * centers.min():
        return False
    factors = np.diff(np.log(centers))
    return bool(np.allclose(factors, factors[0], rtol=1e-3))


def _borders(centers: FloatArray) -> FloatArray:
    """One more along the first dim."""
    if len(centers) < 2:
        return np.concatenate([centers - 0.5, centers + 0.5])
    between = (centers[1:] + centers[:-1]) / 2
    return np.concatenate([2 * centers[:1] - between[:1], between, 2 * centers[-1:] - between[-1:]])
