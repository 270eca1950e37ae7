"""Runs the steps of one level: every operation over all values of its dims, each into a register."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gridgrad_worker.engines.structured.execution.hoist import HoistedValues
from gridgrad_worker.engines.structured.execution.kernels import OperationCall, make_call
from gridgrad_worker.engines.structured.execution.products import BLOCK_POINTS, Factors, Sides, prepare, split_of
from gridgrad_worker.engines.structured.execution.registers import Register, Registers, allocate
from gridgrad_worker.engines.structured.execution.windows import PanelWindow
from gridgrad_worker.engines.structured.planning.plan import SEPARATED, ExecutionPlan, Level, Step
from gridgrad_worker.torch_ops.vectors import padded

__all__ = ["LevelRunner", "StepResult"]


class StepResult(NamedTuple):
    """The results of a step.

    Args:
        view: [requests, one length for each dim of the grid], 1 for a dim that it does not depend on.
        flat: the same numbers and what fills the last vector up; None if they do not lie like that.
    """

    view: Tensor
    flat: Tensor | None


class LevelRunner:
    """The steps of a level, ready to run on any shape.

    Args:
        plan: has the level.
        level: what to run.
        dtype: computed in.
        device: computed on.
    """

    def __init__(self, plan: ExecutionPlan, level: Level, dtype: torch.dtype, device: torch.device) -> None:
        steps = plan.steps
        self.mask = level.mask
        self.inputs = level.inputs
        self.operands = level.operands
        self.kept = level.kept
        self._level = level
        called = [i for i in level.steps if steps[i].op != SEPARATED]
        self._calls = {i: make_call(steps[i], steps, dtype, host=device.type == "cpu") for i in called}
        self._splits = {i: split_of(steps, i) for i in level.steps if steps[i].op == SEPARATED}
        self._factors: dict[int, Factors] = {}
        self._args = {i: Sides.of(steps, i) for i in self._splits}
        self._ndim = plan.ndim
        self.block_points = BLOCK_POINTS if self._splits else 0
        order = (*level.inputs, *level.steps)
        self._register = allocate(order, lambda i: steps[i].args, self._is_boolean, level.kept)
        used = {a for i in order for a in steps[i].args} | set(level.kept)
        constants = {a for a in used if steps[a].op == "const"}
        self._constants = {i: torch.tensor(steps[i].value, dtype=dtype, device=device) for i in constants}
        self._constant_values = {i: StepResult(constant, None) for i, constant in self._constants.items()}
        self._registers = Registers(dtype, device)
        self._shaped: dict[Register, StepResult] = {}
        self._shaped_for: tuple[tuple[int, ...], int] = ((), 0)
        self._of_constants = {i for i, call in self._calls.items() if constants.issuperset(call.args)}
        self._choices = self._rare_choices(steps) if device.type == "cpu" else []

    def _rare_choices(self, steps: Sequence[Step]) -> list[tuple[int, int, int]]:
        """The choices by a condition of fewer dims: that, what is there where it does not hold, and the choice.

        So derivatives are guarded at a pole that a grid seldom meets: where none of it does, what is there beside the
        pole is computed in its place.
        """
        uses = Counter(a for i in self._level.steps for a in steps[i].args)
        return [
            (condition, other, i)
            for i in self._level.steps
            if steps[i].op == "where"
            for condition, _, other in [steps[i].args]
            if condition in self.operands and other in self._calls and uses[other] == 1 and other not in self.kept
        ]

    def _is_boolean(self, step: int) -> bool:
        return step in self._calls and self._calls[step].boolean

    def input(self, step: int, shape: tuple[int, ...]) -> StepResult:
        """The register of an input, to be filled."""
        return self._values(step, shape, math.prod(shape))

    def free(self) -> None:
        """Gives the memory of the registers and factors back."""
        self._registers.free()
        self._shaped.clear()
        self._factors.clear()

    def prepare(self, shape: tuple[int, ...], known: HoistedValues) -> None:
        """Puts the factors of the level's separated sums in place.

        Args:
            shape: of the panel, [requests, one length for each dim of the grid], 1 for dims that the level has not.
            known: the operands of the level, over the panel.
        """
        for step, split in self._splits.items():
            self._factors[step] = prepare(self._args[step], split, shape, self._stacked(known))

    def _stacked(self, known: HoistedValues) -> Callable[[Sequence[int]], Tensor]:
        def stacked(steps: Sequence[int]) -> Tensor:
            if steps[0] in self._constants:
                ones = [1] * (self._ndim + 1)
                return torch.stack([self._constants[i] for i in steps]).view(-1, *ones)
            return known.stacked(steps)

        return stacked

    def run(
        self,
        window: PanelWindow,
        known: dict[int, StepResult],
        destinations: Mapping[int, Tensor] | None = None,
    ) -> None:
        """Runs all steps.

        Args:
            window: what to run them on; what the level's separated sums need was prepared for its panel.
            known: the inputs of the level, and its operands, which broadcast to the window's shape;
                takes what the steps compute.
            destinations: where to write the results of some steps, by step, of that shape.
        """
        shape = window.shape
        count = math.prod(shape)
        known.update(self._constant_values)
        places = dict(destinations or {})
        passed = self._passed(known, places) if self._choices else {}
        for step in self._level.steps:
            destination = places.get(step)
            if step in passed:
                known[step] = StepResult(passed[step], None)
            elif step in self._splits:
                out = self._values(step, shape, count) if destination is None else StepResult(destination, None)
                window.write_product(self._factors[step], self._splits[step], out.view)
                known[step] = out
            else:
                known[step] = self._called(step, shape, count, known, destination)

    def _passed(self, known: Mapping[int, StepResult], places: dict[int, Tensor]) -> dict[int, Tensor]:
        """Where the results of choices go of which nothing is chosen; what is there else goes there at once."""
        conditions = {condition for condition, _, choice in self._choices if choice in places}
        holds = {condition: bool(known[condition].view.any()) for condition in conditions}
        passed = {}
        for condition, other, choice in self._choices:
            if choice in places and not holds[condition]:
                places[other] = passed[choice] = places[choice]
        return passed

    def _called(
        self, step: int, shape: tuple[int, ...], count: int, known: Mapping[int, StepResult], destination: Tensor | None
    ) -> StepResult:
        call = self._calls[step]
        arguments = [known[i] for i in call.args]
        if call.exact and call.takes_out:
            out = self._values(step, shape, count) if destination is None else StepResult(destination, None)
            views = [a.view for a in arguments]
            if step in self._of_constants:
                views[0] = views[0].expand(shape)
            call.function(*views, out=out.view)
            return out
        if call.broadcasts:
            result = call.function(*[a.view for a in arguments]).expand(shape)
            return StepResult(result if destination is None else destination.copy_(result), None)
        return self._on_whole_vectors(step, call, shape, count, arguments, destination)

    def _on_whole_vectors(
        self,
        step: int,
        call: OperationCall,
        shape: tuple[int, ...],
        count: int,
        arguments: list[StepResult],
        destination: Tensor | None,
    ) -> StepResult:
        length = padded(count, torch.get_num_threads())
        flats = [self._spread(i, a, shape, count, length) for i, a in enumerate(arguments)]
        if step in self._of_constants:
            flats[0] = flats[0].expand(length)
        if call.takes_out:
            result = self._values(step, shape, count)
            call.function(*flats, out=result.flat)
        else:
            flat = call.function(*flats)
            result = StepResult(flat[:count].view(shape), flat)
        if destination is not None:
            destination.copy_(result.view)
        return result

    def _spread(self, position: int, values: StepResult, shape: tuple[int, ...], count: int, length: int) -> Tensor:
        """An argument on every value of the level's dims, end to end."""
        if values.view.dim() == 0:
            return values.view
        if values.flat is not None and values.view.shape == shape and values.flat.shape[0] == length:
            return values.flat
        boolean = values.view.dtype == torch.bool
        flat = self._registers.flat(Register(boolean, -1 - position), length)
        flat[:count].view(shape).copy_(values.view)
        return flat

    def _values(self, step: int, shape: tuple[int, ...], count: int) -> StepResult:
        """The register of a step; for the shape that was asked for last it is kept, since views take time to make."""
        threads = torch.get_num_threads()
        if self._shaped_for != (shape, threads):
            self._shaped.clear()
            self._shaped_for = shape, threads
        register = self._register[step]
        values = self._shaped.get(register)
        if values is None:
            flat = self._registers.flat(register, padded(count, threads))
            values = self._shaped[register] = StepResult(flat[:count].view(shape), flat)
        return values
