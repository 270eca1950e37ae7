"""Grids and derivatives: the arithmetic of shapes that client, server and worker share.

A grid is the broadcast of all inputs over their dims, in order of first appearance.
Everything here is exact in Python integers and allocates nothing of the grid's size.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gridgrad_core.errors import RequestError

__all__ = [
    "MAX_DERIVATIVES",
    "MAX_DIMS",
    "MAX_ELEMENT_INPUTS",
    "MAX_INPUTS",
    "MAX_ORDER",
    "MAX_SCALARS",
    "Derivative",
    "Grid",
    "InputSpec",
    "canonical",
    "check_counts",
    "expand_order",
    "grid_of",
    "in_step_remedy",
]

MAX_INPUTS = 16
"""Most inputs with dims."""
MAX_SCALARS = 512
"""Most inputs without: the coefficients of an equation of state are some hundred. Reading as many takes 3 ms."""
MAX_DIMS = 8
MAX_DERIVATIVES = 256
"""Most derivatives of a request, without the value."""
MAX_ELEMENT_INPUTS = MAX_INPUTS + MAX_SCALARS
"""Most inputs that a pull-back is by, elements of arrays of coefficients one by one: all that there can be."""
MAX_ORDER = 4

Derivative = tuple[str, ...]
"""Input names, one for each differentiation; () is the value."""


class InputSpec(NamedTuple):
    """The name, dims and shape of an input."""

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]


class Grid(NamedTuple):
    """The dims of a grid and their lengths."""

    dims: tuple[str, ...]
    shape: tuple[int, ...]

    @property
    def points(self) -> int:
        """How many points it has."""
        return math.prod(self.shape)


def grid_of(inputs: Sequence[InputSpec]) -> Grid:
    """Returns the grid that the inputs span.

    Raises:
        RequestError: too many inputs or dims, a repeated name, or dims that disagree in length.
    """
    check_counts(sum(1 for spec in inputs if spec.dims), len(inputs))
    lengths: dict[str, tuple[int, str]] = {}
    seen: set[str] = set()
    for position, spec in enumerate(inputs):
        _check_input(f"inputs[{position}]", spec, seen)
        for dim, length in zip(spec.dims, spec.shape, strict=True):
            known, owner = lengths.setdefault(dim, (length, spec.name))
            if known != length:
                raise RequestError(
                    f"inputs[{position}].dims",
                    f"dim {dim!r} has length {length} in {spec.name!r} and {known} in {owner!r}",
                    "give inputs that share a dim the same length, or rename the dim of one",
                )
    if len(lengths) > MAX_DIMS:
        raise RequestError("inputs", f"a grid of {len(lengths)} dims", f"use at most {MAX_DIMS} dims")
    return Grid(tuple(lengths), tuple(length for length, _ in lengths.values()))


def in_step_remedy(inputs: Iterable[InputSpec]) -> str:
    """What to write where a grid is too large because its axes were meant as the columns of a table.

    Args:
        inputs: those that span the grid.

    Returns:
        A half sentence; empty where no two axes have one length, as columns have.
    """
    lengths: dict[int, list[str]] = {}
    for spec in inputs:
        if spec.dims == (spec.name,) and spec.shape[0] > 1:
            lengths.setdefault(spec.shape[0], []).append(spec.name)
    names = max(lengths.values(), key=len, default=[])
    if len(names) < 2:
        return ""
    written = ", ".join(f'"{name}": ("point", {name})' for name in names[:3]) + ", ..." * (len(names) > 3)
    return f"where {', '.join(names[:-1])} and {names[-1]} go in step, a point for each place, give {{{written}}}"


def check_counts(arrays: int, inputs: int) -> None:
    """Refuses too many inputs.

    Args:
        arrays: how many have dims.
        inputs: how many there are.

    Raises:
        RequestError: there are too many of either sort.
    """
    if arrays > MAX_INPUTS:
        raise RequestError("inputs", f"{arrays} inputs with dims", f"send at most {MAX_INPUTS}")
    if inputs - arrays > MAX_SCALARS:
        raise RequestError("inputs", f"{inputs - arrays} numbers", f"send at most {MAX_SCALARS}")


def _check_input(field: str, spec: InputSpec, seen: set[str]) -> None:
    if spec.name in seen:
        raise RequestError(f"{field}.name", f"{spec.name!r} a second time", "give each input once")
    seen.add(spec.name)
    if len(spec.dims) != len(spec.shape):
        raise RequestError(
            f"{field}.dims",
            f"{len(spec.dims)} dims {list(spec.dims)} for an array of shape {list(spec.shape)}",
            "name one dim for each entry of the shape",
        )
    if len(set(spec.dims)) != len(spec.dims):
        raise RequestError(f"{field}.dims", f"a repeated dim in {list(spec.dims)}", "use each dim once in an input")


def canonical(derivative: Iterable[str], names: Sequence[str]) -> Derivative:
    """Sorts a derivative into the order of the inputs, so that equal ones are equal.

    Raises:
        RequestError: a name that is no input, or an order over MAX_ORDER.
    """
    wrt = tuple(derivative)
    for name in wrt:
        if name not in names:
            raise RequestError(
                "derivatives",
                f"a derivative with respect to {name!r}, which is no input",
                f"use one of {', '.join(names) or '(there are no inputs)'}",
            )
    if len(wrt) > MAX_ORDER:
        raise RequestError("derivatives", f"order {len(wrt)} in {wrt}", f"ask for order {MAX_ORDER} at most")
    return tuple(sorted(wrt, key=list(names).index))


def expand_order(wrt: Sequence[str], order: int) -> list[Derivative]:
    """All partials of orders 1 to `order`, lower orders first."""
    return [combination for n in range(1, order + 1) for combination in itertools.combinations_with_replacement(wrt, n)]
