"""Tables: functions given by numbers at knots, which come with a request and are called by its text.

A call is an operation on the number of the table among those of the request (each component of one counts), the order
of its derivative by each argument, and the arguments. Its derivatives are calls too, so nothing is derived that reads
numbers. What is computed for a call are the operations in `LOOKUPS`, by `gridgrad_core.lang.tables.lookups`.

An array is a table of no arguments: its numbers are read one after the other by the sums of a text
(`gridgrad_core.lang.local.array_sums`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.functions.function import Function, Kind

__all__ = [
    "ARRAY",
    "ARRAY_ITEM",
    "CALLS",
    "DEGREES",
    "HERMITE",
    "LOOKUPS",
    "MAX_ARRAY",
    "MAX_TABLE_DIMS",
    "OUTSIDE",
    "ROWS",
    "CalledTable",
    "TableSpec",
    "called_tables",
]

MAX_TABLE_DIMS = 3
"""Arguments of a table."""

ARRAY = "array"
"""What stands for a method where a table is an array."""

MAX_ARRAY = 4096
"""Numbers of an array."""

HERMITE = "hermite"
"""The method of tables of one argument that have slopes too: their values are [value and slope, knots, ...]."""

DEGREES = {"linear": 1, "cubic": 3, "akima": 3, "pchip": 3, "hermite": 3, "quintic": 5}
"""The degree of the polynomials between the knots, by method."""

OUTSIDE = ("extrapolate", "nan", "clamp", "periodic")
"""What a table may be beyond its first and last knots, by number: the polynomial there goes on, nan, the value at the
end, or the values inside again."""

_INTEGER_KIND: Kind = "integer"
_NUMBER_KIND: Kind = "number"
_INTEGER = 2**20  # larger than any number of a table or of a coefficient, and any order


class TableSpec(NamedTuple):
    """What a table is but for its numbers.

    Args:
        name: what it is called by.
        dims: how many arguments it takes; 0 for an array.
        degree: of its polynomials.
        outside: one of `OUTSIDE`.
        components: how many values it has at each point; 0 where its values have no dim for that.
    """

    name: str
    dims: int
    degree: int
    outside: str
    components: int = 0

    @property
    def is_array(self) -> bool:
        """Whether it is an array, which is read by sums and not called."""
        return not self.dims

    @property
    def names(self) -> tuple[str, ...]:
        """What each of its components is called by."""
        return tuple([f"{self.name}_{n}" for n in range(self.components)]) if self.components else (self.name,)


class CalledTable(NamedTuple):
    """What a name calls.

    Args:
        spec: the table.
        numbers: of the components that it calls: one, or all of several for the name of the table itself.
    """

    spec: TableSpec
    numbers: tuple[int, ...]


def called_tables(specs: Sequence[TableSpec]) -> dict[str, CalledTable]:
    """What a text can call, by name; components are numbered in order.

    Raises:
        RequestError: two of them have one name.
    """
    called: dict[str, CalledTable] = {}
    first = 0
    for spec in specs:
        numbers = range(first, first + len(spec.names))
        given = {name: CalledTable(spec, (number,)) for name, number in zip(spec.names, numbers, strict=True)}
        given.setdefault(spec.name, CalledTable(spec, tuple(numbers)))
        twice = called.keys() & given
        if twice:
            raise RequestError("inputs", f"two tables that are called by {min(twice)}", "rename one of them")
        called |= given
        first = numbers.stop
    return called


def _call(dims: int) -> Function:
    orders, arguments = [f"n{i}" for i in range(dims)], [f"x{i}" for i in range(dims)]
    slopes = [
        f"table_{dims}(t, {', '.join([*orders[:i], f'{orders[i]} + 1', *orders[i + 1 :], *arguments])})"
        for i in range(dims)
    ]
    return Function(
        f"table_{dims}", ("t", *orders, *arguments), "the value of a table", ("0",) * (1 + dims) + tuple(slopes),
        "table", kinds=(*[_INTEGER_KIND] * (1 + dims), *[_NUMBER_KIND] * dims), largest=_INTEGER,
    )  # fmt: skip


def _lookup(name: str, integers: tuple[str, ...], arguments: tuple[str, ...], slopes: tuple[str, ...]) -> Function:
    kinds: tuple[Kind, ...] = (*[_INTEGER_KIND] * len(integers), *[_NUMBER_KIND] * len(arguments))
    derivatives = ("0",) * len(integers) + slopes
    return Function(name, integers + arguments, "", derivatives, "table", kinds=kinds, largest=_INTEGER)


CALLS: dict[str, Function] = {f"table_{dims}": _call(dims) for dims in range(1, MAX_TABLE_DIMS + 1)}
"""Calls by how many arguments there are: of table t, the derivative of these orders."""

LOOKUPS: dict[str, Function] = {
    row.name: row
    for row in (
        _lookup("table_place", ("s", "axis", "outside"), ("x",), ("1",)),
        _lookup("table_cell", ("s", "axis"), ("x",), ("0",)),
        _lookup("table_knot", ("s", "axis"), ("cell",), ("0",)),
        *(
            _lookup(f"table_item_{dims}", ("t", "k"), tuple([f"cell{i}" for i in range(dims)]), ("0",) * dims)
            for dims in range(1, MAX_TABLE_DIMS + 1)
        ),
    )
}
"""What is computed for a call. Of the s-th table given: where an argument lies along an axis once what is outside was
brought in or made nan; the last knot that is not right of it, or the last but one, as a number; that knot; and, of
component t, the k-th coefficient of the polynomial between knots."""

ARRAY_ITEM = _lookup("array_item", ("t",), ("place",), ("0",))
"""The number at a place of array t, from 0 on."""

ROWS: dict[str, Function] = CALLS | LOOKUPS | {ARRAY_ITEM.name: ARRAY_ITEM}
"""What no text calls by its name."""
