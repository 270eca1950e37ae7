"""Runs a plan on panels: each level below the grid at once, then the grid window by window."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import torch
from cachetools import LRUCache
from torch import Tensor

from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.loading import load_part, load_requests
from gridgrad_worker.engines.structured.execution.hoist import HoistedLevel, HoistedValues, LevelTable
from gridgrad_worker.engines.structured.execution.levels import LevelRunner, StepResult
from gridgrad_worker.engines.structured.execution.panels import Segment, common_shape
from gridgrad_worker.engines.structured.execution.planes import ResultPlanes
from gridgrad_worker.engines.structured.execution.windows import PanelWindow, cut
from gridgrad_worker.engines.structured.planning.plan import ExecutionPlan
from gridgrad_worker.engines.tiles import Subgrid

__all__ = ["PlanRunner"]

_WINDOW_POINTS = 1 << 15  # for each thread; measured: less is all overhead, more falls out of the caches
_STRAIGHT = 1 << 20  # points
_SENT_POINTS = 1 << 20
_SENT_NUMBERS = 1 << 22  # of a window that is copied to the host while the next one is computed
_LEAST_WINDOW_POINTS = 1 << 8
_TABLES = 12  # shapes repeat; what is not there is made anew


class PlanRunner:
    """A plan, ready to run.

    Args:
        plan: what to run.
        dtype: computed in.
        device: computed on.
    """

    def __init__(self, plan: ExecutionPlan, dtype: torch.dtype, device: Device) -> None:
        self.plan = plan
        *below, grid = plan.levels
        where = device.torch_device
        self._below = [
            (HoistedLevel if level.mask.bit_count() < 2 else LevelRunner)(plan, level, dtype, where) for level in below
        ]
        self._grid = LevelRunner(plan, grid, dtype, where)
        self._inputs_below = [int(plan.steps[i].value or 0) for level in below for i in level.inputs]
        self._content_known: tuple[Hashable, HoistedValues] = (None, HoistedValues(plan))
        self._prepared: HoistedValues | None = None
        self._tables: LRUCache[tuple[int, tuple[int, ...]], LevelTable] = LRUCache(_TABLES)
        self._window_points = self._most_points(device)
        self._dtype, self._device = dtype, device

    def _most_points(self, device: Device) -> int:
        """Of a window."""
        if device.transfers is not None:
            return max(_LEAST_WINDOW_POINTS, min(_SENT_POINTS, _SENT_NUMBERS // len(self.plan.outputs)))
        if set(self.plan.levels[-1].steps) <= set(self.plan.outputs):
            return _STRAIGHT  # what is written straight into the results needs no windows that fit into the cache
        return max(_WINDOW_POINTS * torch.get_num_threads(), self._grid.block_points)

    def run(self, group: Sequence[Segment], hoisted: HoistedValues | None = None) -> None:
        """Computes panels, whole ones if there are several; smaller ones as if they had the common shape.

        Args:
            group: the panels.
            hoisted: what `hoisted` has just returned for them, if it was called.
        """
        known = self.hoisted(group) if hoisted is None else hoisted
        if known is not self._prepared:
            self._grid.prepare((len(group), *common_shape(group)), known)
            self._prepared = known
        results = ResultPlanes(self.plan, group, self._device)
        everything = (len(group), *common_shape(group))
        for window in cut(_wanted(group), self._window_points):
            part = _as_it_is if window.shape == everything else window.of
            here = {i: StepResult(part(known.view(i)), None) for i in self._grid.operands}
            for step in self._grid.inputs:
                here[step] = self._grid.input(step, window.shape)
                self._load(step, here[step].view, window, group)
            self._grid.run(window, here, results.begin(window))
            results.end(window, here, known)
        results.finish()

    def shrink(self) -> bool:
        """Halves the windows and gives the memory for them back; False if they are as small as can be."""
        if self._window_points <= _LEAST_WINDOW_POINTS:
            return False
        self._window_points //= 2
        self._tables.clear()
        self._content_known, self._prepared = (None, HoistedValues(self.plan)), None
        for level in (*self._below, self._grid):
            if isinstance(level, LevelRunner):
                level.free()
        return True

    def hoisted(self, group: Sequence[Segment]) -> HoistedValues:
        """Computes the levels below the grid over whole panels; once for the tiles of a request that follow."""
        content = self._content(group)
        if content is not None and content == self._content_known[0]:
            return self._content_known[1]
        known = HoistedValues(self.plan)
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
        """What the levels below the grid are computed from; None for several requests."""
        if len(group) > 1:
            return None
        return group[0].panel, *[group[0].inputs[position].content for position in self._inputs_below]

    def _run_level(
        self, level: LevelRunner, window: PanelWindow, group: Sequence[Segment], known: HoistedValues
    ) -> None:
        """Computes a level of several dims."""
        level.prepare(window.shape, known)
        here = {i: StepResult(known.view(i), None) for i in level.operands}
        for step in level.inputs:
            here[step] = level.input(step, window.shape)
            self._load(step, here[step].view, window, group)
        level.run(window, here)
        known.others.update((i, here[i].view) for i in level.kept)

    def _table(self, level: HoistedLevel, shape: tuple[int, ...]) -> LevelTable:
        key = (level.mask, shape)
        if key not in self._tables:
            self._tables[key] = LevelTable(level, shape, self._dtype, self._device.torch_device)
        return self._tables[key]

    def _load(self, step: int, values: Tensor, window: PanelWindow, group: Sequence[Segment]) -> None:
        """Fills in an input."""
        position = int(self.plan.steps[step].value or 0)
        requests = group[window.requests]
        if len(requests) > 1:
            load_requests(values, [segment.inputs[position] for segment in requests], self._device.write)
        else:
            subgrid = _subgrid(requests[0], window, self.plan.steps[step].mask)
            load_part(values[0], requests[0].inputs[position], subgrid, self._device.write)


def _as_it_is(values: Tensor) -> Tensor:
    return values


def _whole(mask: int, requests: int, panel: Sequence[int]) -> PanelWindow:
    """All of the dims of a level, of all requests."""
    lengths = tuple(length if mask >> dim & 1 else 1 for dim, length in enumerate(panel))
    return PanelWindow(slice(0, requests), tuple(slice(0, length) for length in lengths), lengths)


def _wanted(group: Sequence[Segment]) -> PanelWindow:
    panel = common_shape(group)
    whole = tuple(slice(0, length) for length in panel)
    return PanelWindow(slice(0, len(group)), whole if len(group) > 1 else group[0].window, panel)


def _subgrid(segment: Segment, window: PanelWindow, mask: int) -> Subgrid:
    """Where a window lies in the request's grid."""
    start = tuple(
        corner + range_.start if mask >> dim & 1 else 0
        for dim, (corner, range_) in enumerate(zip(segment.panel.start, window.ranges, strict=True))
    )
    return Subgrid(start, window.shape[1:])
