"""Runs a plan on panels: each level below the grid at once, then the grid tile by tile."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.structured.execution.hoist import HoistedLevel, Known, Table
from gridgrad_worker.engines.structured.execution.levels import LevelRunner, Values
from gridgrad_worker.engines.structured.execution.loading import load_entries, load_part
from gridgrad_worker.engines.structured.execution.panels import Segment, common_shape
from gridgrad_worker.engines.structured.execution.planes import Results
from gridgrad_worker.engines.structured.execution.windows import Window, cut
from gridgrad_worker.engines.structured.planning.plan import Plan
from gridgrad_worker.engines.tiles import Box

__all__ = ["PlanRunner"]

_TILE_POINTS = 1 << 15  # for each thread; measured: less is all overhead, more falls out of the caches
_STRAIGHT = 1 << 20  # points
_SENT_POINTS = 1 << 20
_SENT_NUMBERS = 1 << 22  # of a tile that is copied to the host while the next one is computed
_LEAST_TILE_POINTS = 1 << 8
_TABLES = 12  # shapes repeat; what is not there is made anew


class PlanRunner:
    """A plan, ready to run.

    Args:
        plan: what to run.
        dtype: computed in.
        device: computed on.
    """

    def __init__(self, plan: Plan, dtype: torch.dtype, device: Device) -> None:
        self.plan = plan
        *below, grid = plan.levels
        where = device.torch_device
        self._below = [
            (HoistedLevel if level.mask.bit_count() < 2 else LevelRunner)(plan, level, dtype, where) for level in below
        ]
        self._grid = LevelRunner(plan, grid, dtype, where)
        self._inputs_below = [int(plan.steps[i].value or 0) for level in below for i in level.inputs]
        self._content_known: tuple[Hashable, Known] = (None, Known(plan))
        self._prepared: Known | None = None
        self._tables: dict[tuple[int, tuple[int, ...]], Table] = {}
        self._tile_points = self._most_points(device)
        self._dtype, self._device = dtype, device

    def _most_points(self, device: Device) -> int:
        """Of a tile."""
        if device.outbox is not None:
            return max(_LEAST_TILE_POINTS, min(_SENT_POINTS, _SENT_NUMBERS // len(self.plan.outputs)))
        if set(self.plan.levels[-1].steps) <= set(self.plan.outputs):
            return _STRAIGHT  # what is written straight into the results needs no tiles that fit into the cache
        return max(_TILE_POINTS * torch.get_num_threads(), self._grid.block_points)

    def run(self, group: Sequence[Segment], hoisted: Known | None = None) -> None:
        """Computes panels, whole ones if there are several; smaller ones as if they had the common shape.

        Args:
            group: the panels.
            hoisted: what `hoisted` has just returned for them, if it was called.
        """
        known = self.hoisted(group) if hoisted is None else hoisted
        if known is not self._prepared:
            self._grid.prepare((len(group), *common_shape(group)), known)
            self._prepared = known
        results = Results(self.plan, group, self._device)
        everything = (len(group), *common_shape(group))
        for tile in cut(_wanted(group), self._tile_points):
            part = _as_it_is if tile.shape == everything else tile.of
            here = {i: Values(part(known.view(i)), None) for i in self._grid.operands}
            for step in self._grid.inputs:
                here[step] = self._grid.input(step, tile.shape)
                self._load(step, here[step].view, tile, group)
            self._grid.run(tile, here, results.begin(tile))
            results.end(tile, here, known)
        results.finish()

    def shrink(self) -> bool:
        """Halves the tiles and gives the memory for them back; False if they are as small as can be."""
        if self._tile_points <= _LEAST_TILE_POINTS:
            return False
        self._tile_points //= 2
        self._tables.clear()
        self._content_known, self._prepared = (None, Known(self.plan)), None
        for level in (*self._below, self._grid):
            if isinstance(level, LevelRunner):
                level.free()
        return True

    def hoisted(self, group: Sequence[Segment]) -> Known:
        """Computes the levels below the grid over whole panels; once for the pieces of an entry that follow."""
        content = self._content(group)
        if content is not None and content == self._content_known[0]:
            return self._content_known[1]
        known = Known(self.plan)
        self._content_known = (None, known)
        for level in self._below:
            window = _whole(level.mask, len(group), common_shape(group))
            if isinstance(level, HoistedLevel):
                known.tables[level.mask] = table = self._table(level, window.shape)
                for step in level.inputs:
                    self._load(step, table.view(step), window, group)
                level.run(table, known)
            else:
                self._run_level(level, window, group, known)
        self._content_known = (content, known)
        return known

    def _content(self, group: Sequence[Segment]) -> tuple[Hashable, ...] | None:
        """What the levels below the grid are computed from; None for several entries."""
        if len(group) > 1:
            return None
        return group[0].panel, *[group[0].inputs[position].content for position in self._inputs_below]

    def _run_level(self, level: LevelRunner, window: Window, group: Sequence[Segment], known: Known) -> None:
        """Computes a level of several dims."""
        level.prepare(window.shape, known)
        here = {i: Values(known.view(i), None) for i in level.operands}
        for step in level.inputs:
            here[step] = level.input(step, window.shape)
            self._load(step, here[step].view, window, group)
        level.run(window, here)
        known.others.update((i, here[i].view) for i in level.kept)

    def _table(self, level: HoistedLevel, shape: tuple[int, ...]) -> Table:
        key = (level.mask, shape)
        if key not in self._tables:
            while len(self._tables) >= _TABLES:
                del self._tables[next(iter(self._tables))]
            self._tables[key] = Table(level, shape, self._dtype, self._device.torch_device)
        return self._tables[key]

    def _load(self, step: int, values: Tensor, window: Window, group: Sequence[Segment]) -> None:
        """Fills in an input."""
        position = int(self.plan.steps[step].value or 0)
        entries = group[window.entries]
        if len(entries) > 1:
            load_entries(values, [segment.inputs[position] for segment in entries], self._device.write)
        else:
            box = _box(entries[0], window, self.plan.steps[step].mask)
            load_part(values[0], entries[0].inputs[position], box, self._device.write)


def _as_it_is(values: Tensor) -> Tensor:
    return values


def _whole(mask: int, entries: int, panel: Sequence[int]) -> Window:
    """All of the dims of a level, of all entries."""
    lengths = tuple(length if mask >> dim & 1 else 1 for dim, length in enumerate(panel))
    return Window(slice(0, entries), tuple(slice(0, length) for length in lengths), lengths)


def _wanted(group: Sequence[Segment]) -> Window:
    panel = common_shape(group)
    whole = tuple(slice(0, length) for length in panel)
    return Window(slice(0, len(group)), whole if len(group) > 1 else group[0].window, panel)


def _box(segment: Segment, window: Window, mask: int) -> Box:
    """Where a window lies in the entry's grid."""
    start = tuple(
        corner + range_.start if mask >> dim & 1 else 0
        for dim, (corner, range_) in enumerate(zip(segment.panel.start, window.ranges, strict=True))
    )
    return Box(start, window.shape[1:])
