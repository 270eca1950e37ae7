"""Operators that move numbers, and those of shapes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gridgrad_worker.models.onnx_graphs.node import Built, OnnxNode, Operators
from gridgrad_worker.registered.registration import FunctionError

__all__ = ["SHAPES"]

_LARGEST = 1 << 24
_FEW = 64


def _check_size(sizes: Sequence[int]) -> None:
    """Refuses tensors that a few bytes of a file make larger than any model's."""
    if math.prod(map(abs, sizes)) > _LARGEST:
        raise FunctionError(f"it makes a tensor of sizes {list(sizes)[:8]}; at most {_LARGEST} numbers are made")


def _reshape(node: OnnxNode) -> Built:
    wanted = node.ints("shape", 1, 5) or []
    keeps_zero = node.get("allowzero", 0)

    def built(x: Tensor, *_: Any) -> Tensor:
        sizes = [x.shape[i] if size == 0 and not keeps_zero else size for i, size in enumerate(wanted)]
        return x.reshape(sizes)

    return built


def _flatten(node: OnnxNode) -> Built:
    axis = node.get("axis", 1)
    return lambda x: x.reshape(math.prod(x.shape[:axis]), -1)


def _transpose(node: OnnxNode) -> Built:
    order = node.get("perm", None)
    return lambda x: x.permute(list(order) if order is not None else list(range(x.dim()))[::-1])


def _squeeze(node: OnnxNode) -> Built:
    axes = node.ints("axes", 1, 13)
    return lambda x, *_: x.squeeze() if axes is None else x.squeeze([axis % x.dim() for axis in axes])


def _unsqueeze(node: OnnxNode) -> Built:
    axes = node.ints("axes", 1, 13) or []

    def built(x: Tensor, *_: Any) -> Tensor:
        for axis in sorted(axis % (x.dim() + len(axes)) for axis in axes):
            x = x.unsqueeze(axis)
        return x

    return built


def _expand(node: OnnxNode) -> Built:
    wanted = node.ints("shape", 1, 8) or []
    _check_size(wanted)
    return lambda x, *_: x.expand(torch.broadcast_shapes(x.shape, wanted))  # type: ignore[no-untyped-call] # untyped


def _tile(node: OnnxNode) -> Built:
    repeats = node.ints("repeats", 1, 6) or []
    _check_size(repeats)
    return lambda x, *_: x.repeat(repeats)


def _concat(node: OnnxNode) -> Built:
    axis = node.get("axis", 1)
    return lambda *given: torch.cat(given, axis)


