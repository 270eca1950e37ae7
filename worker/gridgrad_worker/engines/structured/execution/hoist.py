"""Hoisting: what depends on one dim, or on none, is computed on its values, all like operations at once.

A level of few numbers costs what its calls cost. So its steps run in waves, on the rows of a table. An equation of
state has hundreds of such steps, and some forty waves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gridgrad_worker.engines.structured.execution.waves import Wave, sort_into_waves
from gridgrad_worker.engines.structured.planning.plan import ExecutionPlan, Level
from gridgrad_worker.torch_ops.vectors import GRAIN, padded

__all__ = ["HoistedLevel", "HoistedValues", "LevelTable", "TableRow"]


_WIDE = 1 << 12
"""Numbers of a row from which on bringing rows together costs more than calls for each."""


class TableRow(NamedTuple):
    """Where a table has a step's results."""

    boolean: bool
    row: int


class Selection(NamedTuple):
    """Rows of a table: one again and again, one after the other, or any.

    Args:
        first: the first of them.
        length: how many.
        places: all of them, if they are neither the same nor one after the other.
        same: whether they are all the same.
    """

    first: int
    length: int
    places: Tensor | None
    same: bool

    def of(self, rows: Tensor) -> Tensor:
        """The selected rows."""
        if self.places is not None:
            return rows.index_select(0, self.places)
        if self.same:
            return rows[self.first : self.first + 1].expand(self.length, *rows.shape[1:])
        return rows[self.first : self.first + self.length]


