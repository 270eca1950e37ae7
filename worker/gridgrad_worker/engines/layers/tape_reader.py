"""Reads a network and its partials as a tape.

What moves features about moves references to rows, and costs nothing. What is the same at all points is computed here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from gridgrad_worker.engines.layers.tape import Tape, operations
from gridgrad_worker.engines.layers.tape_formulas import FORMULAS
from gridgrad_worker.engines.layers.tape_writer import POINTS, NoTapeError, Refs, TapeWriter

__all__ = ["tape_of"]

_MOVING = frozenset(
    {
        *("view", "_unsafe_view", "reshape", "expand", "unsqueeze", "squeeze", "t", "transpose", "permute", "flip"),
        *("select", "slice", "index_select", "index", "cat", "stack", "unbind", "split", "split_with_sizes"),
        *("clone", "alias", "detach", "lift_fresh_copy"),
    }
)


def tape_of(network: Callable[[Sequence[Tensor]], Sequence[Tensor]], inputs: int, dtype: torch.dtype) -> Tape:
    """The tape of a network.

    Args:
        network: from inputs, [points] each, to planes, [points] or [1] each.
        inputs: how many it has.
        dtype: of both.

    Raises:
        NoTapeError: it has an operation that tapes lack.
    """
    from torch.fx.experimental.proxy_tensor import make_fx  # takes a second of a worker that has networks

    with torch.no_grad():
        recorded = make_fx(lambda *arguments: network(arguments))(
            *[torch.ones(POINTS, dtype=dtype) for _ in range(inputs)]  # one tensor twice would be one input
        )
    recorded.graph.eliminate_dead_code()
    writer, known = TapeWriter(), dict[Node, Any]()
    for node in recorded.graph.nodes:
        if node.op == "placeholder":
            known[node] = writer.input()
        elif node.op == "get_attr":
            known[node] = getattr(recorded, str(node.target)).detach()
        elif node.op == "call_function":
            known[node] = _computed(
                writer, node, dtype, *torch.fx.node.map_arg((node.args, node.kwargs), known.__getitem__)
            )
    (returned,) = recorded.graph.output_node().args
    return writer.tape([int(writer.refs(known[each]).reshape(-1)[0]) for each in returned], inputs)  # type: ignore[index,union-attr] # a list


def _computed(writer: TapeWriter, node: Node, dtype: torch.dtype, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a node computes of its arguments."""
    target: Any = node.target
    if target is operator.getitem:
        return args[0][args[1]]
    name = str(target).removeprefix("aten.").partition(".")[0]
    if name in ("new_ones", "ones_like", "new_zeros", "zeros_like", "full_like"):
        return _filled(name, args, dtype)
    leaves = torch.utils._pytree.tree_leaves((args, kwargs))
    if not any(isinstance(each, Refs) for each in leaves):
        return target(*args, **kwargs)
    if name in _MOVING:
        return _moved(writer, target, args, kwargs)
    if name in FORMULAS:
        return FORMULAS[name](writer, *args, **kwargs)
    if name.upper() not in operations():
        raise NoTapeError(f"aten.{name}")
    return writer.write(name.upper(), *args)


def _filled(name: str, args: tuple[Any, ...], dtype: torch.dtype) -> Tensor:
    """A tensor of one number."""
    value = float(args[1]) if name == "full_like" else float("ones" in name)
    like = args[0].tensor if isinstance(args[0], Refs) else args[0]
    return torch.full(like.shape if name.endswith("like") else args[1], value, dtype=dtype)


def _moved(writer: TapeWriter, move: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """References, moved as what they stand for."""

    def as_refs(given: Any) -> Any:
        if isinstance(given, list):
            return [as_refs(each) for each in given]
        is_array = isinstance(given, Refs) or (isinstance(given, Tensor) and given.is_floating_point())
        return writer.refs(given) if is_array else given

    found = move(*map(as_refs, args), **kwargs)
    return [_checked(each) for each in found] if isinstance(found, tuple | list) else _checked(found)


def _checked(refs: Tensor) -> Refs:
    """References that are the same at all points.

    Raises:
        NoTapeError: points have been moved among features.
    """
    if not refs.dim() or refs.shape[-1] != POINTS or not bool((refs == refs[..., :1]).all()):
        raise NoTapeError("a move of points among features")
    return Refs(refs)
