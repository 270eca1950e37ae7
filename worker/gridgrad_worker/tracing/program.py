"""From a graph of aten operations on numbers to a program of the language."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.fx import GraphModule, Node

from gridgrad_core.errors import GridgradError
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.canonical import assembling
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import Value
from gridgrad_worker.tracing.elements import ElementBuilder, Elements
from gridgrad_worker.tracing.graph import UntraceableError
from gridgrad_worker.tracing.pointwise import POINTWISE
from gridgrad_worker.tracing.small_tensors import SMALL_TENSORS

__all__ = ["MOST_OPERATIONS", "program_of"]

MOST_OPERATIONS = 2000
"""On single numbers; what has more, such as a layer of many units, is computed faster as torch does it."""

_RULES = {**POINTWISE, **SMALL_TENSORS}
_SIGNED_ZEROS = ("aten.neg", "aten.mul")


def program_of(graph: GraphModule, inputs: Sequence[str], components: Sequence[str] | None) -> Program:
    """What a graph computes, as a program of the language.

    Args:
        graph: as `gridgrad_worker.tracing.graph.graph_of` records it.
        inputs: the names of its placeholders.
        components: the names of what a tuple-valued function gives; None for one that gives a number.

    Raises:
        UntraceableError: an operation of it is none of the language, or it is too large.
    """
    reader = _Reader(graph, inputs)
    outputs = [reader.build.numbers(each) for each in reader.outputs()]
    values = [Value(int(each.nodes), 0, name=name) for each, name in zip(outputs, components or ("",), strict=True)]
    result = Value(-1, 0, items=tuple(values)) if components else values[0]
    try:
        program = finished(assembling(reader.build.operations, result, inputs))
        again = parse(program.text, inputs)
    except (GridgradError, Mistake) as error:
        raise UntraceableError(f"it can't be written as a text: {error}") from error
    _check(program, again, inputs, components)
    return program


def _check(program: Program, again: Program, inputs: Sequence[str], components: Sequence[str] | None) -> None:
    unused = [name for name in inputs if name not in program.inputs]
    if unused:
        raise UntraceableError(f"it does not depend on its input {unused[0]}")
    if program != again or (components and program.components != tuple(components)):
        raise UntraceableError("its inputs and outputs have names that a text can't tell apart")


class _Reader:
    """Reads a graph, operation by operation."""

    def __init__(self, graph: GraphModule, inputs: Sequence[str]) -> None:
        self.build = ElementBuilder(MOST_OPERATIONS)
        self._graph = graph
        self._names = iter(inputs)
        self._known: dict[Node, Any] = {}

    def outputs(self) -> list[Elements]:
        """What the graph returns."""
        for node in self._graph.graph.nodes:
            if node.op == "output":
                return [self._elements(self._value(each)) for each in node.args[0]]
            self._known[node] = self._read(node)
        raise UntraceableError("it returns nothing")

    def _read(self, node: Node) -> Any:
        if node.op == "placeholder":
            return self.build.input(next(self._names))
        if node.op == "get_attr":
            return operator.attrgetter(str(node.target))(self._graph)
        if isinstance(node.target, OpOverload) and node.target._schema.is_mutable:
            _check_in_place(node)
        arguments = self._value(node.args)
        if node.target is operator.getitem:
            return _part(*arguments)
        found = self._applied(node.target, arguments, self._value(node.kwargs))
        return self._typed(node, found) if _has_elements(found) else found

    def _applied(self, target: Any, arguments: Any, options: Any) -> Any:
        if not isinstance(target, OpOverload):
            raise UntraceableError(f"it calls {target}, which is no operation of torch's aten")
        _refuse(target)
        if not _has_elements((arguments, options)):
            return target(*arguments, **options)
        namespace, _, name = target._schema.name.partition("::")
        name = name.removesuffix("_") if target._schema.is_mutable else name
        rule = _RULES.get(f"{name}.{target._overloadname}", _RULES.get(name)) if namespace == "aten" else None
        if rule is None:
            raise UntraceableError(f"it calls {target._schema.name.replace('::', '.')}, which the language has not")
        left_out = [each.default_value for each in target._schema.arguments if not each.kwarg_only][len(arguments) :]
        arguments = [self._operand(each) for each in (*arguments, *left_out)]
        try:
            return rule(self.build, *arguments, **{key: self._operand(each) for key, each in options.items()})
        except (Mistake, TypeError, ValueError) as error:
            said = f"it calls {target._schema.name.replace('::', '.')} in a way that the language has not: {error}"
            raise UntraceableError(said) from error

    def _typed(self, node: Node, found: Any) -> Any:
        """What an operation gives, as booleans where torch has these: a boolean plus a boolean is one there."""
        meant, named = node.meta["val"], str(node.target).rpartition(".")[0]
        is_tuple = isinstance(found, tuple)
        if is_tuple != isinstance(meant, list | tuple) or not (is_tuple or _is_meant(found, meant)):
            raise UntraceableError(f"it calls {named} in a way that the language has not")
        if is_tuple or found.kind == "boolean":
            return found
        if meant.dtype == torch.bool:
            return self.build.call("ne", found, 0.0)
        if meant.is_floating_point():
            if meant.dtype != torch.float64 and not self.build.is_exact(found, meant.dtype):
                raise UntraceableError(f"it calls {named} in {meant.dtype}, where the language computes in float64")
            return found
        is_signed = named in _SIGNED_ZEROS
        return self.build.call("add", found, 0.0) if is_signed else found  # whole numbers have no negative zero

    def _value(self, given: Any) -> Any:
        """An argument, with what is known of nodes in their place."""
        if isinstance(given, Node):
            return self._known[given]
        if isinstance(given, dict):
            return {key: self._value(each) for key, each in given.items()}
        return [self._value(each) for each in given] if isinstance(given, list | tuple) else given

    def _operand(self, given: Any) -> Any:
        """An argument, with elements for a tensor."""
        if isinstance(given, list | tuple):
            return [self._operand(each) for each in given]
        return self._elements(given) if isinstance(given, Tensor) else given

    def _elements(self, given: Any) -> Elements:
        if isinstance(given, Elements):
            return given
        return self.build.constant(given if isinstance(given, Tensor) else torch.tensor(given, dtype=torch.float64))


def _is_meant(found: Elements, meant: Tensor) -> bool:
    """Whether elements are what torch gives, or can be made that: bits of whole numbers can't."""
    return found.kind == "number" or meant.dtype == torch.bool


def _part(parts: Any, place: int) -> Any:
    """One of what an operation gives."""
    if place >= len(parts):
        raise UntraceableError("it uses what an operation gives beside its result, which the language has not")
    return parts[place]


def _refuse(target: OpOverload) -> None:
    """Refuses what draws random numbers."""
    if torch.Tag.nondeterministic_seeded in target.tags:
        raise UntraceableError(f"it draws random numbers ({target._schema.name.replace('::', '.')})")


def _check_in_place(node: Node) -> None:
    """Refuses an operation that writes in place to what others may read.

    Operations of torch do so within themselves, to a result of their own that nothing else is made of.
    """
    written = node.args[0]
    if isinstance(written, Node) and isinstance(written.target, OpOverload) and len(written.users) == 1:
        schema = written.target._schema
        if not any(each.alias_info for each in (*schema.arguments, *schema.returns)):
            return
    raise UntraceableError(f"it writes in place ({str(node.target).rpartition('.')[0]})")


def _has_elements(given: Any) -> bool:
    if isinstance(given, Elements):
        return True
    if isinstance(given, dict):
        return any(map(_has_elements, given.values()))
    return isinstance(given, list | tuple) and any(map(_has_elements, given))
