"""Tables on mpmath's numbers: their polynomials with the coefficients as they are, evaluated with all digits."""

from __future__ import annotations

import bisect
import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np

from gridgrad_core.lang.functions.tabulated import ARRAY, DEGREES
from gridgrad_core.tables.splines import polynomials
from gridgrad_core.tables.table_numbers import TableNumbers, Values

__all__ = ["calling", "item_of_array", "length_of_array", "value_of_table"]


class _Component(NamedTuple):
    table: TableNumbers
    coefficients: Values


class _Called(threading.local):
    """The components of the tables that programs of this thread call, in order."""

    components: Sequence[_Component] = ()


_called = _Called()


@contextlib.contextmanager
def calling(tables: Sequence[TableNumbers]) -> Iterator[None]:
    """Has calls of tables be of these.

    Args:
        tables: in the order that numbers them.
    """
    before = _called.components
    _called.components = [_Component(table, each) for table in tables for each in _numbers(table)]
    try:
        yield
    finally:
        _called.components = before


def length_of_array(number: int) -> int:
    """How many numbers an array has."""
    return len(_called.components[number].coefficients)


def item_of_array(number: int, place: Any) -> Any:
    """The number of an array at a place."""
    return mp.mpf(float(_called.components[number].coefficients[int(place)]))


def _numbers(table: TableNumbers) -> Sequence[Values]:
    """The coefficients of a table; of an array its numbers."""
    return [table.values] if table.method == ARRAY else polynomials(table)


def value_of_table(integers: Sequence[int], arguments: Sequence[Any]) -> Any:
    """The value of a call.

    Args:
        integers: the number of the component and the orders of its derivative.
        arguments: mpmath's numbers.
    """
    number, *orders = integers
    table, coefficients = _called.components[number]
    cells, distances = [], []
    for knots, x, order in zip(table.knots, arguments, orders, strict=True):
        first, last = map(mp.mpf, (knots[0], knots[-1]))
        outside = not first <= x <= last
        if outside and (table.outside == "nan" or (table.outside == "clamp" and order)):
            return mp.nan if table.outside == "nan" else mp.mpf(0)
        if table.outside == "clamp":
            x = min(max(x, first), last)
        elif table.outside == "periodic":
            x = first + (x - first) - (last - first) * mp.floor((x - first) / (last - first))
        cell = min(max(bisect.bisect_right(knots, x) - 1, 0), len(knots) - 2)
        cells.append(cell)
        distances.append(x - mp.mpf(knots[cell]))
    degree = DEGREES[table.method]
    here = coefficients[tuple(cells)].reshape((degree + 1,) * len(cells))
    total = mp.mpf(0)
    for powers in np.ndindex(*here.shape):
        term = mp.mpf(here[powers])
        for power, order, distance in zip(powers, orders, distances, strict=True):
            term *= mp.ff(power, order) * (distance ** (power - order) if power >= order else 0)
        total += term
    return total
