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
    table: TableNumbers, turned: Sequence[bool], components: int, component: int = 0
) -> list[TableNumbers]:
    """The derivative of a component of a table by each of its values, which are tables.

    They are of the same kind where the table is linear in its values, and then those of all components are the same;
    else cubics that have the derivatives of its slopes for their slopes. Of what is periodic the last value is the
    first one again: by the first both are moved, by the last nothing is.

    Args:
        table: checked.
        turned: whether its values stand in descending order of the knots where they are counted, along each axis.
        components: how many of them a table may have.
        component: which, where it is not linear in its values.

    Returns:
        Tables whose components, end to end, are those by the values of one component in C order.
    """
    meets = table.boundary == "periodic" or table.outside == "periodic"
    if table.first or table.method in LOCAL_SLOPES:
        values, method = _with_slopes(table, turned[0], component, meets=meets), HERMITE
        return _shared_out(table._replace(method=method), values, components)
    along = [_along(len(knots), meets, flip) for knots, flip in zip(table.knots, turned, strict=True)]
    values = functools.reduce(np.multiply.outer, along)  # [knots of x, value of x, knots of y, value of y, ...]
    dims = len(along)
    values = values.transpose([*range(0, 2 * dims, 2), *range(1, 2 * dims, 2)])
    values = values.reshape(*values.shape[:dims], math.prod(values.shape[dims:]))
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


def _with_slopes(table: TableNumbers, is_turned: bool, component: int, *, meets: bool) -> Values:
    """By each value what values and slopes at the knots change, [value and slope, knots, values]."""
    knots = table.knots[0]
    units = _along(len(knots), meets, is_turned)
    if table.first:
        slopes = _along(len(knots), meets=False, is_turned=is_turned)
        return np.stack([np.hstack([units, 0 * slopes]), np.hstack([0 * units, slopes])])
    values = table.values[:, component] if table.components else table.values
    return np.stack([units, slopes_by_values(table.method, np.diff(knots), values) @ units])


def _along(length: int, meets: bool, is_turned: bool) -> Values:
    """What each value counts at each knot of an axis, [knots, values]."""
    units = np.eye(length)
    if meets:
        units[-1] = units[0]
    return units[:, ::-1] if is_turned else units
