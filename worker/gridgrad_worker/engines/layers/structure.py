"""Rules of what moves features and adds them up: views, indices, concatenations, sums. All are linear."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from gridgrad_worker.engines.layers.jet import Jet, Orders, constant, linear, over_points

__all__ = ["RULES", "mean", "place", "places", "summed"]

_aten: Any = torch.ops.aten


def place(u: Jet, dim: int) -> int:
    """A dim of the features, counted from the first."""
    return dim % len(u.shape) if u.shape else 0


def places(u: Jet, dims: Sequence[int] | int | None) -> list[int]:
    """Dims of the features, counted from the first; all where none are named."""
    if dims is None or dims == []:
        return [*range(len(u.shape))]
    return [place(u, dim) for dim in ([dims] if isinstance(dims, int) else dims)]


def summed(u: Jet, dims: Sequence[int] | int | None = None, keepdim: bool = False) -> Jet:
    """The sum over dims of the features."""
    if not u.shape:
        return u
    over = places(u, dims)
    return _reshaped(u, lambda part: part.sum(over, keepdim=keepdim))


def mean(u: Jet, dims: Sequence[int] | int | None = None, keepdim: bool = False) -> Jet:
    """The mean over dims of the features."""
    count = math.prod([u.shape[each] for each in places(u, dims)]) if u.shape else 1
    return linear(summed(u, dims, keepdim), lambda part: part / count)


def _reshaped(u: Jet, by: Callable[[Tensor], Tensor]) -> Jet:
    """What is linear and gives other features."""
    parts = {derivative: by(part) for derivative, part in u.parts.items()}
    return Jet(tuple(parts[()].shape[:-1]), parts)


def _features(by: Callable[..., Tensor]) -> Callable[..., Jet]:
    """The rule of an operation that takes dims of the features from the first, as `_counted` makes them."""

    def rule(_: Orders, u: Jet, *arguments: Any, **named: Any) -> Jet:
        return _reshaped(u, lambda part: by(part, u, *arguments, **named))

    return rule


def _view(part: Tensor, u: Jet, sizes: Sequence[int]) -> Tensor:
    shape = torch.empty(u.shape, device="meta").reshape(sizes).shape
    return part.reshape(*shape, part.shape[-1])


def _expanded(part: Tensor, u: Jet, sizes: Sequence[int], **_: Any) -> Tensor:
    shape = torch.empty(u.shape, device="meta").expand(sizes).shape
    return part.reshape(*[1] * (len(shape) - len(u.shape)), *part.shape).expand(*shape, part.shape[-1])


def _squeezed(part: Tensor, u: Jet, dims: Sequence[int] | int | None = None) -> Tensor:
    chosen = tuple(each for each in places(u, dims) if u.shape[each] == 1) if u.shape else ()
    return part.squeeze(chosen) if chosen else part


def _transposed(part: Tensor, u: Jet, one: int = 0, other: int = 1) -> Tensor:
    return part.transpose(place(u, one), place(u, other)) if len(u.shape) > 1 else part


def _permuted(part: Tensor, u: Jet, dims: Sequence[int]) -> Tensor:
    return part.permute(*[place(u, dim) for dim in dims], len(u.shape))


def _sliced(
    part: Tensor, u: Jet, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    return part[(*[slice(None)] * place(u, dim), slice(start, end, step))]


def _cumulated(part: Tensor, u: Jet, dim: int, **_: Any) -> Tensor:
    return part.cumsum(place(u, dim)) if u.shape else part


def _indexed(orders: Orders, u: Jet, indices: Sequence[Any]) -> Jet | None:  # noqa: ARG001 - as all rules
    if any(isinstance(each, Jet) for each in indices):
        return None
    chosen = tuple(slice(None) if each is None else each for each in indices)
    return _reshaped(u, lambda part: part[chosen])


def _same(_: Orders, u: Jet, *_arguments: Any, **_named: Any) -> Jet:
    return u


def _cast(_: Orders, u: Jet, *, dtype: torch.dtype | None = None, **_named: Any) -> Jet:
    return u if dtype is None else linear(u, lambda part: part.to(dtype))


def _detached(_: Orders, u: Jet) -> Jet:
    return Jet(u.shape, {(): u.value})


def _joined(join: Callable[[list[Tensor], int], Tensor], added: int) -> Callable[..., Jet]:
    """The rule of what puts arrays together along a dim.

    Args:
        join: does it.
        added: how many dims the result has more than they.
    """

    def rule(_: Orders, given: Sequence[Any], dim: int = 0) -> Jet:
        like = next(each for each in given if isinstance(each, Jet)).value
        jets = [each if isinstance(each, Jet) else constant(each.to(like.dtype)) for each in given]
        along = dim % (len(jets[0].shape) + added)

        def part_of(derivative: Any) -> Tensor:
            own = [
                each.parts[derivative] if derivative in each.parts else like.new_zeros(*each.shape, 1) for each in jets
            ]
            return join(over_points(own), along)

        parts = {derivative: part_of(derivative) for each in jets for derivative in each.parts}
        return Jet(tuple(parts[()].shape[:-1]), parts)

    return rule


def _several(split: Callable[..., Sequence[Tensor]]) -> Callable[..., Any]:
    """The rule of what takes an array apart."""

    def rule(_: Orders, u: Jet, *arguments: Any) -> tuple[Jet, ...]:
        taken = {derivative: split(part, u, *arguments) for derivative, part in u.parts.items()}
        return tuple(
            Jet(tuple(value.shape[:-1]), {derivative: parts[number] for derivative, parts in taken.items()})
            for number, value in enumerate(taken[()])
        )

    return rule


RULES: dict[Any, Callable[..., Any]] = {
    _aten.view.default: _features(_view),
    _aten._unsafe_view.default: _features(_view),
    _aten.reshape.default: _features(_view),
    _aten.expand.default: _features(_expanded),
    _aten.unsqueeze.default: _features(lambda part, u, dim: part.unsqueeze(dim % (len(u.shape) + 1))),
    _aten.squeeze.default: _features(_squeezed),
    _aten.squeeze.dim: _features(_squeezed),
    _aten.squeeze_.dim: _features(_squeezed),
    _aten.squeeze.dims: _features(_squeezed),
    _aten.t.default: _features(_transposed),
    _aten.transpose.int: _features(_transposed),
    _aten.permute.default: _features(_permuted),
    _aten.select.int: _features(lambda part, u, dim, index: part.select(place(u, dim), index)),
    _aten.slice.Tensor: _features(_sliced),
    _aten.index_select.default: _features(lambda part, u, dim, index: part.index_select(place(u, dim), index)),
    _aten.index.Tensor: _indexed,
    _aten.flip.default: _features(lambda part, u, dims: part.flip(places(u, dims))),
    _aten.cumsum.default: _features(_cumulated),
    _aten.sum.default: lambda _, u: summed(u),
    _aten.sum.dim_IntList: lambda _, u, *arguments: summed(u, *arguments),
    _aten.mean.default: lambda _, u: mean(u),
    _aten.mean.dim: lambda _, u, *arguments: mean(u, *arguments),
    _aten.cat.default: _joined(torch.cat, 0),
    _aten.stack.default: _joined(torch.stack, 1),
    _aten.unbind.int: _several(lambda part, u, dim=0: part.unbind(place(u, dim))),
    _aten.split.Tensor: _several(lambda part, u, size, dim=0: part.split(size, place(u, dim))),
    _aten.split_with_sizes.default: _several(lambda part, u, sizes, dim=0: part.split_with_sizes(sizes, place(u, dim))),
    _aten.clone.default: _same,
    _aten.alias.default: _same,
    _aten.lift_fresh_copy.default: _same,
    _aten._to_copy.default: _cast,
    _aten.detach.default: _detached,
}
