"""A traced function as steps of jets: each of its operations by its rule, over as many points as a tile has.

Operations on what is the same at all points, such as weights, are done once. What a step was the last to need is let go
at once, so that no more is alive than two layers.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.fx import GraphModule, Node

from gridgrad_worker.engines.functional.partials import Derivative
from gridgrad_worker.engines.layers.jet import Jet, Orders, constant
from gridgrad_worker.engines.layers.rules import RULES

__all__ = ["Network", "NotLayersError"]


_aten: Any = torch.ops.aten


class NotLayersError(Exception):
    """A traced function has an operation that no rule carries jets through; the message names it."""


class _Step(NamedTuple):
    """An operation on jets.

    Args:
        rule: of it.
        node: names its result.
        args, kwargs: its arguments; nodes stand for jets.
        last: what nothing later needs.
    """

    rule: Callable[..., Any]
    node: Node
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    last: tuple[Node, ...]


class Network:
    """Computes a traced function and its partials at points.

    Args:
        graph: operations of torch.ops.aten on tensors of no dims, one for each input; it returns one, or several, of
            no dims.
        wanted: the derivatives in the order of the results, by positions of inputs.
        dtype: of inputs and results.

    Attributes:
        numbers: how many numbers are alive at most for each point, about.
        planes: how many results it has.

    Raises:
        NotLayersError: an operation has no rule.
    """

    numbers: int
    planes: int

    def __init__(self, graph: GraphModule, wanted: Sequence[Derivative], dtype: torch.dtype) -> None:
        self._orders = Orders(wanted)
        self._wanted = tuple(wanted)
        self._constants: dict[Node, Any] = {}
        self._inputs = [node for node in graph.graph.nodes if node.op == "placeholder"]
        self._outputs: list[Any] = []
        self._steps = self._read(graph, dtype)
        self.planes = len(self._wanted) * len(self._outputs)
        self.numbers = self._rehearse(dtype)

    def __call__(self, arguments: Sequence[Tensor]) -> list[Tensor]:
        """The planes of results.

        Args:
            arguments: [points] or [1] each.

        Returns:
            All components of the first wanted derivative, then of the second, and so on: [points] or [1] each.
        """
        found = self._run(arguments)
        like = arguments[0] if arguments else torch.zeros(())
        zero = like.new_zeros(1)
        return [each.parts.get(derivative, zero) for derivative in self._wanted for each in found]

    def _run(self, arguments: Sequence[Tensor], seen: Callable[[dict[Node, Any]], None] | None = None) -> list[Jet]:
        known: dict[Node, Any] = {
            node: self._input(place, argument)
            for place, (node, argument) in enumerate(zip(self._inputs, arguments, strict=True))
        }
        kept = {node for node in self._outputs if isinstance(node, Node)}
        for rule, node, args, kwargs, last in self._steps:
            given = [_filled(each, known) for each in args]
            found = rule(self._orders, *given, **{name: _filled(each, known) for name, each in kwargs.items()})
            if found is None:
                raise NotLayersError(f"{node.target} can't be carried for such arguments")
            known[node] = found
            if seen:
                seen(known)
            for each in last:
                if each not in kept:
                    known.pop(each, None)
        return [known[node] if isinstance(node, Node) else node for node in self._outputs]

    def _input(self, place: int, argument: Tensor) -> Jet:
        parts: dict[Derivative, Tensor] = {(): argument}
        if (place,) in self._orders.derivatives:
            parts[place,] = argument.new_ones(1)
        return Jet((), parts)

    def _read(self, graph: GraphModule, dtype: torch.dtype) -> list[_Step]:
        steps: list[_Step] = []
        varying: set[Node] = set(self._inputs)
        for node in graph.graph.nodes:
            _check_in_place(node)
            if node.op == "get_attr":
                self._constants[node] = _attribute(graph, str(node.target))
            elif node.op == "output":
                returned = node.args[0] if isinstance(node.args[0], tuple | list) else (node.args[0],)
                self._outputs = [each if each in varying else constant(self._constant(each)) for each in returned]
            elif node.op == "call_function" and not node.users:
                continue
            elif node.op == "call_function" and varying.isdisjoint(node.all_input_nodes):
                self._constants[node] = node.target(*self._constant(node.args), **self._constant(node.kwargs))
            elif node.op == "call_function":
                varying.add(node)
                steps.append(self._step(node, varying, dtype))
        return _with_last_uses(steps)

    def _step(self, node: Node, varying: set[Node], dtype: torch.dtype) -> _Step:
        rule = _taken if node.target is operator.getitem else RULES.get(node.target) or _in_place(node)
        if rule is None:
            raise NotLayersError(f"{node.target} has no rule")
        value = node.meta.get("val")
        if isinstance(value, Tensor) and value.is_floating_point() and value.dtype != dtype:
            raise NotLayersError(f"{node.target} computes in {value.dtype}")
        args = tuple(self._partly(each, varying) for each in node.args)
        return _Step(rule, node, args, {k: self._partly(v, varying) for k, v in node.kwargs.items()}, ())

    def _partly(self, argument: Any, varying: set[Node]) -> Any:
        """An argument with what is the same at all points in place."""
        if isinstance(argument, Node):
            return argument if argument in varying else self._constants[argument]
        if isinstance(argument, tuple | list):
            return [self._partly(each, varying) for each in argument]
        return argument

    def _constant(self, argument: Any) -> Any:
        return torch.fx.node.map_arg(argument, self._constants.__getitem__)

    def _rehearse(self, dtype: torch.dtype) -> int:
        """Runs it at two points; returns how many numbers are alive at most for each."""
        most = 1

        def look(known: dict[Node, Any]) -> None:
            nonlocal most
            several = [[each] if isinstance(each, Jet) else each for each in known.values()]
            jets = [jet for each in several for jet in each if isinstance(jet, Jet)]
            most = max(most, sum(part[..., :1].numel() for jet in jets for part in jet.parts.values()))

        self._run([torch.zeros(2, dtype=dtype) for _ in self._inputs], look)
        return most


def _taken(_: Orders, several: Sequence[Any], place: int) -> Any:
    return several[place]


def _in_place(node: Node) -> Callable[..., Any] | None:
    """The rule of an operation that changes its argument: that of the one which does not."""
    name, _, overload = str(node.target).removeprefix("aten.").partition(".")
    packet = getattr(_aten, name[:-1], None) if name.endswith("_") else None
    return RULES.get(getattr(packet, overload, None))


def _check_in_place(node: Node) -> None:
    """Refuses an operation that changes what something else looks at, or may.

    Raises:
        NotLayersError: the message names it.
    """
    if not (isinstance(node.target, OpOverload) and node.target._schema.is_mutable):
        return
    changed: Any = node
    is_alone = node.target._schema.name.endswith("_") and bool(node.users)
    while is_alone and isinstance(changed.target, OpOverload) and _is_alias(changed.target):
        changed = changed.args[0]
        is_alone = isinstance(changed, Node) and len(changed.users) == 1 and changed.op == "call_function"
    if not is_alone:
        raise NotLayersError(f"{node.target} writes in place")


def _is_alias(target: OpOverload) -> bool:
    """Whether an operation gives its argument, or a view of it."""
    return any(each.alias_info for each in target._schema.returns)


def _filled(argument: Any, known: dict[Node, Any]) -> Any:
    if isinstance(argument, Node):
        return known[argument]
    if isinstance(argument, list):
        return [_filled(each, known) for each in argument]
    return argument


def _with_last_uses(steps: Sequence[_Step]) -> list[_Step]:
    seen: set[Node] = set()
    found = []
    for step in reversed(steps):
        last = tuple(each for each in step.node.all_input_nodes if each not in seen and each.op != "get_attr")
        seen.update(step.node.all_input_nodes)
        found.append(step._replace(last=last))
    return found[::-1]


def _attribute(graph: GraphModule, path: str) -> Any:
    found: Any = graph
    for name in path.split("."):
        found = getattr(found, name)
    return found.detach() if isinstance(found, Tensor) else found
