"""The splines that a table is a sum of: what each of its values counts for, everywhere."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from gridgrad_core.tables.table_numbers import TableNumbers, Values

__all__ = ["LINEAR_IN_VALUES", "basis_tables"]

LINEAR_IN_VALUES = frozenset({"linear", "cubic", "quintic"})
"""Methods by which twice the values are twice the table: the slopes of the others depend on which values are larger."""


def basis_tables(table: TableNumbers, turned: Sequence[bool], components: int) -> list[TableNumbers]:
    """The derivative of a table by each of its values, which are tables of the same kind.

    Of what is periodic the last value is the first one again: by the first both are moved, by the last nothing is.

    Args:
        table: checked, by a method of `LINEAR_IN_VALUES`.
        turned: whether its values stand in descending order of the knots where they are counted, along each axis.
        components: how many of them a table may have.

    Returns:
        Tables whose components, end to end, are those by the values of one component in C order.
    """
    meets = table.boundary == "periodic" or table.outside == "periodic"
    along = [_along(len(knots), meets, flip) for knots, flip in zip(table.knots, turned, strict=True)]
    values = functools.reduce(np.multiply.outer, along)  # [knots of x, value of x, knots of y, value of y, ...]
    dims = len(along)
    values = values.transpose([*range(0, 2 * dims, 2), *range(1, 2 * dims, 2)])
    values = values.reshape(*values.shape[:dims], math.prod(values.shape[dims:]))
    boundary = table.boundary
    if not isinstance(boundary, str):
        boundary = (boundary[0][0], 0.0), (boundary[1][0], 0.0)
    return [
        table._replace(values=np.ascontiguousarray(values[..., first : first + components]), boundary=boundary)
        for first in range(0, values.shape[-1], components)
    ]


def _along(length: int, meets: bool, is_turned: bool) -> Values:
    """What each value counts at each knot of an axis, [knots, values]."""
    units = np.eye(length)
    if meets:
        units[-1] = units[0]
    return units[:, ::-1] if is_turned else units
