"""The numbers of a table and how they are to be joined, checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.functions.tabulated import (
    ARRAY,
    DEGREES,
    HERMITE,
    MAX_ARRAY,
    MAX_TABLE_DIMS,
    OUTSIDE,
    TableSpec,
)

__all__ = ["BOUNDARIES", "MAX_COEFFICIENTS", "MAX_TABLE_NUMBERS", "End", "TableNumbers", "Values"]

MAX_TABLE_NUMBERS = 1 << 20
"""Values of a table, all components together."""

MAX_COEFFICIENTS = 1 << 23
"""Coefficients of its polynomials: 64 MiB."""

BOUNDARIES = ("not-a-knot", "natural", "clamped", "periodic")
"""Conditions at both ends of a cubic spline: the third derivative goes on at the knot before the end, the second is 0,
the first is 0, or both ends meet."""

_LEAST = {"linear": 2, "cubic": 2, "akima": 3, "pchip": 2, "hermite": 2, "quintic": 6}
_MOST_QUINTIC = 1 << 14  # knots, for which the system is solved in a tenth of a second
_MEET = 1e-12
_NAMES = ("x", "y", "z")

Values = NDArray[np.float64]

End = tuple[int, float]
"""A condition at one end of a cubic spline: the order of a derivative, 1 or 2, and its value."""


class TableNumbers(NamedTuple):
    """A table, or an array: its values alone.

    Args:
        values: [knots of the first argument, ..., components if there are several]; of method "hermite" [value and
            slope, knots, components if there are several].
        knots: of each argument, ascending.
        method: one of `DEGREES`, or `ARRAY`.
        outside: one of `OUTSIDE`.
        boundary: one of `BOUNDARIES`, or the conditions at both ends.
    """

    values: Values
    knots: tuple[Values, ...]
    method: str
    outside: str
    boundary: str | tuple[End, End]

    @property
    def components(self) -> int:
        """How many values it has at each point; 0 where its values have no dim for that."""
        return self.values.shape[-1] if self.values.ndim - self.first > len(self.knots) > 0 else 0

    @property
    def first(self) -> int:
        """Which axis of the values is that of the first argument."""
        return int(self.method == HERMITE)

    def spec(self, name: str) -> TableSpec:
        """What it is but for its numbers, by a name."""
        if self.method == ARRAY:
            return TableSpec(name, 0, 0, "")
        return TableSpec(name, len(self.knots), DEGREES[self.method], self.outside, self.components)

    def checked(self, field: str) -> TableNumbers:
        """The same with ascending knots, if it is a table.

        Args:
            field: where it was given, for messages.

        Raises:
            RequestError: it is none.
        """
        if self.method == ARRAY:
            return _checked_array(field, self)
        _check_words(field, self)
        table = _ascending(self)
        _check_shape(field, table)
        for axis, knots in enumerate(table.knots):
            _check_knots(field, _NAMES[axis], knots, table.method)
        if not np.isfinite(table.values).all():
            place = tuple(int(i) for i in np.argwhere(~np.isfinite(table.values))[0])
            found = f"{table.values[place]} among its values, at {list(place)}"
            raise RequestError(field, found, "leave such points out, or fill them in")
        _check_boundary(field, table)
        return table


def _checked_array(field: str, array: TableNumbers) -> TableNumbers:
    if array.knots or array.values.ndim != 1 or not 1 <= array.values.size <= MAX_ARRAY:
        found = f"an array of shape {list(array.values.shape)} to sum over"
        raise RequestError(field, found, f"give 1 to {MAX_ARRAY:,} numbers along one dim")
    return array


def _check_words(field: str, table: TableNumbers) -> None:
    for what, given, known in (("method", table.method, DEGREES), ("outside", table.outside, OUTSIDE)):
        if not isinstance(given, str) or given not in known:
            raise RequestError(field, f"{what}={given!r}", f"say one of {', '.join(map(repr, known))}")


def _ascending(table: TableNumbers) -> TableNumbers:
    """Turned round along the axes whose knots descend."""
    values, turned = table.values, []
    for axis, knots in enumerate(table.knots):
        place = axis + table.first
        descends = len(knots) > 1 and knots[0] > knots[-1] and place < values.ndim
        values = np.flip(values, place) if descends else values
        turned.append(knots[::-1] if descends else knots)
    return table._replace(values=values, knots=tuple(turned))


def _check_shape(field: str, table: TableNumbers) -> None:
    dims, whole = len(table.knots), table.values.shape
    if not 1 <= dims <= MAX_TABLE_DIMS:
        raise RequestError(field, f"{dims} axes of knots", f"give 1 to {MAX_TABLE_DIMS}: x=, y=, z=")
    lengths = tuple([len(knots) for knots in table.knots])
    if 0 in lengths:
        raise RequestError(field, f"no knots of {_NAMES[lengths.index(0)]}", "give two or more, and a value at each")
    shape = whole[table.first :]
    if table.first and (whole[:1] != (2,) or dims > 1):
        found = f"values of shape {list(whole)} for {dims} arguments by method={HERMITE!r}"
        raise RequestError(field, found, f"give values and slopes of one argument, of shape [2, {lengths[0]}]")
    if shape[:dims] != lengths or len(shape) not in (dims, dims + 1) or 0 in shape:
        found = f"values of shape {list(whole)} for {' x '.join(map(str, lengths))} knots"
        remedy = f"give values of shape {[2] * table.first + list(lengths)}, with one more dim for several components"
        raise RequestError(field, found, remedy)
    if table.values.size > MAX_TABLE_NUMBERS:
        found = f"{table.values.size:,} values"
        raise RequestError(field, found, f"give at most {MAX_TABLE_NUMBERS:,}, or split the table into several")
    per_cell = (DEGREES[table.method] + 1) ** dims
    coefficients = per_cell * math.prod(shape)
    if coefficients > MAX_COEFFICIENTS:
        found = f"{table.values.size:,} values by {table.method!r}, which takes {per_cell} coefficients for each"
        raise RequestError(field, found, f"give at most {MAX_COEFFICIENTS // per_cell:,}, or say method='linear'")
    if dims > 1 and table.method in ("akima", "pchip"):
        found = f"method={table.method!r} with {dims} arguments, of which it depends in what order it is applied"
        raise RequestError(field, found, "say method='cubic', 'linear' or 'quintic'")


def _check_knots(field: str, name: str, knots: Values, method: str) -> None:
    least = _LEAST[method]
    if len(knots) < least:
        found = f"{len(knots)} knots of {name}, where method={method!r} takes at least {least}"
        raise RequestError(field, found, f"give {least} knots or more" + (", or say method='linear'" * (least > 2)))
    if method == "quintic" and len(knots) > _MOST_QUINTIC:
        found = f"{len(knots):,} knots of {name} for method='quintic'"
        raise RequestError(field, found, f"give at most {_MOST_QUINTIC:,}, or say method='cubic'")
    if not np.isfinite(knots).all():
        place = int(np.flatnonzero(~np.isfinite(knots))[0])
        raise RequestError(field, f"{knots[place]} among the knots of {name}, at {place}", "give finite knots")
    rising = np.diff(knots) > 0
    if not rising.all():
        place = int(np.flatnonzero(~rising)[0])
        what = "twice" if knots[place] == knots[place + 1] else f"before {knots[place + 1]}"
        found = f"the knot {knots[place]} of {name} {what}, at {place} and {place + 1}"
        raise RequestError(field, found, "give each knot once, in ascending order or in descending order")


def _check_boundary(field: str, table: TableNumbers) -> None:
    boundary = table.boundary
    if isinstance(boundary, str) and boundary not in BOUNDARIES:
        remedy = f"say one of {', '.join(map(repr, BOUNDARIES))}, or ((1, slope), (2, second derivative))"
        raise RequestError(field, f"boundary={boundary!r}", remedy)
    if boundary != "not-a-knot" and table.method != "cubic":
        found = f"boundary={boundary!r} with method={table.method!r}"
        raise RequestError(field, found, "leave it out: it is for method='cubic' alone")
    if boundary != "not-a-knot" and not isinstance(boundary, str):
        _check_ends(field, boundary, len(table.knots))
    for axis in range(len(table.knots)):
        if boundary == "periodic" or table.outside == "periodic":
            _check_meeting(field, table.values[0] if table.first else table.values, axis)


def _check_ends(field: str, ends: Sequence[Any], dims: int) -> None:
    good = len(ends) == 2 and all(len(end) == 2 and end[0] in (1, 2) and np.isfinite(end[1]) for end in ends)
    if not good or dims > 1:
        found = f"boundary={ends!r}" + (f" with {dims} arguments" if dims > 1 else "")
        remedy = (
            "of one argument say the order, 1 or 2, and the value of a derivative at either end: ((1, 0.0), (2, 0.0))"
        )
        raise RequestError(field, found, remedy)


def _check_meeting(field: str, values: Values, axis: int) -> None:
    first, last = np.take(values, 0, axis), np.take(values, -1, axis)
    if not np.allclose(first, last, rtol=_MEET, atol=_MEET):
        found = f"a periodic table whose first and last values differ, by {np.abs(first - last).max():.3g}"
        remedy = "end it with the first value again, one period further on: numpy.append(values, values[0])"
        raise RequestError(field, found, remedy)
