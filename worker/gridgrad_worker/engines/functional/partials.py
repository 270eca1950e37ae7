"""A function and its partials at a point: a walk through the trie of canonical derivatives.

A derivative is a tuple of positions of arguments, ascending; () is the value. Those that begin
with the same argument share one differentiation by it, applied to what computes the rest of
each: with {(), (0,), (0, 0), (0, 1), (1,)} the argument 0 is differentiated once for (0,), (0, 0)
and (0, 1), on a function that computes (), (0,) and (1,) at that level. Values of lower order
come along. One argument at a time is dual: another's infinite slope can then not meet its zero
tangent and make a nan of it.

Arguments are tensors of no dims, so that `torch.func.jacfwd` by one of them is a derivative of no
more dims than the function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

__all__ = ["Derivative", "PointFunction", "walk"]

PointFunction = Callable[..., tuple[Tensor, ...]]
"""Takes tensors of no dims, returns one for each component."""

Derivative = tuple[int, ...]
"""A derivative by positions of arguments, ascending."""

_Results = dict[Derivative, tuple[Tensor, ...]]
_Level = Callable[[tuple[Tensor, ...]], _Results]


def walk(function: PointFunction, wanted: Sequence[Derivative], mode: str) -> PointFunction:
    """Makes the function that computes `wanted` at a point.

    Args:
        function: returns a tuple of tensors of no dims.
        wanted: the derivatives, in the order of the results.
        mode: "forward", or "reverse" for a function that has no forward derivatives or many inputs.

    Returns:
        A function of the same arguments that returns all components of the first wanted
        derivative, then of the second, and so on.
    """
    orders = frozenset(wanted)
    level = _reverse(function, orders) if mode == "reverse" else _forward(function, orders)

    def at_point(*arguments: Tensor) -> tuple[Tensor, ...]:
        found = level(arguments)
        return tuple(component for order in wanted for component in found[order])

    return at_point


def _forward(function: PointFunction, wanted: frozenset[Derivative]) -> _Level:
    """One jacfwd for each argument that a wanted derivative begins with."""
    below = [
        (first, _with_values(_forward(function, rests), tuple(rests)), tuple(rests))
        for first, rests in _by_first(wanted).items()
    ]
    if not below:
        return lambda arguments: {(): function(*arguments)}

    def level(arguments: tuple[Tensor, ...]) -> _Results:
        found: _Results = {}
        for first, inner, rests in below:
            slopes, values = torch.func.jacfwd(inner, argnums=first, has_aux=True)(*arguments)
            for rest, value, slope in zip(rests, values, slopes, strict=True):
                found[rest] = value
                found[first, *rest] = slope
        return found

    return level


def _reverse(function: PointFunction, wanted: frozenset[Derivative]) -> _Level:
    """One pass for all arguments whose derivatives have the same rests.

    Results are differentiated one by one: jacrev does it under vmap, where torch can't differentiate factorisations.
    """
    below = [
        (tuple(firsts), _with_values(_reverse(function, rests), tuple(rests)), tuple(rests))
        for rests, firsts in _by_rests(_by_first(wanted)).items()
    ]
    if not below:
        return lambda arguments: {(): function(*arguments)}

    def level(arguments: tuple[Tensor, ...]) -> _Results:
        found: _Results = {}
        for firsts, inner, rests in below:
            values, slopes = _gradients(inner, firsts, arguments)
            for rest, value, of_components in zip(rests, values, slopes, strict=True):
                found[rest] = value
                for position, first in enumerate(firsts):
                    found[first, *rest] = tuple(slope[position] for slope in of_components)
        return found

    return level


def _gradients(
    inner: Callable[..., Any], firsts: tuple[int, ...], arguments: tuple[Tensor, ...]
) -> tuple[list[tuple[Tensor, ...]], list[list[tuple[Tensor, ...]]]]:
    """What `inner` returns, and the gradients by the arguments `firsts` of each of its tensors."""

    def of_firsts(*varied: Tensor) -> Any:
        changed = dict(zip(firsts, varied, strict=True))
        return inner(*(changed.get(i, argument) for i, argument in enumerate(arguments)))

    pulled: Any = torch.func.vjp(of_firsts, *(arguments[i] for i in firsts), has_aux=True)
    outputs, pull_back, values = pulled
    zeros = [tuple(torch.zeros_like(output) for output in components) for components in outputs]

    def gradient(row: int, column: int) -> tuple[Tensor, ...]:
        weights = list(zeros)
        one = torch.ones_like(outputs[row][column])
        weights[row] = (*zeros[row][:column], one, *zeros[row][column + 1 :])
        found: tuple[Tensor, ...] = pull_back(weights)
        return found

    return values, [[gradient(row, column) for column in range(len(outputs[row]))] for row in range(len(outputs))]


def _with_values(inner: _Level, rests: tuple[Derivative, ...]) -> Callable[..., Any]:
    """What jacfwd and jacrev with has_aux differentiate: the results twice, to be differentiated and as they are."""

    def outputs(*arguments: Tensor) -> tuple[list[tuple[Tensor, ...]], list[tuple[Tensor, ...]]]:
        results = inner(arguments)
        listed = [results[rest] for rest in rests]
        return listed, listed

    return outputs


def _by_first(wanted: Iterable[Derivative]) -> dict[int, frozenset[Derivative]]:
    """What is left of the derivatives that begin with each argument; the value always comes along."""
    groups: dict[int, set[Derivative]] = {}
    for order in sorted(wanted):
        if order:
            groups.setdefault(order[0], {()}).add(order[1:])
    return {argument: frozenset(rests) for argument, rests in groups.items()}


def _by_rests(groups: dict[int, frozenset[Derivative]]) -> dict[frozenset[Derivative], list[int]]:
    arguments: dict[frozenset[Derivative], list[int]] = {}
    for argument, rests in groups.items():
        arguments.setdefault(rests, []).append(argument)
    return arguments
