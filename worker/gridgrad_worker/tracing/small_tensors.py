"""torch's operations on whole tensors: what moves elements, and what is made of several."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from gridgrad_worker.tracing.elements import ElementBuilder, Elements, Operand
from gridgrad_worker.tracing.graph import UntraceableError

__all__ = ["SMALL_TENSORS"]

Dims = int | Sequence[int] | None
Rule = Callable[..., Elements | tuple[Elements, ...]]


def _same(build: ElementBuilder, x: Elements, *_: object, **options: object) -> Elements:
    if options.get("dtype") not in (None, torch.float32, torch.float64):
        raise UntraceableError(f"it converts numbers to {options['dtype']}")
    return build.numbers(x) if options.get("dtype") else x


def _filled(value: float) -> Rule:
    return lambda build, x, **_: build.filled(value, x.nodes.shape)


def _full_like(build: ElementBuilder, x: Elements, value: float, **_: object) -> Elements:
    return build.filled(value, x.nodes.shape)


def _new(value: float) -> Rule:
    return lambda build, _, shape, **__: build.filled(value, shape)


def _new_full(build: ElementBuilder, _: Elements, shape: Sequence[int], value: float, **__: object) -> Elements:
    return build.filled(value, shape)


def _reshaped(_: ElementBuilder, x: Elements, shape: Sequence[int], *__: object) -> Elements:
    return x.moved(x.nodes.reshape(tuple(shape)))


def _expanded(_: ElementBuilder, x: Elements, shape: Sequence[int], **__: object) -> Elements:
    own = (1,) * (len(shape) - x.nodes.ndim) + x.nodes.shape
    wanted = [length if asked == -1 else asked for asked, length in zip(shape, own, strict=True)]
    return x.moved(np.broadcast_to(x.nodes, wanted))


def _unsqueezed(_: ElementBuilder, x: Elements, dim: int) -> Elements:
    return x.moved(np.expand_dims(x.nodes, dim))


def _squeezed(_: ElementBuilder, x: Elements, dims: Dims = None) -> Elements:
    listed = _dims(x, dims)
    return x.moved(x.nodes.squeeze(tuple(dim for dim in listed if x.nodes.shape[dim] == 1)))


def _selected(_: ElementBuilder, x: Elements, dim: int, index: int) -> Elements:
    return x.moved(np.take(x.nodes, np.asarray(index), dim))


def _sliced(
    _: ElementBuilder, x: Elements, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Elements:
    places: list[slice] = [slice(None)] * x.nodes.ndim
    places[dim] = slice(start, end, step)
    return x.moved(x.nodes[tuple(places)])


def _permuted(_: ElementBuilder, x: Elements, dims: Sequence[int]) -> Elements:
    return x.moved(x.nodes.transpose(tuple(dims)))


def _transposed(_: ElementBuilder, x: Elements, first: int, second: int) -> Elements:
    return x.moved(x.nodes.swapaxes(first, second)) if x.nodes.ndim else x


def _t(_: ElementBuilder, x: Elements) -> Elements:
    return x.moved(x.nodes.T)


def _flipped(_: ElementBuilder, x: Elements, dims: Sequence[int]) -> Elements:
    return x.moved(np.flip(x.nodes, tuple(dims)))


def _unbound(_: ElementBuilder, x: Elements, dim: int = 0) -> tuple[Elements, ...]:
    return tuple(x.moved(part) for part in np.moveaxis(x.nodes, dim, 0))


def _split(_: ElementBuilder, x: Elements, size: int | Sequence[int], dim: int = 0) -> tuple[Elements, ...]:
    length = x.nodes.shape[dim]
    ends = range(size, length, size) if isinstance(size, int) else itertools.accumulate(size[:-1])
    return tuple(x.moved(part) for part in np.split(x.nodes, list(ends), dim))


def _rolled(_: ElementBuilder, x: Elements, shifts: Sequence[int], dims: Sequence[int] = ()) -> Elements:
    return x.moved(np.roll(x.nodes, tuple(shifts), tuple(dims)) if dims else np.roll(x.nodes, shifts[0]))


def _repeated(_: ElementBuilder, x: Elements, times: Sequence[int]) -> Elements:
    return x.moved(np.tile(x.nodes, tuple(times)))


def _diagonal(_: ElementBuilder, x: Elements, offset: int = 0, first: int = 0, second: int = 1) -> Elements:
    return x.moved(x.nodes.diagonal(offset, first, second))


def _trace(build: ElementBuilder, x: Elements) -> Elements:
    return _sum(build, _diagonal(build, x))


def _triangle(cut: Callable[..., np.ndarray]) -> Rule:
    def triangle(build: ElementBuilder, x: Elements, diagonal: int = 0) -> Elements:
        kept = cut(np.ones(x.nodes.shape, bool), diagonal)
        return x.moved(np.where(kept, x.nodes, build.filled(0.0, ()).nodes))

    return triangle


def _joined(join: Callable[..., np.ndarray]) -> Rule:
    def joined(build: ElementBuilder, parts: Sequence[Elements], dim: int = 0) -> Elements:
        kinds = {part.kind for part in parts}
        same = [part if len(kinds) == 1 else build.numbers(part) for part in parts]
        return same[0].moved(join([part.nodes for part in same], dim))

    return joined


def _dims(x: Elements, dims: Dims) -> tuple[int, ...]:
    listed = (dims,) if isinstance(dims, int) else tuple(dims or range(x.nodes.ndim))
    return tuple(dim % x.nodes.ndim for dim in listed) if x.nodes.ndim else ()


def _along(x: Elements, dims: Dims, keepdim: bool) -> tuple[list[Elements], Callable[[Elements], Elements]]:
    """The slices of a tensor along some dims, and what puts these dims back."""
    listed = _dims(x, dims)
    moved = np.moveaxis(x.nodes, listed, range(len(listed)))
    rest = moved.shape[len(listed) :]
    parts = [x.moved(part) for part in moved.reshape(-1, *rest)]
    if not parts:
        raise UntraceableError("it reduces a tensor without elements")
    return parts, lambda found: found.moved(np.expand_dims(found.nodes, listed)) if keepdim else found


def _sum(build: ElementBuilder, x: Elements, dims: Dims = None, keepdim: bool = False, **_: object) -> Elements:
    parts, restored = _along(build.numbers(x), dims, keepdim)
    return restored(build.fold("add", parts))


def _mean(build: ElementBuilder, x: Elements, dims: Dims = None, keepdim: bool = False, **_: object) -> Elements:
    parts, restored = _along(build.numbers(x), dims, keepdim)
    return restored(build.call("div", build.fold("add", parts), float(len(parts))))


def _prod(build: ElementBuilder, x: Elements, dims: Dims = None, keepdim: bool = False, **_: object) -> Elements:
    parts, restored = _along(build.numbers(x), dims, keepdim)
    return restored(build.fold("mul", parts))


def _extreme(name: str) -> Rule:
    """amax and amin, whose slope equal elements share."""

    def extreme(build: ElementBuilder, x: Elements, dims: Dims = None, keepdim: bool = False) -> Elements:
        parts, restored = _along(build.numbers(x), dims, keepdim)
        if len(parts) == 1:
            return restored(parts[0])
        found = build.fold(name, parts)
        shares = [build.text("where(a == b, a, 0)", part, found) for part in parts]
        counts = [build.text("where(a == b, 1, 0)", part, found) for part in parts]
        return restored(build.call("div", build.fold("add", shares), build.fold("add", counts)))

    return extreme


def _variance(
    build: ElementBuilder, x: Elements, dims: Dims = None, *, correction: float | None = 1, keepdim: bool = False
) -> Elements:
    parts, restored = _along(x, dims, keepdim)
    mean = build.call("div", build.fold("add", parts), float(len(parts)))
    squares = [build.call("square", build.call("sub", part, mean)) for part in parts]
    freedom = len(parts) - (1 if correction is None else correction)
    return restored(build.call("div", build.fold("add", squares), float(freedom) if freedom > 0 else math.nan))


def _deviation(build: ElementBuilder, x: Elements, dims: Dims = None, **options: Any) -> Elements:
    return build.text("where(a == 0, 0, sqrt(a))", _variance(build, x, dims, **options))


def _norm(build: ElementBuilder, x: Elements, order: float = 2, dims: Dims = None, keepdim: bool = False) -> Elements:
    parts, restored = _along(x, dims, keepdim)
    if order == 1:
        sizes = [build.text("where(a < 0, -a, where(a == 0, 0, a))", part) for part in parts]
        return restored(build.fold("add", sizes))
    if order != 2:
        raise UntraceableError(f"it has a norm of order {order:g}")
    total = build.fold("add", [build.call("square", part) for part in parts])
    return restored(build.text("where(a == 0, 0, sqrt(a))", total))


def _logsumexp(build: ElementBuilder, x: Elements, dims: Dims, keepdim: bool = False) -> Elements:
    parts, restored = _along(x, dims, keepdim)
    return restored(build.fold("logaddexp", parts))


def _log_softmax(build: ElementBuilder, x: Elements, dim: int, *_: object) -> Elements:
    return build.call("sub", x, _logsumexp(build, x, dim, keepdim=x.nodes.ndim > 0))


def _softmax(build: ElementBuilder, x: Elements, dim: int, *_: object) -> Elements:
    return build.call("exp", _log_softmax(build, x, dim))


def _cumulated(name: str) -> Rule:
    def cumulated(build: ElementBuilder, x: Elements, dim: int, **_: object) -> Elements:
        if not x.nodes.ndim:
            return x
        parts = _unbound(build, x, dim)
        found = itertools.accumulate(parts, functools.partial(build.call, name))
        return x.moved(np.stack([each.nodes for each in found], dim))

    return cumulated


def _product(build: ElementBuilder, x: Elements, y: Elements) -> Elements:
    """A product of matrices or vectors, or of stacks of matrices."""
    left = x.nodes[..., None, :, None] if x.nodes.ndim == 1 else x.nodes[..., :, :, None]
    right = y.nodes[..., None, :, None] if y.nodes.ndim == 1 else y.nodes[..., None, :, :]
    terms = build.call("mul", x.moved(left), y.moved(right))
    total = build.fold("add", [terms.moved(part) for part in np.moveaxis(terms.nodes, -2, 0)])
    shape = (*x.nodes.shape[:-1], *(y.nodes.shape[-1:] if y.nodes.ndim > 1 else ()))
    return total.moved(total.nodes.reshape(shape))


def _sum_and_product(
    build: ElementBuilder, x: Elements, first: Elements, second: Elements, beta: float = 1, alpha: float = 1
) -> Elements:
    product = _product(build, first, second)
    scaled = product if alpha == 1 else build.call("mul", alpha, product)
    return build.call("add", x if beta == 1 else build.call("mul", beta, x), scaled)


def _scalar(build: ElementBuilder, value: Operand, **_: object) -> Elements:
    return build.numbers(value)


SMALL_TENSORS: dict[str, Rule] = {
    **dict.fromkeys(("alias", "clone", "contiguous", "lift_fresh_copy", "lift_fresh", "_to_copy"), _same),
    "zeros_like": _filled(0.0),
    "ones_like": _filled(1.0),
    "full_like": _full_like,
    "new_zeros": _new(0.0),
    "new_ones": _new(1.0),
    "new_full": _new_full,
    "scalar_tensor": _scalar,
    **dict.fromkeys(("view", "_unsafe_view", "reshape", "_reshape_alias"), _reshaped),
    "expand": _expanded,
    "unsqueeze": _unsqueezed,
    "squeeze": _squeezed,
    "select": _selected,
    "slice": _sliced,
    "permute": _permuted,
    "transpose": _transposed,
    "t": _t,
    "flip": _flipped,
    "unbind": _unbound,
    "split": _split,
    "split_with_sizes": _split,
    "roll": _rolled,
    "repeat": _repeated,
    "diagonal": _diagonal,
    "trace": _trace,
    "tril": _triangle(np.tril),
    "triu": _triangle(np.triu),
    "stack": _joined(np.stack),
    "cat": _joined(np.concatenate),
    "sum": _sum,
    "mean": _mean,
    "prod": _prod,
    "amax": _extreme("maximum"),
    "amin": _extreme("minimum"),
    "max": _extreme("maximum"),
    "min": _extreme("minimum"),
    "var": _variance,
    "std": _deviation,
    "linalg_vector_norm": _norm,
    "logsumexp": _logsumexp,
    "_log_softmax": _log_softmax,
    "_softmax": _softmax,
    "cumsum": _cumulated("add"),
    "cumprod": _cumulated("mul"),
    **dict.fromkeys(("mm", "mv", "dot", "bmm"), _product),
    **dict.fromkeys(("addmm", "addmv", "baddbmm"), _sum_and_product),
}
"""By the name of the aten operation: what writes it, given the builder and the operation's arguments."""
