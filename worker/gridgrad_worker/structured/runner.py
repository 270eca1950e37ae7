"""Runs a plan on panels: each level below the grid at once, then the grid tile by tile."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from gridgrad_worker.pieces import Box
from gridgrad_worker.structured.levels import LevelRunner, Values
from gridgrad_worker.structured.panels import Segment
from gridgrad_worker.structured.plan import Plan
from gridgrad_worker.structured.results import Results
from gridgrad_worker.structured.windows import Window, cut

__all__ = ["PlanRunner"]


class PlanRunner:
    """A plan, ready to run.

    Args:
        plan: what to run.
        dtype: computed in.
        device: computed on.
        tile_points: how many points of the grid to compute at a time.
    """

    def __init__(self, plan: Plan, dtype: torch.dtype, device: torch.device, tile_points: int) -> None:
        self.plan = plan
        self._levels = [LevelRunner(plan, level, dtype, device) for level in plan.levels]
        self._tile_points = tile_points

    def run(self, group: Sequence[Segment], hoisted: dict[int, Values] | None = None) -> None:
        """Computes panels of one shape, whole ones if there are several.

        Args:
            group: the panels.
            hoisted: what `hoisted` has just returned for them, if it was called.
        """
        panel = group[0].panel.shape
        known = self.hoisted(group) if hoisted is None else hoisted
        grid = self._levels[-1]
        grid.prepare((len(group), *panel), known)
        results = Results(self.plan, group)
        for tile in cut(Window(slice(0, len(group)), group[0].window, panel), self._tile_points):
            self._run_tile(grid, tile, group, known, results)
        results.finish()

    def hoisted(self, group: Sequence[Segment]) -> dict[int, Values]:
        """Computes the levels below the grid over whole panels."""
        known: dict[int, Values] = {}
        for level in self._levels[:-1]:
            window = _whole(level.mask, len(group), group[0].panel.shape)
            self._load(level, window, group, known)
            level.prepare(window.shape, known)
            level.run(window, known)
        return known

    def _run_tile(
        self,
        grid: LevelRunner,
        tile: Window,
        group: Sequence[Segment],
        known: dict[int, Values],
        results: Results,
    ) -> None:
        here = {i: Values(tile.of(known[i].view), None) for i in grid.operands}
        self._load(grid, tile, group, here)
        grid.run(tile, here, results.destinations(tile))
        results.write(tile, {i: v.view for i, v in here.items()}, {i: v.view for i, v in known.items()})

    def _load(self, level: LevelRunner, window: Window, group: Sequence[Segment], known: dict[int, Values]) -> None:
        """Brings the inputs of a level into their registers."""
        for step in level.inputs:
            values = level.input(step, window.shape)
            for row, segment in zip(values.view, group[window.entries], strict=True):
                box = _box(segment, window, level.mask)
                numbers = segment.inputs[self._position(step)].over(box)
                row.copy_(torch.from_numpy(np.require(numbers, requirements="W")))
            known[step] = values

    def _position(self, step: int) -> int:
        return int(self.plan.steps[step].value or 0)


def _whole(mask: int, entries: int, panel: Sequence[int]) -> Window:
    """All of the dims of a level, of all entries."""
    lengths = tuple(length if mask >> dim & 1 else 1 for dim, length in enumerate(panel))
    return Window(slice(0, entries), tuple(slice(0, length) for length in lengths), lengths)


def _box(segment: Segment, window: Window, mask: int) -> Box:
    """Where a window lies in the entry's grid."""
    start = tuple(
        corner + range_.start if mask >> dim & 1 else 0
        for dim, (corner, range_) in enumerate(zip(segment.panel.start, window.ranges, strict=True))
    )
    return Box(start, window.shape[1:])
