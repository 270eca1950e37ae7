"""What a result consists of, one component of one array at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gridgrad.arguments.inputs import FloatArray
from gridgrad.arguments.units import unit_of
from gridgrad.results.result_data import ResultData
from gridgrad_core.grid import Derivative
from gridgrad_core.reduction import PULLBACK

__all__ = ["ComponentGrid", "component_grid", "component_grids", "component_names", "gone_dims", "leading_dims"]


class ComponentGrid(NamedTuple):
    """One component of the value or of a derivative.

    Args:
        component: its name; "f" for a function that is no tuple.
        wrt: the derivative, () for the value.
        dims: the names of its dims: those of the grid, with those of arrays of coefficients in front.
        grid: the numbers.
        unit: their unit; empty if it is not known.
    """

    component: str
    wrt: Derivative
    dims: tuple[str, ...]
    grid: FloatArray
    unit: str = ""


def component_names(result: ResultData) -> tuple[str, ...]:
    """The names of the components; "f" for a function that is no tuple."""
    return result.components if result.tuple_valued else ("f",)


def component_grids(result: ResultData) -> Iterator[ComponentGrid]:
    """All parts of a result: of each component the value and then the derivatives, in the order asked."""
    for number in range(len(component_names(result))):
        yield from (component_grid(result, number, wrt) for wrt in ((), *result.d))


def component_grid(result: ResultData, number: int, wrt: Derivative) -> ComponentGrid:
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
    name = component_names(result)[number]
    unit = unit_of(result.units, (name, result.components[number]), wrt) if result.units else ""
    return ComponentGrid(name, wrt, (*leading, *result.dims), array, unit)


def leading_dims(result: ResultData, wrt: Derivative) -> tuple[str, ...]:
    """The dims in front of a derivative: those of the arrays of coefficients in it, and in a pull-back all."""
    own = {*result.dims, *gone_dims(result)}
    return tuple(dim for name in wrt for dim in result.input_dims.get(name, ()) if dim not in own)


def gone_dims(result: ResultData) -> frozenset[str]:
    """The dims of the request that no array of the result has."""
    return frozenset() if PULLBACK in result.reduced.values() else frozenset(result.reduced)
