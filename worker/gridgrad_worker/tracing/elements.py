"""Tensors as arrays of nodes: what torch computes with a whole tensor, computed with each of its elements.

A registered function is called with single numbers, so the tensors in it are few and small: a stack of inputs, a layer
of a small network. Each element is a node of the program, and shapes are numpy's own.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_core.lang.functions.function import Kind
from gridgrad_core.lang.functions.table import FUNCTIONS, lookup
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.operations import ARITHMETIC
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.typed_builder import TypedBuilder, Value
from gridgrad_worker.tracing.graph import UntraceableError

__all__ = ["ElementBuilder", "Elements", "Operand"]


@dataclass(frozen=True)
class Elements:
    """A tensor, by the nodes of its elements.

    Args:
        nodes: their indices, of the tensor's shape.
        kind: whether they are numbers or booleans.
    """

    nodes: NDArray[np.int64]
    kind: Kind = "number"

    def moved(self, nodes: NDArray[np.int64]) -> Elements:
        """Elements of the same kind."""
        return Elements(np.asarray(nodes), self.kind)


_OF_NUMBERS = "mul", "div"
_MOST_CHOICES = 64

Operand = Elements | float
"""What is computed with: a tensor, or a number of Python's."""


class ElementBuilder:
    """Writes operations on elements.

    Args:
        most: how many nodes it may write.

    Attributes:
        operations: has the nodes.
    """

    def __init__(self, most: int) -> None:
        self.operations = TypedBuilder()
        self._most = most

    def constant(self, tensor: Tensor) -> Elements:
        """A tensor whose numbers are known.

        Raises:
            UntraceableError: they are no real numbers.
        """
        if tensor.dtype.is_complex:
            raise UntraceableError("it computes with complex numbers")
        numbers = tensor.detach().cpu().to(torch.float64).numpy()
        found = self._each(lambda number: self.operations.constant(float(number), 0).node, numbers)
        return self.call("ne", Elements(found), 0.0) if tensor.dtype == torch.bool else Elements(found)

    def input(self, name: str) -> Elements:
        """An input, of no dims."""
        return Elements(np.asarray(self.operations.input(name, 0).node))

    def filled(self, value: float, shape: Sequence[int]) -> Elements:
        """A tensor of one number."""
        return Elements(np.full(tuple(shape), self.operations.constant(value, 0).node))

    def numbers(self, operand: Operand) -> Elements:
        """An operand as numbers; of booleans 1 and 0."""
        if not isinstance(operand, Elements):
            return self.filled(float(operand), ())
        if operand.kind == "number":
            return operand
        return Elements(self._each(lambda node: self.operations.number(Value(int(node), 0, "boolean")), operand.nodes))

    def call(self, name: str, *operands: Operand) -> Elements:
        """A function or operator of the language, of each element.

        Args:
            name: in the table.
            operands: its arguments, which broadcast.
        """
        function = lookup(name) or FUNCTIONS[name]
        is_kept = name not in _OF_NUMBERS  # a product with 1 is the other factor, which is a number even of a boolean
        given = [each if isinstance(each, Elements) and is_kept else self.numbers(each) for each in operands]
        kinds = [each.kind for each in given]

        def one(*nodes: int) -> int:
            values = [Value(int(node), 0, kind) for node, kind in zip(nodes, kinds, strict=True)]
            if name == "neg":
                return self.operations.prefix("neg", 0, *values).node
            kept = self._factor(name, nodes)
            return self.operations.apply(function, tuple(values), 0).node if kept is None else int(kept)

        return Elements(self._each(one, *(each.nodes for each in given)), function.result)

    def text(self, text: str, *operands: Operand) -> Elements:
        """What a text computes of each element.

        Args:
            text: of the language; its inputs are called a, b, c, ..., as the operands come.
            operands: numbers, which broadcast.
        """
        program = _parsed(text)
        names = {chr(ord("a") + place): place for place in range(len(operands))}

        def one(*nodes: int) -> int:
            spliced: list[int] = []
            for node in program.nodes:
                if node.op == "input":
                    spliced.append(int(nodes[names[str(node.value)]]))
                elif node.op == "const":
                    spliced.append(self.operations.constant(node.number, 0).node)
                else:
                    spliced.append(self._applied(node, [spliced[each] for each in node.args]))
            return spliced[program.outputs[0]]

        return Elements(self._each(one, *(self.numbers(each).nodes for each in operands)))

    def is_exact(self, elements: Elements, dtype: torch.dtype) -> bool:
        """Whether elements are one of a few numbers each that a dtype has, so that they are the same computed in it."""
        return all(self._is_exact(int(node), dtype) for node in np.unique(elements.nodes))

    def _is_exact(self, node: int, dtype: torch.dtype) -> bool:
        found = self._possible(node)
        return 0 < len(found) <= _MOST_CHOICES and all(
            number == torch.tensor(number, dtype=dtype).item() or math.isnan(number) for number in found
        )

    def _possible(self, number: int) -> frozenset[float]:
        """What a node of constants and choices may be; nothing for any other, or where that is too many numbers."""
        node = self.operations.builder.nodes[number]
        if node.op == "const":
            return frozenset((node.number,))
        if node.op == "where":
            both = [self._possible(each) for each in node.args[1:]]
            return frozenset().union(*both) if all(both) else frozenset()
        of_all = [self._possible(each) for each in node.args] if node.op in ARITHMETIC else []
        if not of_all or math.prod(map(len, of_all)) > _MOST_CHOICES:
            return frozenset()
        try:
            return frozenset(ARITHMETIC[str(node.op)](*numbers) for numbers in itertools.product(*of_all))
        except (ArithmeticError, ValueError):
            return frozenset()

    def fold(self, name: str, parts: Sequence[Elements]) -> Elements:
        """Several tensors by a function of two, from the first on."""
        return functools.reduce(lambda x, y: self.call(name, x, y), parts)

    def _applied(self, node: Node, arguments: list[int]) -> int:
        """An operation of a text."""
        kept = self._factor(node.op, arguments)
        if kept is not None:
            return kept
        found = self.operations.again(node, tuple(arguments))
        number = self.operations.known(Value(found, 0))
        return found if number is None else self.operations.constant(number, 0).node

    def _factor(self, name: str, arguments: Sequence[int]) -> int | None:
        """What a product with 1 is, which torch has where nothing else is said; None for anything else."""
        if name not in _OF_NUMBERS:
            return None
        known = [self.operations.known(Value(int(each), 0)) for each in arguments]
        if known[1] == 1:
            return arguments[0]
        return arguments[1] if name == "mul" and known[0] == 1 else None

    def _each(self, one: object, *arrays: NDArray[np.generic]) -> NDArray[np.int64]:
        found = np.frompyfunc(one, len(arrays), 1)(*arrays)  # type: ignore[call-overload] # of any callable
        if len(self.operations.builder.nodes) > self._most:
            raise UntraceableError(f"it comes to more than {self._most:,} operations on single numbers")
        return np.asarray(found, np.int64)


@functools.lru_cache(256)
def _parsed(text: str) -> Program:
    return parse(text)