def _split(node: OnnxNode) -> Built:
    axis, sizes = node.get("axis", 0), node.ints("split", 1, 13)

    def built(x: Tensor, *_: Any) -> tuple[Tensor, ...]:
        whole = x.shape[axis]
        each = -(-whole // node.outputs)
        parts = sizes or [min(each, whole - i * each) for i in range(node.outputs)]
        return tuple(torch.split(x, parts, axis))

    return built


def _taken(x: Tensor, axis: int, places: Sequence[int]) -> Tensor:
    """Some places along an axis, by views where they are few or in a row: tracers know these better than indices."""
    first = places[0] if places else 0
    if list(places) == list(range(first, first + len(places))):
        return x.narrow(axis, first, len(places))
    if len(places) <= _FEW:
        return torch.cat([x.narrow(axis, place, 1) for place in places], axis)
    return x.index_select(axis, torch.tensor(places, dtype=torch.int64, device=x.device))


def _slice(node: OnnxNode) -> Built:
    starts, ends = node.ints("starts", 1, 10) or [], node.ints("ends", 2, 10) or []
    axes = node.ints("axes", 3, 10) or list(range(len(starts)))
    steps = (node.ints("steps", 4, 10) if node.version >= 10 else None) or [1] * len(starts)

    def built(x: Tensor, *_: Any) -> Tensor:
        for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
            x = _taken(x, axis, list(range(x.shape[axis])[start:end:step]))  # Python's slices, negative steps too
        return x

    return built


def _gather(node: OnnxNode) -> Built:
    axis, known = node.get("axis", 0), node.constants[1]
    places = None if known is None else [int(each) for each in known.reshape(-1).tolist()]

    def built(x: Tensor, index: Tensor) -> Tensor:
        place = axis % x.dim()
        if places is not None:
            taken = _taken(x, place, [each % x.shape[place] for each in places])
            return taken.reshape([*x.shape[:place], *index.shape, *x.shape[place + 1 :]])
        chosen = torch.where(index < 0, index + x.shape[place], index)
        sizes = [*x.shape[:place], *index.shape, *x.shape[place + 1 :]]
        return x.index_select(place, chosen.reshape(-1)).reshape(sizes)

    return built


def _gather_elements(node: OnnxNode) -> Built:
    axis = node.get("axis", 0)
    return lambda x, index: torch.gather(x, axis, torch.where(index < 0, index + x.shape[axis], index))


def _pad(node: OnnxNode) -> Built:
    if node.get("mode", "constant") != "constant":
        raise FunctionError(f"its Pad is of mode {node.get('mode', '')!r}; only constant padding is served")
    pads = node.ints("pads", 1, 11) or []
    value = node.constant(2) if node.version >= 11 else None
    filled = node.get("value", 0.0) if value is None else value.item()
    axes = node.ints("axes", 3, 18) if node.version >= 18 else None

    def built(x: Tensor, *_: Any) -> Tensor:
        half = len(pads) // 2
        wide = dict(zip(axes or range(half), zip(pads[:half], pads[half:], strict=True), strict=True))
        found = {axis % x.dim(): each for axis, each in wide.items()}
        flat = [size for axis in reversed(range(x.dim())) for size in found.get(axis, (0, 0))]
        return torch.nn.functional.pad(x, flat, value=filled)

    return built


def _shape(node: OnnxNode) -> Built:
    start, end = node.get("start", 0), node.get("end", None)
    return lambda x: torch.tensor(list(x.shape)[start:end], dtype=torch.int64, device=x.device)


def _constant(node: OnnxNode) -> Built:
    ((kind, value),) = node.attributes.items()
    if kind == "value":
        return lambda: value
    if kind in ("value_int", "value_ints"):
        return lambda: torch.tensor(value, dtype=torch.int64)
    if kind in ("value_float", "value_floats"):
        return lambda: torch.tensor(value, dtype=node.dtypes(1))
    raise FunctionError(f"its Constant is a {kind}; make it a tensor of numbers")


def _constant_of_shape(node: OnnxNode) -> Built:
    sizes = node.ints("shape", 0, 0) or []
    value = node.get("value", torch.zeros(1, dtype=node.dtypes(1)))
    _check_size(sizes)
    return lambda _: value.reshape(()).expand(sizes).clone()


def _range(node: OnnxNode) -> Built:
    start, end, step = (node.constant(i) for i in range(3))
    if start is None or end is None or step is None:
        raise FunctionError("its Range has no start, limit or delta; give it all three")
    _check_size([int((end - start).abs() / step.abs())])
    return lambda *_: torch.arange(start.item(), end.item(), step.item(), dtype=start.dtype, device=start.device)


def _upper(node: OnnxNode) -> Built:
    diagonal = node.constant(1) if len(node.constants) > 1 else None
    cut, place = (torch.triu if node.get("upper", 1) else torch.tril), 0 if diagonal is None else int(diagonal)
    return lambda x, *_: cut(x, place)


def _cumulative(node: OnnxNode) -> Built:
    axes: Sequence[int] = node.ints("axis", 1, 0) or [0]
    exclusive, backwards = node.get("exclusive", 0), node.get("reverse", 0)

    def built(x: Tensor, _: Tensor) -> Tensor:
        given = x.flip(axes[0]) if backwards else x
        found = given.cumsum(axes[0]) - (given if exclusive else 0)
        return found.flip(axes[0]) if backwards else found

    return built


SHAPES: Operators = {
    "Concat": _concat,
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "CumSum": _cumulative,
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "GatherElements": _gather_elements,
    "Pad": _pad,
    "Range": _range,
    "Reshape": _reshape,
    "Shape": _shape,
    "Size": lambda _: lambda x: torch.tensor(x.numel(), dtype=torch.int64, device=x.device),
    "Slice": _slice,
    "Split": _split,
    "Squeeze": _squeeze,
    "Tile": _tile,
    "Transpose": _transpose,
    "Trilu": _upper,
    "Unsqueeze": _unsqueeze,
}
