"""Operations with a sub-program on torch tensors: their loop, run for all points that have not ended yet.

A sum over arrays ends at the same place everywhere; its terms are computed on the dims that they have.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.functions.tabulated import ARRAY_ITEM
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.loops.loop import Loop, state_name
from gridgrad_core.lang.loops.lowering import loop_of
from gridgrad_core.lang.loops.residual import Rounding
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.torch_ops.lookups import array_numbers
from gridgrad_worker.torch_ops.scalars import SCALAR_FIRST, SCALAR_SECOND
from gridgrad_worker.torch_ops.vectors import VECTOR, padded

__all__ = ["LoopedValue", "SumOverArrays", "rounding_of"]

Values = Mapping[str, Callable[..., Tensor]]

_TOGETHER = 1 << 14
"""Numbers of a result up to which several terms are computed in one call."""

_ANYWHERE = frozenset({"add", "sub", "mul", "div", "neg", "where"})
"""What has the same bits wherever its numbers stand."""


def rounding_of(dtype: torch.dtype) -> Rounding:
    """What rounding makes of the numbers of a dtype."""
    info = torch.finfo(dtype)
    return Rounding(info.eps, info.tiny)


class LoopedValue:
    """The value of an operation with a sub-program.

    A point's bits depend on its arguments alone: each step runs on whole vectors, and what has ended stays as it is.

    Args:
        operation: such as a `solve`.
        values: of the functions of the language.
    """

    def __init__(self, operation: LocalOperation, values: Values) -> None:
        self._operation = operation
        self._values = values
        self._loops: dict[torch.dtype, _Loop] = {}

    def __call__(self, *arguments: Tensor) -> Tensor:
        """Of arguments that broadcast, of one dtype."""
        dtype = arguments[0].dtype
        if dtype not in self._loops:
            self._loops[dtype] = _Loop(loop_of(self._operation, rounding_of(dtype)), self._values, dtype)
        shape = torch.Size(np.broadcast_shapes(*[argument.shape for argument in arguments]))
        # One number would be computed otherwise than the same one among others
        wide = shape if shape.numel() > 1 else torch.Size([VECTOR])
        if not shape.numel():
            return arguments[0].new_empty(shape)
        flat = [argument.expand(shape).reshape(-1).expand(wide.numel()).contiguous() for argument in arguments]
        return self._loops[dtype].run(flat)[: shape.numel()].reshape(shape)


class _Loop:
    """A loop on flat tensors of one dtype."""

    def __init__(self, loop: Loop, values: Values, dtype: torch.dtype) -> None:
        names = [state_name(position) for position in range(len(loop.step.outputs))]
        arguments = sorted({name for program in loop[:3] for name in program.inputs} - {*names})
        self._arguments = [int(name) for name in arguments]
        self._limit = loop.limit
        self._start, self._step, self._result = (
            _Program(program, [*arguments, *names], values, dtype) for program in (loop.start, loop.step, loop.result)
        )

    def run(self, given: Sequence[Tensor]) -> Tensor:
        """What the operation comes to.

        Args:
            given: its arguments, on whole vectors.
        """
        arguments = [given[position] for position in self._arguments]
        size, threads = len(given[0]), torch.get_num_threads()
        ended = state = [each.expand(size).contiguous() for each in self._start(given[0], arguments)]
        places: Tensor | None = None
        for _ in range(self._limit):
            going = state[-1] != 0
            left = int(going.sum())
            if not left:
                break
            if padded(left, threads) <= len(going) // 2:
                ended = _put(ended, places, state)
                chosen = going.nonzero()[:, 0]
                chosen = torch.cat([chosen, chosen[-1:].expand(padded(left, threads) - left)])
                places = chosen if places is None else places[chosen]
                arguments, state = [each[chosen] for each in arguments], [each[chosen] for each in state]
                going = going[chosen]
            computed = self._step(given[0], [*arguments, *state])
            state = [torch.where(going, new, old) for new, old in zip(computed, state, strict=True)]
        ended = _put(ended, places, state)
        return self._result(given[0], [*[given[position] for position in self._arguments], *ended])[0].expand(size)


def _put(ended: list[Tensor], places: Tensor | None, state: list[Tensor]) -> list[Tensor]:
    """Brings back what has been computed of some of the points."""
    if places is None:
        return state
    return [whole.index_copy(0, places, part) for whole, part in zip(ended, state, strict=True)]


class _Program:
    """A program on flat tensors."""

    def __init__(self, program: Program, names: Sequence[str], values: Values, dtype: torch.dtype) -> None:
        self._nodes = program.nodes
        self._outputs = program.outputs
        self._values = values
        self._dtype = dtype
        position = {name: place for place, name in enumerate(names)}
        self._inputs = [(i, position[str(n.value)]) for i, n in enumerate(program.nodes) if n.op == "input"]
        self._known = {i: n.number for i, n in enumerate(program.nodes) if n.op == "const"}
        self._calls = [(i, *self._call(n)) for i, n in enumerate(program.nodes) if n.args]
        self._tensors: dict[torch.device, dict[int, Tensor]] = {}

    def __call__(self, like: Tensor, arguments: Sequence[Tensor]) -> list[Tensor]:
        found = dict(self._constants(like.device))
        for index, position in self._inputs:
            found[index] = arguments[position]
        for index, call, used in self._calls:
            found[index] = call(*[found[i] for i in used])
        return [found[index] for index in self._outputs]

    def _call(self, node: Node) -> tuple[Callable[..., Tensor], tuple[int, ...]]:
        first, *rest = node.args
        if node.op in SCALAR_SECOND and rest[0] in self._known and first not in self._known:
            return functools.partial(_second, SCALAR_SECOND[node.op], self._rounded(rest[0])), (first,)
        if node.op in SCALAR_FIRST and first in self._known and rest[0] not in self._known:
            return functools.partial(_second, SCALAR_FIRST[node.op], self._rounded(first)), (rest[0],)
        integers = len(FUNCTIONS[node.op].integers)
        call = self._values[node.op]
        if integers:
            call = functools.partial(call, *[int(self._known[i]) for i in node.args[:integers]])
        return call, node.args[integers:]

    def _rounded(self, index: int) -> float:
        return float(torch.tensor(self._known[index], dtype=torch.float64).to(self._dtype))

    def _constants(self, device: torch.device) -> dict[int, Tensor]:
        if device not in self._tensors:
            self._tensors[device] = {
                i: torch.tensor(self._known[i], dtype=torch.float64).to(device, self._dtype) for i in self._known
            }
        return self._tensors[device]


def _second(operation: Callable[..., Tensor], number: float, x: Tensor) -> Tensor:
    return operation(x, number)


class SumOverArrays:
    """The value of a sum over arrays.

    A point's bits depend on its arguments alone: terms are added one after the other, functions run on whole vectors.

    Args:
        operation: the sum.
        values: of the functions of the language.
    """

    def __init__(self, operation: LocalOperation, values: Values) -> None:
        self._which = operation.which
        self._nodes = operation.body.nodes
        (self._output,) = operation.body.outputs
        self._positions = {name: place for place, name in enumerate(operation.function.params)}
        self._calls = {i: _term_call(node, self._nodes, values) for i, node in enumerate(self._nodes) if node.args}

    def __call__(self, *arguments: Tensor) -> Tensor:
        """Of arguments that broadcast, of one dtype."""
        shape = torch.Size(np.broadcast_shapes(*[argument.shape for argument in arguments]))
        total = arguments[0].new_zeros(shape)
        count = len(array_numbers(self._which))
        together = max(1, min(count, _TOGETHER // max(1, shape.numel())))
        for first in range(0, count, together):
            terms = self._terms(slice(first, min(first + together, count)), arguments)
            for term in terms.expand(min(together, count - first), *terms.shape[1:]):
                total = total + term
        return total

    def _terms(self, places: slice, arguments: Sequence[Tensor]) -> Tensor:
        """Some of the terms: [terms, ...], of a shape that broadcasts to that of the result."""
        like, dims = arguments[0], max(argument.ndim for argument in arguments)
        found: list[Tensor] = []
        for index, node in enumerate(self._nodes):
            if node.op == "const":
                made = torch.full((1,) * (1 + dims), node.number, dtype=torch.float64).to(like.device, like.dtype)
            elif node.op == "input":
                given = arguments[self._positions[str(node.value)]] if node.value in self._positions else like
                made = given.reshape(1, *[1] * (dims - given.ndim), *given.shape)
            elif node.op == ARRAY_ITEM.name:
                numbers = array_numbers(int(self._nodes[node.args[0]].number))
                made = numbers[places].to(like.dtype).view(-1, *[1] * dims)
            else:
                call, used = self._calls[index]
                made = call(*[found[i] for i in used])
            found.append(made)
        return found[self._output]


def _term_call(node: Node, nodes: Sequence[Node], values: Values) -> tuple[Callable[..., Tensor], tuple[int, ...]]:
    """What computes a node, and from which others."""
    if node.op == ARRAY_ITEM.name:
        return values[node.op], ()
    integers = len(FUNCTIONS[node.op].integers)
    call = functools.partial(values[node.op], *[int(nodes[i].number) for i in node.args[:integers]])
    return (call if node.op in _ANYWHERE else functools.partial(_on_vectors, call)), node.args[integers:]


def _on_vectors(call: Callable[..., Tensor], *arguments: Tensor) -> Tensor:
    """What a function comes to on whole vectors of all its numbers."""
    shape = np.broadcast_shapes(*[argument.shape for argument in arguments])
    count = math.prod(shape)
    length = padded(count, torch.get_num_threads())
    wide = [arguments[0].new_zeros(length).to(argument.dtype) for argument in arguments]
    for flat, argument in zip(wide, arguments, strict=True):
        flat[:count].view(shape).copy_(argument)
    return call(*wide)[:count].view(shape)
