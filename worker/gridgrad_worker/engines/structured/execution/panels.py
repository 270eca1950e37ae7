"""Panels: a grid cut so that what is computed on single dims fits into memory.

The panels of a request have one shape, which follows from the request's and the plan's, and begin at
its origin. A tile is computed on the windows of the panels that it overlaps.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad_worker.engines.structured.planning.plan import ExecutionPlan
from gridgrad_worker.engines.tiles import InputValues, Subgrid, Tile

__all__ = ["Segment", "common_shape", "deep_panel_shape", "panel_shape", "panels_of", "request_shape", "segments"]

Array = NDArray[np.floating]

_LAST = 1 << 13
"""Of the last dim: tiles are made of rows, so that those of one panel share what is known of it."""

_OTHER = 1 << 12
_LEAST = 64
_NUMBERS = 1 << 22
_BOUND = 1 << 24
"""How many numbers may be kept for a panel that is shorter than `_LEAST` along each dim."""
_DEEP_NUMBERS = 1 << 26


class Segment(NamedTuple):
    """A window of a panel of a request.

    Args:
        inputs: of the request.
        shape: of the request's grid.
        pitch: the shape of its panels, but for those at its end.
        panel: where the panel lies in the grid.
        window: which part of the panel is wanted, for each dim.
        out: [planes, *shape of the window], where the results go.
    """

    inputs: tuple[InputValues, ...]
    shape: tuple[int, ...]
    pitch: tuple[int, ...]
    panel: Subgrid
    window: tuple[slice, ...]
    out: Array

    @property
    def whole(self) -> bool:
        """Whether all of the panel is wanted."""
        return self.out.shape[1:] == self.panel.shape


def common_shape(group: Sequence[Segment]) -> tuple[int, ...]:
    """The least shape that the panels of a group fit into."""
    return tuple(map(max, *(segment.panel.shape for segment in group))) if len(group) > 1 else group[0].panel.shape


def request_shape(tile: Tile, sources: Sequence[int]) -> tuple[int, ...]:
    """The shape of the whole grid that a tile belongs to.

    Args:
        tile: has the request's inputs.
        sources: for each dim, an input that has it.
    """
    return tuple([tile.inputs[source].lengths[dim] for dim, source in enumerate(sources)])


def panel_shape(shape: Sequence[int], plan: ExecutionPlan) -> tuple[int, ...]:
    """The shape of the panels of a request of this shape."""
    most = [_OTHER] * (len(shape) - 1) + [_LAST] if len(shape) > 1 else list(shape)
    return _within([min(length, limit) for length, limit in zip(shape, most, strict=True)], plan, _NUMBERS)


def deep_panel_shape(shape: Sequence[int], plan: ExecutionPlan) -> tuple[int, ...]:
    """The same for a GPU, which has memory for whole ones, whose rows lie end to end in the results."""
    return _within(list(shape), plan, _DEEP_NUMBERS)


def _within(panel: list[int], plan: ExecutionPlan, numbers: int) -> tuple[int, ...]:
    """Halves the longest dims until no more than so many numbers are kept."""
    while (kept := _hoisted(panel, plan)) > numbers:
        longest = max(range(len(panel)), key=lambda dim: (panel[dim], -dim))
        length = panel[longest]
        if length == 1 or (length <= _LEAST and kept <= max(numbers, _BOUND)):
            break
        panel[longest] = max(_LEAST, length // 2) if length > _LEAST else (length + 1) // 2
    return tuple(panel)


def _hoisted(panel: Sequence[int], plan: ExecutionPlan) -> int:
    """How many numbers are kept for a panel of this shape."""
    return sum(
        (len(level.kept) + len(level.inputs) + 4)
        * math.prod(length for dim, length in enumerate(panel) if level.mask >> dim & 1)
        for level in plan.levels[:-1]
    )


def segments(tile: Tile, shape: tuple[int, ...], panel: tuple[int, ...], out: Array) -> Iterator[Segment]:
    """Cuts a tile along the panels of its request.

    Args:
        tile: what to compute.
        shape: of the whole grid.
        panel: the shape of the request's panels.
        out: [planes, points of the tile].
    """
    if not tile.subgrid.points:
        return
    start, wanted = tile.subgrid
    if wanted == shape == panel:
        yield Segment(tile.inputs, wanted, wanted, tile.subgrid, _all_of(wanted), out.reshape(-1, *wanted))
        return
    spread = out.reshape(out.shape[0], *wanted)
    end = [first + length for first, length in zip(start, wanted, strict=True)]
    corners = [range(s // p * p, e, p) for s, e, p in zip(start, end, panel, strict=True)]
    for corner in itertools.product(*corners):
        last = [min(c + p, n) for c, p, n in zip(corner, panel, shape, strict=True)]
        overlap = [(max(s, c), min(e, n)) for s, e, c, n in zip(start, end, corner, last, strict=True)]
        window = tuple(slice(a - c, b - c) for (a, b), c in zip(overlap, corner, strict=True))
        part = tuple(slice(a - s, b - s) for (a, b), s in zip(overlap, start, strict=True))
        subgrid = Subgrid(corner, tuple(n - c for n, c in zip(last, corner, strict=True)))
        yield Segment(tile.inputs, shape, panel, subgrid, window, spread[(slice(None), *part)])


@functools.lru_cache(maxsize=1024)
def _all_of(shape: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(slice(0, length) for length in shape)


def panels_of(segment: Segment, masks: Sequence[int]) -> Iterator[Segment]:
    """Panels of the request of a segment, so many that all that depends on dims of one of these masks is in them."""
    corners = [range(0, length, pitch) for length, pitch in zip(segment.shape, segment.pitch, strict=True)]
    chosen: Iterable[tuple[int, ...]] = itertools.product(*corners)
    if all(mask.bit_count() < 2 for mask in masks):
        most = max(map(len, corners))
        chosen = zip(*([*c, *[c[-1]] * (most - len(c))] for c in corners), strict=True)
    for corner in chosen:
        shape = tuple(min(p, n - c) for c, p, n in zip(corner, segment.pitch, segment.shape, strict=True))
        yield segment._replace(panel=Subgrid(tuple(corner), shape), window=tuple(slice(0, n) for n in shape))
