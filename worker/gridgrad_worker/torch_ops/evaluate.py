"""Runs programs of the language on torch tensors, with the derivatives that the table of functions states.

What torch differentiates as the table does (`torch_ops.table.NATIVE`) is left to torch. For any other
function the table's rule, itself a program, is evaluated.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.derive.rules import rule
from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.torch_ops.custom_jvp import ruled
from gridgrad_worker.torch_ops.scalars import SCALAR_FIRST, SCALAR_SECOND
from gridgrad_worker.torch_ops.table import NATIVE, VALUES

__all__ = ["rounded", "torch_function"]

_REMEMBERED = 1024


class _Step(NamedTuple):
    """One operation: what is called with which values, and which of those nobody needs afterwards."""

    call: Callable[..., Tensor]
    arguments: tuple[int, ...]
    result: int
    last_used: tuple[int, ...]


def torch_function(program: Program, names: Sequence[str], dtype: torch.dtype) -> Callable[..., tuple[Tensor, ...]]:
    """Makes a program a function of torch tensors.

    Args:
        program: what to compute.
        names: the inputs that the function takes, in order; the program may use fewer.
        dtype: of its arguments and results, float32 or float64; all is computed in it, and each
            constant is rounded to it once.

    Returns:
        A function of tensors of one shape, or 0-d ones under `torch.func.vmap`, that returns a tensor
        for each component. It may be differentiated by `torch.func.jacfwd`, nested.
    """
    return _Interpreter(program, names, dtype)


class _Interpreter:
    """Evaluates a program step by step."""

    def __init__(self, program: Program, names: Sequence[str], dtype: torch.dtype) -> None:
        self._nodes = program.nodes
        self._outputs = program.outputs
        self._constants = {i: rounded(n.value, dtype) for i, n in enumerate(program.nodes) if n.op == "const"}
        self._dtype = dtype
        positions = {name: position for position, name in enumerate(names)}
        self._inputs = [(i, positions[str(n.value)]) for i, n in enumerate(program.nodes) if n.op == "input"]
        self._steps = self._with_last_uses([self._step(i, n) for i, n in enumerate(program.nodes) if n.args])
        self._tensors: dict[torch.device, list[tuple[int, Tensor]]] = {}
        self._constants_on(torch.device("cpu"))

    def __call__(self, *arguments: Tensor) -> tuple[Tensor, ...]:
        values: list[Any] = [None] * len(self._nodes)
        for index, tensor in self._constants_on(arguments[0].device if arguments else torch.device("cpu")):
            values[index] = tensor
        for index, position in self._inputs:
            values[index] = arguments[position]
        for call, used, result, last_used in self._steps:
            values[result] = call(*[values[i] for i in used])
            for index in last_used:
                values[index] = None
        return tuple([values[i] for i in self._outputs])

    def _step(self, index: int, node: Node) -> _Step:
        first, *rest = node.args
        if node.op in SCALAR_SECOND and rest[0] in self._constants:
            return _Step(_with_second(SCALAR_SECOND[node.op], self._constants[rest[0]]), (first,), index, ())
        if node.op in SCALAR_FIRST and first in self._constants:
            return _Step(_with_second(SCALAR_FIRST[node.op], self._constants[first]), (rest[0],), index, ())
        if node.op == "pow" and self._constants.get(first, 0) > 0:
            return _Step(functools.partial(torch.pow, self._constants[first]), (rest[0],), index, ())
        integers = len(FUNCTIONS[node.op].integers)
        if not integers:
            return _Step(_differentiable(node.op, ()), node.args, index, ())
        known = tuple(int(self._constants[i]) for i in node.args[:integers])
        return _Step(_differentiable(node.op, known), node.args[integers:], index, ())

    def _with_last_uses(self, steps: list[_Step]) -> list[_Step]:
        needed = {*self._outputs, *self._constants}
        marked = []
        for step in reversed(steps):
            last_used = tuple(dict.fromkeys(i for i in step.arguments if i not in needed))
            needed.update(last_used)
            marked.append(step._replace(last_used=last_used))
        return marked[::-1]

    def _constants_on(self, device: torch.device) -> list[tuple[int, Tensor]]:
        if device not in self._tensors:
            # Inside a transform of torch.func a new tensor would belong to it, and be void after it
            with torch._C._DisableFuncTorch():
                used = self._constants_as_tensors()
                self._tensors[device] = [(i, torch.tensor(c, dtype=self._dtype, device=device)) for i, c in used]
        return self._tensors[device]

    def _constants_as_tensors(self) -> list[tuple[int, float]]:
        used = {i for step in self._steps for i in step.arguments} | set(self._outputs)
        return [(i, c) for i, c in self._constants.items() if i in used]


def rounded(value: float | str | None, dtype: torch.dtype) -> float:
    """A constant as a number of a dtype; one beyond its range is inf, which torch refuses to make by itself.

    Args:
        value: the value of its node.
        dtype: computed in.
    """
    number = 0.0 if value is None else float(value)
    with np.errstate(over="ignore"):
        return float(np.float32(number)) if dtype == torch.float32 else number


def _with_second(operation: Callable[..., Tensor], number: float) -> Callable[[Tensor], Tensor]:
    return lambda x: operation(x, number)


@functools.lru_cache(maxsize=_REMEMBERED)
def _differentiable(name: str, integers: tuple[int, ...]) -> Callable[..., Tensor]:
    """A function of the language on tensors, to be differentiated by torch's forward mode."""
    if name in NATIVE:
        return NATIVE[name]
    value = functools.partial(VALUES[name], *integers) if integers else VALUES[name]
    return ruled(value, _Rules(name, integers).push)


class _Rules:
    """The derivatives of a function as functions of torch tensors, made when they are first needed."""

    def __init__(self, name: str, integers: tuple[int, ...]) -> None:
        function = FUNCTIONS[name]
        self._name = name
        self._integers = integers
        self._params = function.params[len(integers) :]
        self._zero = [text == "0" for text in function.derivatives][len(integers) :]
        self._made: dict[tuple[int, torch.dtype], Callable[..., tuple[Tensor, ...]]] = {}

    def push(self, arguments: Sequence[Tensor], tangents: Sequence[Tensor | None]) -> Tensor | None:
        """The tangent of the function's value; None if it is structurally zero."""
        total = None
        for position, tangent in enumerate(tangents):
            if tangent is None or self._zero[position]:
                continue
            (slope,) = self._slope(position, arguments[0].dtype)(*arguments)
            total = slope * tangent if total is None else total + slope * tangent
        return total

    def _slope(self, position: int, dtype: torch.dtype) -> Callable[..., tuple[Tensor, ...]]:
        key = (position, dtype)
        if key not in self._made:
            program = self._program(position)
            self._made[key] = torch_function(program, self._params, dtype)
        return self._made[key]

    def _program(self, position: int) -> Program:
        if not isinstance(self._name, LocalOperation):
            return rule(self._name, len(self._integers) + position, self._integers)
        builder = Builder()
        operation = builder.op(self._name, *map(builder.input, self._params))
        alone = Program(tuple(builder.nodes), (operation,), ("f",), False, self._params)
        return derive(alone, [(self._params[position],)]).alone((self._params[position],))
