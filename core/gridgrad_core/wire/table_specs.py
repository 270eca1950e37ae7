"""What a table in a message is but for its numbers, which are not looked at."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from gridgrad_core.errors import RequestError, TooLargeError
from gridgrad_core.lang.functions.tabulated import (
    ARRAY,
    DEGREES,
    HERMITE,
    MAX_ARRAY,
    MAX_TABLE_DIMS,
    OUTSIDE,
    TableSpec,
)
from gridgrad_core.lang.program.names import is_name
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.worker_v1 import worker_pb2 as wpb

__all__ = ["MAX_COMPONENTS", "plan_table", "spec_of", "specs_of_plan"]

MAX_COMPONENTS = 64
"""Components of a table."""

_KINDS = (("method", DEGREES), ("outside", OUTSIDE))


def spec_of(
    field: str, name: str, table: pb.Table, bytes_of: Callable[[pb.Array], int] = lambda array: len(array.data)
) -> TableSpec:
    """What a table is but for its numbers.

    Args:
        field: where it stands in its message, for errors.
        name: what it is called by.
        table: the message.
        bytes_of: says how many bytes of numbers an array has, which may lie elsewhere.

    Raises:
        RequestError: it is no table, as far as that shows.
        TooLargeError: it has too many components.
    """
    if not is_name(name):
        raise RequestError(f"{field}.name", repr(name), "use ASCII letters, digits and _ for what is called")
    if table.method == ARRAY:
        return _array_spec(field, name, table, bytes_of(table.values))
    dims = len(table.knots)
    if not 1 <= dims <= MAX_TABLE_DIMS:
        raise RequestError(f"{field}.knots", f"knots of {dims} arguments", f"give 1 to {MAX_TABLE_DIMS}")
    for what, known in _KINDS:
        if getattr(table, what) not in known:
            remedy = f"use {', '.join(known)}"
            raise RequestError(f"{field}.{what}", repr(getattr(table, what)), remedy)
    for place, knots in enumerate(table.knots):
        _check_array(f"{field}.knots[{place}]", knots, 1, bytes_of(knots))
    leading = [2] * (table.method == HERMITE)
    before = dims + len(leading)
    _check_array(f"{field}.values", table.values, before + (len(table.values.shape) > before), bytes_of(table.values))
    knots_of = [knots.shape[0] for knots in table.knots]
    if [*table.values.shape[:before]] != [*leading, *knots_of]:
        found = f"shape {[*table.values.shape]} for {' x '.join(map(str, knots_of))} knots"
        remedy = f"give {[*leading, *knots_of]}"
        raise RequestError(f"{field}.values.shape", found, f"{remedy}, and one dim more for several components")
    components = table.values.shape[before] if len(table.values.shape) > before else 0
    if components > MAX_COMPONENTS:
        found = f"{components} components"
        raise TooLargeError(f"{field}.values.shape", found, f"give at most {MAX_COMPONENTS}, or several tables")
    return TableSpec(name, dims, DEGREES[table.method], table.outside, components)


def _array_spec(field: str, name: str, array: pb.Table, size: int) -> TableSpec:
    if array.knots:
        raise RequestError(f"{field}.knots", "knots of an array", "leave them out")
    _check_array(f"{field}.values", array.values, 1, size)
    if array.values.shape[0] > MAX_ARRAY:
        found = f"an array of {array.values.shape[0]:,} numbers to sum over"
        raise TooLargeError(f"{field}.values.shape", found, f"give at most {MAX_ARRAY:,}, or sum over parts of it")
    return TableSpec(name, 0, 0, "")


def plan_table(spec: TableSpec) -> wpb.PlanTable:
    """A table without its numbers, as server and workers tell each other."""
    return wpb.PlanTable(**spec._asdict())


def specs_of_plan(tables: Iterable[wpb.PlanTable]) -> tuple[TableSpec, ...]:
    """What such tables are."""
    return tuple([TableSpec(each.name, each.dims, each.degree, each.outside, each.components) for each in tables])


def _check_array(field: str, array: pb.Array, dims: int, size: int) -> None:
    shape = [*array.shape]
    if array.dtype not in (pb.DTYPE_UNSPECIFIED, pb.DTYPE_FLOAT64):
        raise RequestError(f"{field}.dtype", "numbers that are no float64", "send a table in DTYPE_FLOAT64")
    if len(shape) != dims or min(shape) < 1:
        raise RequestError(f"{field}.shape", str(shape), f"give {dims} lengths of 1 or more")
    wanted = 8 * math.prod(shape)
    if size != wanted:
        found = f"{size} bytes for shape {shape}"
        raise RequestError(f"{field}.data", found, f"send {wanted} bytes")
