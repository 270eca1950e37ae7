"""How far rounding can move each result of a plan, at many points at a time.

Beside the numbers of each step stands a bound of their error (`running_error.py` of planning). A comparison whose
sides may be equal is uncertain, and what is chosen by it may be either side. Where nothing can be said, as beside a
pole or where numbers overflow, the bound is inf.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_worker.engines.compiled.verification.function_errors import Bounded, function_with_error
from gridgrad_worker.engines.compiled.verification.solution_errors import solution_with_error
from gridgrad_worker.engines.structured.planning.plan import SEPARATED, ExecutionPlan, Step
from gridgrad_worker.engines.structured.planning.running_error import RunningError

__all__ = ["error_bounds"]

Values = NDArray[np.float64]

_MEETING = 128.0
"""Roundings of a constant that others were multiplied into: the most factors of a term."""
_EXACT_CONSTANTS = 1 << 16
_NEAR_OVERFLOW = 0.25

_COMPARISONS: dict[str, Callable[[Values, Values], NDArray[np.bool_]]] = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
_LOGICAL: dict[str, Callable[[Values, Values], NDArray[np.bool_]]] = {
    "and": np.logical_and,
    "or": np.logical_or,
    "logical_xor": np.logical_xor,
}


def error_bounds(plan: ExecutionPlan, points: Values, dtype: torch.dtype, *, rewritten: bool = False) -> Values:
    """What rounding can make of the results of a plan, inf where that can't be told.

    Args:
        plan: the steps.
        points: of each input its numbers, [inputs, points], as the computing dtype has them.
        dtype: computed in.
        rewritten: whether constants may be products of several that were written.

    Returns:
        For each plane and point, [planes, points].
    """
    with np.errstate(all="ignore"):
        return _Evaluation(plan, points, dtype, _MEETING if rewritten else 0.0).bounds()


class _Evaluation:
    def __init__(self, plan: ExecutionPlan, points: Values, dtype: torch.dtype, of_constants: float) -> None:
        info = torch.finfo(dtype)
        self._unit = info.eps / 2
        self._running = RunningError(self._unit, float(info.tiny) / self._unit)
        self._dtype = np.dtype("float32" if dtype is torch.float32 else "float64")
        self._largest = float(info.max)
        self._of_constants = of_constants
        self._points = points
        self._plan = plan
        self._found: dict[int, Bounded] = {}

    def bounds(self) -> Values:
        last_use = {i: n for n, step in enumerate(self._plan.steps) for i in step.args}
        last_use.update(dict.fromkeys(self._plan.outputs, len(self._plan.steps)))
        for index, step in enumerate(self._plan.steps):
            if index not in last_use:
                continue
            self._found[index] = self._checked(step, self._step(step))
            for argument in step.args:
                if last_use[argument] == index:
                    self._found.pop(argument, None)
        errors = [self._unit * self._found[i][1] for i in self._plan.outputs]
        return np.array([np.where(np.isnan(each), np.inf, each) for each in errors])

    def _step(self, step: Step) -> Bounded:
        if step.op == "input":
            numbers = self._points[int(step.value or 0)]
            return numbers, np.zeros_like(numbers)
        if step.op == "const":
            return self._const(step.number)
        integers = len(FUNCTIONS[step.op].integers) if step.op != SEPARATED else 0
        args = [self._found[i] for i in step.args[integers:]]
        if step.op == SEPARATED:
            return self._sum_of_products(args)
        arithmetic = self._arithmetic(step.op, args)
        if arithmetic is not None:
            return arithmetic
        if step.op == "where":
            return self._where(*args)
        if step.op in _COMPARISONS:
            return self._compare(_COMPARISONS[step.op], *args)
        if step.op in _LOGICAL:
            return _logical(_LOGICAL[step.op], *args)
        if step.op == "not":
            return 1 - args[0][0], args[0][1]
        if isinstance(step.op, LocalOperation):
            return solution_with_error(step.op, args, self._unit)
        known = tuple(int(self._plan.steps[i].number) for i in step.args[:integers])
        return function_with_error(step.op, known, args, self._unit)

    def _arithmetic(self, op: str, args: Sequence[Bounded]) -> Bounded | None:
        match op:
            case "add":
                return self._running.add(args[0], args[1])
            case "sub":
                return self._running.sub(args[0], args[1])
            case "mul":
                return self._running.mul(args[0], args[1])
            case "div":
                return self._div(args[0], args[1])
            case "neg":
                return self._running.neg(args[0])
        return None

    def _checked(self, step: Step, found: Bounded) -> Bounded:
        """Numbers too large for the dtype are inf, and nothing is told beside that; what is exact stays so."""
        value, error = found
        size = np.abs(value)
        sure = np.isfinite(error) & (size < _NEAR_OVERFLOW * self._largest)
        if step.op in ("input", "const") or sure.all():
            return found
        value = np.where(size > self._largest, np.copysign(np.inf, value), value)
        exact = ~np.isfinite(value)
        for i in step.args:
            exact &= self._found[i][1] == 0 if i in self._found else True
        return value, np.where(exact, 0.0, np.where(sure | (error == 0), error, np.inf))

    def _const(self, number: float) -> Bounded:
        # Small whole numbers and such are as they were written
        exact = not np.isfinite(number) or (abs(number) * 64 <= _EXACT_CONSTANTS and float(number * 64).is_integer())
        value = np.full(self._points.shape[1:] if len(self._points) else 1, self._dtype.type(number), np.float64)
        return value, np.zeros_like(value) if exact else self._of_constants * np.abs(value)

    def _div(self, x: Bounded, y: Bounded) -> Bounded:
        least = self._running.least(y)
        value, error = self._running.div(x, y, least)
        return value, np.where(least > 0, error, np.where((x[1] == 0) & (y[1] == 0), 0.0, np.inf))

    def _sum_of_products(self, factors: Sequence[Bounded]) -> Bounded:
        half = len(factors) // 2
        products = [self._running.mul(x, y) for x, y in zip(factors[:half], factors[half:], strict=True)]
        total = np.sum([value for value, _ in products], 0)
        # In any order: each partial sum is at most that of all sizes
        sizes = half * np.sum([np.abs(value) for value, _ in products], 0)
        return total, np.sum([error for _, error in products], 0) + sizes

    def _compare(self, compare: Callable[[Values, Values], NDArray[np.bool_]], x: Bounded, y: Bounded) -> Bounded:
        margin = self._unit * (x[1] + y[1])
        flips = (margin > 0) & ~(np.abs(x[0] - y[0]) > margin)
        return compare(x[0], y[0]).astype(np.float64), np.where(flips, np.inf, 0.0)

    def _where(self, condition: Bounded, x: Bounded, y: Bounded) -> Bounded:
        holds = condition[0] != 0
        value = np.where(holds, x[0], y[0])
        error = np.where(holds, x[1], y[1])
        flips = condition[1] > 0
        if flips.any():
            both = np.maximum(*[each[1] + np.abs(each[0] - value) / self._unit for each in (x, y)])
            error = np.where(flips, both, error)
        return value, error


def _logical(combine: Callable[[Values, Values], NDArray[np.bool_]], x: Bounded, y: Bounded) -> Bounded:
    """And, or, xor: uncertain where what may flip decides."""
    value = combine(x[0], y[0])
    flips = np.zeros_like(value)
    for one in {False, True}:
        for other in {False, True}:
            turned = combine(_turned(x, one), _turned(y, other))
            flips |= turned != value
    return value.astype(np.float64), np.where(flips, np.inf, 0.0)


def _turned(condition: Bounded, turn: bool) -> Values:
    return np.where((condition[1] > 0) & turn, 1 - condition[0], condition[0])
