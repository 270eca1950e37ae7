"""The structured engine: expressions, derived, hoisted to the dims that they depend on, run in tiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

from gridgrad.lang.derive import derive
from gridgrad.lang.program import Program
from gridgrad_worker.devices import Device
from gridgrad_worker.functional import Array
from gridgrad_worker.pieces import Piece
from gridgrad_worker.structured.panels import Segment, entry_shape, panel_shape, segments
from gridgrad_worker.structured.plan import make_plan
from gridgrad_worker.structured.runner import PlanRunner

__all__ = ["StructuredEngine"]

_TILE_POINTS = 1 << 15  # for each thread; measured: less is all overhead, more falls out of the caches
_TOGETHER = 1 << 20  # points of a group of entries of one shape


class StructuredEngine:
    """Computes an expression and its partials over pieces.

    Args:
        program: the expression.
        inputs: for each of the plan's inputs, in order, the dims of the grid that it has.
        ndim: how many dims the grid has.
        wanted: the derivatives in the order of the results, the value () first, by positions of inputs.
        dtype: computed in throughout.
        device: computed on.
    """

    def __init__(
        self,
        program: Program,
        inputs: Mapping[str, Sequence[int]],
        ndim: int,
        wanted: Sequence[tuple[int, ...]],
        dtype: torch.dtype,
        device: Device,
    ) -> None:
        names = list(inputs)
        derived = derive(program, [tuple(names[i] for i in each) for each in wanted]).program
        masks = {name: sum(1 << dim for dim in dims) for name, dims in inputs.items()}
        self._masks = list(masks.values())
        self._ndim = ndim
        plain = make_plan(derived.nodes, derived.outputs, masks, ndim)
        tile_points = _TILE_POINTS * torch.get_num_threads()
        self._plain = PlanRunner(plain, dtype, device.torch_device, tile_points)
        self._device = device

    def compute(self, pieces: Sequence[Piece], outs: Sequence[Array]) -> None:
        """Computes pieces together.

        Args:
            pieces: what to compute.
            outs: for each of them, where its results go: [derivatives * components, points], of the
                computing dtype, the points in C order.
        """
        # Values beyond float32 become inf there, as IEEE has it
        with self._device.computing(), np.errstate(over="ignore", invalid="ignore"):
            parts = [s for piece, out in zip(pieces, outs, strict=True) for s in self._segments(piece, out)]
            for group in _groups(parts):
                self._plain.run(group)

    def _segments(self, piece: Piece, out: Array) -> Iterator[Segment]:
        shape = entry_shape(piece, self._masks, self._ndim)
        return segments(piece, shape, panel_shape(shape, self._plain.plan), out)


def _groups(parts: Sequence[Segment]) -> Iterator[list[Segment]]:
    """Brings together what has one shape and is not large by itself."""
    by_shape: dict[tuple[int, ...], list[Segment]] = {}
    for part in parts:
        if part.whole and part.panel.points < _TILE_POINTS:
            by_shape.setdefault(part.panel.shape, []).append(part)
        else:
            yield [part]
    for shape_parts in by_shape.values():
        size = max(1, _TOGETHER // shape_parts[0].panel.points)
        for first in range(0, len(shape_parts), size):
            yield shape_parts[first : first + size]
