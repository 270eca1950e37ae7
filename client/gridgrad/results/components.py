"""What a result consists of, one component of one array at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from gridgrad.arguments.inputs import FloatArray
from gridgrad_core.grid import Derivative

if TYPE_CHECKING:
    from gridgrad.results.result import Result

__all__ = ["Part", "component_names", "leading_dims", "part_of", "parts_of"]


class Part(NamedTuple):
    """One component of the value or of a derivative.

    Args:
        component: its name; "f" for a function that is no tuple.
        wrt: the derivative, () for the value.
        dims: the names of its dims: those of the grid, with those of arrays of coefficients in front.
        grid: the numbers.
    """

    component: str
    wrt: Derivative
    dims: tuple[str, ...]
    grid: FloatArray


def component_names(result: Result) -> tuple[str, ...]:
    """The names of the components; "f" for a function that is no tuple."""
    return result.components if result.tuple_valued else ("f",)


def parts_of(result: Result) -> Iterator[Part]:
    """All parts of a result: of each component the value and then the derivatives, in the order asked."""
    for number in range(len(component_names(result))):
        yield from (part_of(result, number, wrt) for wrt in ((), *result.d))


def part_of(result: Result, number: int, wrt: Derivative) -> Part:
    """One part of a result.

    Args:
        result: what it is part of.
        number: which component, from 0.
        wrt: which derivative, () for the value.
    """
    array = result.d[wrt]
    leading = leading_dims(result, wrt)
    if result.tuple_valued:
        array = array[(slice(None),) * len(leading) + (number, ...)]
    return Part(component_names(result)[number], wrt, (*leading, *result.dims), array)


def leading_dims(result: Result, wrt: Derivative) -> tuple[str, ...]:
    """The dims in front of a derivative: those of the arrays of coefficients in it."""
    return tuple(dim for name in wrt for dim in result.input_dims.get(name, ()) if dim not in result.dims)
