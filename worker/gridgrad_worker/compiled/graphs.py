"""A plan as torch modules to be exported: one for the levels below the grid, one for the grid.

Two, because one would be fused: what depends on one dim would be computed at every point again.
Sums that the direct tier computes as matrix products are written out: the compiler keeps their terms
in registers, which for the few that there are is faster, and rounds the same whatever the shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from gridgrad.lang.functions import FUNCTIONS
from gridgrad_worker.compiled.faster import FASTER
from gridgrad_worker.compiled.layout import LevelLayout
from gridgrad_worker.structured.plan import SEPARATED, Plan

__all__ = ["GridGraph", "HoistGraph"]

Operand = Tensor | float

_BY_A_NUMBER = frozenset({"add", "sub", "mul", "div", "pow", "lt", "le", "gt", "ge", "eq", "ne"})
"""Binary operations that torch does with a Python number as the second."""


class _Steps:
    """Runs steps of a plan on tensors, with constants as Python numbers where torch takes them."""

    def __init__(self, plan: Plan, dtype: torch.dtype) -> None:
        self.plan = plan
        self.dtype = dtype

    def run(self, steps: Sequence[int], values: dict[int, Operand]) -> None:
        for index in steps:
            if index not in values:
                values[index] = self._value(index, values)

    def tensor(self, value: Operand) -> Tensor:
        return value if isinstance(value, Tensor) else torch.full((), value, dtype=self.dtype)

    def _value(self, index: int, values: Mapping[int, Operand]) -> Operand:
        step = self.plan.steps[index]
        if step.op == "const":
            return float(step.value or 0.0)
        arguments = [values[i] for i in step.args]
        if step.op == SEPARATED:
            return self._sum(arguments)
        integers = len(FUNCTIONS[step.op].integers)
        known = [int(self.plan.steps[i].value or 0) for i in step.args[:integers]]
        numbers = arguments[integers:]
        by_number = step.op in _BY_A_NUMBER and isinstance(numbers[0], Tensor)
        last = numbers[-1] if by_number else self.tensor(numbers[-1])
        function = FASTER[step.op]
        result: Tensor = function(*known, *map(self.tensor, numbers[:-1]), last)
        return result

    def _sum(self, factors: Sequence[Operand]) -> Operand:
        rank = len(factors) // 2
        total: Operand | None = None
        for left, right in zip(factors[:rank], factors[rank:], strict=True):
            term = self._product(left, right)
            total = term if total is None else total + term
        assert total is not None, "a sum has terms"  # noqa: S101 - narrows the type
        return total

    def _product(self, left: Operand, right: Operand) -> Operand:
        if not isinstance(left, Tensor) and left == 1.0:
            return right
        if not isinstance(right, Tensor) and right == 1.0:
            return left
        return left * right


class HoistGraph(torch.nn.Module):
    """The levels below the grid: for each, inputs [numbers] to an array [rows, numbers]."""

    def __init__(self, plan: Plan, levels: Sequence[LevelLayout], dtype: torch.dtype) -> None:
        super().__init__()
        self._steps = _Steps(plan, dtype)
        self._levels = levels

    def forward(self, arrays: list[Tensor], inputs: list[list[Tensor]]) -> tuple[()]:
        """Writes to the arrays."""
        for level, array, given in zip(self._levels, arrays, inputs, strict=True):
            values: dict[int, Operand] = dict(zip(level.inputs, given, strict=True))
            self._steps.run(level.steps, values)
            rows = [self._steps.tensor(values[i]).to(array.dtype).expand(array.shape[1]) for i in level.rows]
            array.copy_(torch.stack(rows))
        return ()


class GridGraph(torch.nn.Module):
    """The grid: arrays [rows, entries, one length for each dim, 1 for those that the level has not] to planes."""

    def __init__(self, plan: Plan, levels: Sequence[LevelLayout], dtype: torch.dtype) -> None:
        super().__init__()
        self._plan = plan
        self._steps = _Steps(plan, dtype)
        self._levels = levels

    def forward(self, planes: list[Tensor], arrays: list[Tensor], inputs: list[Tensor]) -> tuple[()]:
        """Writes to the planes, each [entries, one length for each dim]."""
        grid = self._plan.levels[-1]
        values: dict[int, Operand] = dict(zip(grid.inputs, inputs, strict=True))
        for level, array in zip(self._levels, arrays, strict=True):
            for row, step in enumerate(level.rows):
                values[step] = array[row] != 0 if self._is_boolean(step) else array[row]
        used = {a for i in grid.steps for a in self._plan.steps[i].args} | set(self._plan.outputs)
        constants = [i for i in used if self._plan.steps[i].op == "const"]
        self._steps.run([*constants, *grid.steps], values)
        for plane, step in zip(planes, self._plan.outputs, strict=True):
            plane.copy_(self._steps.tensor(values[step]))
        return ()

    def _is_boolean(self, step: int) -> bool:
        declared = FUNCTIONS.get(self._plan.steps[step].op)
        return declared is not None and declared.result == "boolean"
