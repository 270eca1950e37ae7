"""The splines that a table is a sum of: what each of its values counts for, everywhere."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from gridgrad_core.lang.functions.tabulated import HERMITE
from gridgrad_core.tables.local_slopes import LOCAL_SLOPES, slopes_by_values
from gridgrad_core.tables.table_numbers import TableNumbers, Values

__all__ = ["LINEAR_IN_VALUES", "basis_tables"]

LINEAR_IN_VALUES = frozenset({"linear", "cubic", "hermite", "quintic"})
"""Methods by which twice the values are twice the table: the slopes of the others are quotients of differences."""


def basis_tables(
    table: TableNumbers, turned: Sequence[bool], components: int, component: int = 0, which: range | None = None
) -> list[TableNumbers]:
    """The derivatives of a component of a table by its values, which are tables.

    They are of the same kind where the table is linear in its values, and then those of all components are the same;
    else cubics that have the derivatives of its slopes for their slopes. Of what is periodic the last value is the
    first one again: by the first both are moved, by the last nothing is.

    Args:
        table: checked.
        turned: whether its values stand in descending order of the knots where they are counted, along each axis.
        components: how many of them a table may have.
        component: which, where it is not linear in its values.
        which: of its values, counted in C order; None for all.

    Returns:
        Tables whose components, end to end, are those by the values of one component in C order.
    """
    meets = table.boundary == "periodic" or table.outside == "periodic"
    if table.first or table.method in LOCAL_SLOPES:
        values, method = _with_slopes(table, turned[0], component, which, meets=meets), HERMITE
        return _shared_out(table._replace(method=method), values, components)
    shape = tuple(map(len, table.knots))
    values = np.stack(
        [
            functools.reduce(
                np.multiply.outer, (_unit(*each, meets) for each in zip(shape, places, turned, strict=True))
            )
            for places in zip(*np.unravel_index(which or range(math.prod(shape)), shape), strict=True)
        ],
        axis=-1,
    )
    boundary = table.boundary
    if not isinstance(boundary, str):
        boundary = (boundary[0][0], 0.0), (boundary[1][0], 0.0)
    return _shared_out(table._replace(boundary=boundary), values, components)


def _shared_out(table: TableNumbers, values: Values, components: int) -> list[TableNumbers]:
    """Tables that have so many of the components of values each."""
    return [
        table._replace(values=np.ascontiguousarray(values[..., first : first + components]))
        for first in range(0, values.shape[-1], components)
    ]


def _with_slopes(table: TableNumbers, is_turned: bool, component: int, which: range | None, *, meets: bool) -> Values:
    """By each value what values and slopes at the knots change, [value and slope, knots, values]."""
    n = len(table.knots[0])
    if table.first:
        made = np.zeros((2, n, 2, n))
        for slot, own in enumerate((meets, False)):
            made[slot, :, slot] = np.stack([_unit(n, place, is_turned, own) for place in range(n)], -1)
        return made.reshape(2, n, 2 * n)[..., which or slice(None)]
    units = np.stack([_unit(n, place, is_turned, meets) for place in which or range(n)], -1)
    values = table.values[:, component] if table.components else table.values
    return np.stack([units, slopes_by_values(table.method, np.diff(table.knots[0]), values) @ units])


def _unit(length: int, place: int, is_turned: bool, meets: bool) -> Values:
    """What a value counts at each knot of an axis, [knots]."""
    unit = np.zeros(length)
    place = length - 1 - place if is_turned else place
    if not (meets and place == length - 1):
        unit[place] = 1.0
    if meets and place == 0:
        unit[-1] = 1.0
    return unit