class LevelTable:
    """The results of a level: a row of numbers, or of booleans, for each step.

    Args:
        level: whose steps they are.
        shape: [requests, one length for each dim of the grid], 1 for those that the level has not.
        dtype: of the numbers.
        device: where they lie.
    """

    def __init__(self, level: HoistedLevel, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> None:
        self.shape = shape
        self._places = level.places
        self._select = level.select
        length = padded(math.prod(shape), torch.get_num_threads())
        kinds = ((False, dtype), (True, torch.bool))
        self._flat = {b: torch.zeros(level.rows[b], length, dtype=kind, device=device) for b, kind in kinds}
        count = math.prod(shape)
        self._views = {b: flat[:, :count].view(-1, *shape) for b, flat in self._flat.items()}

    def flat(self, boolean: bool) -> Tensor:
        """[rows, numbers and what fills the last vector up]."""
        return self._flat[boolean]

    def views(self, boolean: bool) -> Tensor:
        """[rows, *shape]."""
        return self._views[boolean]

    def view(self, step: int) -> Tensor:
        """The results of a step."""
        boolean, row = self._places[step]
        return self._views[boolean][row]

    def rows(self, steps: Sequence[int]) -> Tensor:
        """The results of several steps, all numbers: [steps, *shape]."""
        return self._select(tuple(steps)).of(self._views[False])

    def selected(self, steps: tuple[int, ...], *, whole: bool) -> Tensor:
        """The results of several steps of one kind: on whole vectors, or [steps, *shape]."""
        boolean = self._places[steps[0]].boolean
        return self._select(steps).of(self._flat[boolean] if whole else self._views[boolean])


class HoistedValues:
    """What has been computed below the grid.

    Args:
        plan: whose steps it is.
        tables: of the levels of one dim or none, by mask.
    """

    def __init__(self, plan: ExecutionPlan) -> None:
        self._steps = plan.steps
        self.tables: dict[int, LevelTable] = {}
        self.others: dict[int, Tensor] = {}

    def view(self, step: int) -> Tensor:
        """The results of a step, [requests, one length for each dim], a constant as a tensor of no dims."""
        table = self.tables.get(self._steps[step].mask)
        return self.others[step] if table is None or step in self.others else table.view(step)

    def stacked(self, steps: Sequence[int]) -> Tensor:
        """The results of steps of one mask, none constant: [steps, requests, one length for each dim]."""
        table = self.tables.get(self._steps[steps[0]].mask)
        return torch.stack([self.others[i] for i in steps]) if table is None else table.rows(steps)


class HoistedLevel:
    """The steps of a level of one dim or none.

    Args:
        plan: has the level.
        level: which.
        dtype: computed in.
        device: computed on.

    Attributes:
        inputs: the inputs of the level.
        places: where its tables have the results of each step.
        rows: how many rows of numbers and of booleans they have.
    """

    def __init__(self, plan: ExecutionPlan, level: Level, dtype: torch.dtype, device: torch.device) -> None:
        self.mask = level.mask
        self.inputs = level.inputs
        self._waves = sort_into_waves(plan.steps, level, dtype)
        self.places = _rows_of(level, self._waves)
        self.rows = {kind: sum(row.boolean == kind for row in self.places.values()) for kind in (False, True)}
        self._steps = plan.steps
        self._dtype, self._device = dtype, device
        self._selections: dict[tuple[int, ...], Selection] = {}
        self._columns: dict[tuple[int, ...], Tensor] = {}

    def select(self, steps: tuple[int, ...]) -> Selection:
        """Where the results of steps are in the level's tables."""
        selection = self._selections.get(steps)
        if selection is None:
            rows = [self.places[step].row for step in steps]
            selection = self._selections[steps] = _selection(rows, self._device)
        return selection

    def run(self, table: LevelTable, known: HoistedValues) -> None:
        """Computes all steps.

        Args:
            table: of the level, its inputs filled in.
            known: what the levels below have computed.
        """
        wide = table.flat(False).shape[1] >= _WIDE
        for wave in self._waves:
            if wide and len(wave.steps) > 1:
                for part in wave.apart():
                    self._run_wave(part, table, known)
            else:
                self._run_wave(wave, table, known)

    def _run_wave(self, wave: Wave, table: LevelTable, known: HoistedValues) -> None:
        if wave.call.exact and wave.call.takes_out and self._varies(wave):
            self._run_exact(wave, table, known)
        else:
            self._run_on_vectors(wave, table, known)

    def _varies(self, wave: Wave) -> bool:
        """Whether there is an argument as long as the results."""
        return any(self._steps[steps[0]].op != "const" for steps in wave.arguments)

    def _run_exact(self, wave: Wave, table: LevelTable, known: HoistedValues) -> None:
        end = wave.first + len(wave.steps)
        if all(self._is_here(steps) for steps in wave.arguments):
            arguments = [self._flat_argument(steps, table) for steps in wave.arguments]
            wave.call.function(*arguments, out=table.flat(wave.call.boolean)[wave.first : end])
        else:
            views = [self._view_argument(steps, table, known) for steps in wave.arguments]
            wave.call.function(*views, out=table.views(wave.call.boolean)[wave.first : end])

    def _run_on_vectors(self, wave: Wave, table: LevelTable, known: HoistedValues) -> None:
        count = len(wave.steps)
        out = table.flat(wave.call.boolean)[wave.first : wave.first + count]
        arguments = [self._whole_argument(steps, table, known) for steps in wave.arguments]
        together = out.numel() <= GRAIN
        for rows in [slice(0, count)] if together else [slice(row, row + 1) for row in range(count)]:
            parts = [argument[rows] for argument in arguments]
            if wave.call.takes_out:
                wave.call.function(*parts, out=out[rows])
            else:
                out[rows].copy_(wave.call.function(*parts))

    def _is_here(self, steps: tuple[int, ...]) -> bool:
        step = self._steps[steps[0]]
        return step.op == "const" or step.mask == self.mask

    def _flat_argument(self, steps: tuple[int, ...], table: LevelTable) -> Tensor:
        if self._steps[steps[0]].op == "const":
            return self._column(steps)
        return table.selected(steps, whole=True)

    def _view_argument(self, steps: tuple[int, ...], table: LevelTable, known: HoistedValues) -> Tensor:
        if self._steps[steps[0]].op == "const":
            return self._column(steps).view(-1, *[1] * len(table.shape))
        mask = self._steps[steps[0]].mask
        return (table if mask == self.mask else known.tables[mask]).selected(steps, whole=False)

    def _whole_argument(self, steps: tuple[int, ...], table: LevelTable, known: HoistedValues) -> Tensor:
        """An argument on whole vectors: [steps, numbers and what fills the last vector up]."""
        if self._steps[steps[0]].op != "const" and self._is_here(steps):
            return self._flat_argument(steps, table)
        view = self._view_argument(steps, table, known)
        whole = torch.zeros(len(steps), table.flat(False).shape[1], dtype=view.dtype, device=view.device)
        whole[:, : math.prod(table.shape)].view(-1, *table.shape).copy_(view)
        return whole

    def _column(self, steps: tuple[int, ...]) -> Tensor:
        """Constants: [steps, 1]."""
        column = self._columns.get(steps)
        if column is None:
            column = self._columns[steps] = self._constant(steps)
        return column

    def _constant(self, steps: Sequence[int]) -> Tensor:
        values = [self._steps[i].number for i in steps]
        return torch.tensor(values, dtype=self._dtype, device=self._device)[:, None]


def _rows_of(level: Level, waves: Sequence[Wave]) -> dict[int, TableRow]:
    """Where the results of each step of a level are."""
    rows = {step: TableRow(False, row) for row, step in enumerate(level.inputs)}
    for wave in waves:
        rows.update((step, TableRow(wave.call.boolean, wave.first + n)) for n, step in enumerate(wave.steps))
    return rows


def _selection(places: Sequence[int], device: torch.device) -> Selection:
    first, count = places[0], len(places)
    if len(set(places)) == 1:
        return Selection(first, count, None, same=True)
    if all(place == first + n for n, place in enumerate(places)):
        return Selection(first, count, None, same=False)
    return Selection(first, count, torch.tensor(places, device=device), same=False)
