"""Derivatives by more values of tables than one request has planes: requests by some of them each, which come to one
result. They have one text and so one program, but for the last where it is by fewer.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad.arguments.derivatives import read_selection, resolve
from gridgrad.arguments.inputs import read_inputs
from gridgrad.arguments.lookup_table import GivenTable, LookupTable, split_tables
from gridgrad.arguments.stacked_inputs import unstacked
from gridgrad.elements.table_values import TableValues
from gridgrad.requests.request import Registered, Request
from gridgrad.results.result import Result
from gridgrad.results.result_data import ResultOrigin
from gridgrad_core.errors import TooLargeError
from gridgrad_core.grid import MAX_DERIVATIVES, Derivative, canonical

__all__ = ["MOST_VALUES", "ManyValues", "by_many_values", "parts_of"]

MOST_VALUES = 4096
"""Of a table, by which derivatives can be asked for."""


class _Block(NamedTuple):
    """The request of derivatives by some values of a table.

    Args:
        table: the name of the table.
        request: the request.
    """

    table: str
    request: Request


class ManyValues(NamedTuple):
    """The requests.

    Args:
        whole: what was asked.
        main: the value and what is not by tables.
        blocks: those of derivatives by values, in order.
        derivatives: all of them, in the order in which they were asked for.
        tables: that they are by, with their names.
    """

    whole: Request
    main: Request
    blocks: tuple[_Block, ...]
    derivatives: tuple[Derivative, ...]
    tables: dict[str, LookupTable]

    @property
    def others(self) -> tuple[Request, ...]:
        """All requests but the main one."""
        return tuple([each.request for each in self.blocks])

    def joined(self, main: Result, others: Sequence[Result]) -> Result:
        """What the results come to.

        Args:
            main: that of the main request.
            others: those of the others, in their order.
        """
        own, sizes = main._planes, {name: each.numbers.values.size for name, each in self.tables.items()}
        by_values = [each for each in self.derivatives if not sizes.keys().isdisjoint(each)]
        count = sum(sizes[_table_of(each, sizes)] for each in by_values)
        planes = np.empty((len(own) + count, *own.shape[1:]), own.dtype)
        planes[: len(own)], start = own, len(own)
        index: dict[Derivative, int | NDArray[np.intp]] = {(): 0}
        names = (*main._schema.names, *self.tables)
        for derivative in self.derivatives:
            known = canonical(derivative, names)
            if derivative not in by_values:
                index[known] = main._schema.planes[known]
                continue
            name, first = _table_of(derivative, sizes), start
            for block, result in zip(self.blocks, others, strict=True):
                if block.table == name:
                    found = result.d[derivative].reshape(-1, *own.shape[1:])
                    planes[start : start + len(found)] = found
                    start += len(found)
            shape = self.tables[name].numbers.values.shape
            index[known] = np.arange(first, start, dtype=np.intp).reshape(shape)
        planes.flags.writeable = False
        inputs = tuple([TableValues(GivenTable(name, each), ()).input for name, each in self.tables.items()])
        schema = main._schema._replace(planes=index, names=names)
        return Result(planes, schema, main._info, ResultOrigin(self.whole, (*main._origin.shown, *inputs)))


def by_many_values(request: Request) -> ManyValues | None:
    """The requests of one that asks for derivatives by many values of tables; None for any other.

    Args:
        request: as it was asked, whose `wrt` and `derivatives` can be read again.

    Raises:
        RequestError: something in it is wrong that shows without the server.
        TooLargeError: it asks for derivatives of higher order by so many values, or for a reduction.
    """
    plain, given = split_tables(request.inputs)
    selection = read_selection(request.wrt, request.order, request.derivatives)
    tables = {each.name: each.table for each in given if each.name in selection.by}
    if not tables or isinstance(request.function, Registered):
        return None
    inputs = read_inputs(unstacked(plain))
    names = selection.with_all([*(each.name for each in inputs), *(request.coefficients or ()), *tables])
    derivatives = resolve(selection, names, [each.name for each in inputs if not each.dims])
    _check(request, derivatives, tables)
    blocks = [block for name in tables for block in _blocks(request, name, tables[name], derivatives)]
    others = tuple([each for each in derivatives if tables.keys().isdisjoint(each)])
    main = dataclasses.replace(request, wrt=None, order=None, derivatives=others)
    return ManyValues(request, main, tuple(blocks), derivatives, tables)


def _blocks(request: Request, name: str, table: LookupTable, derivatives: Sequence[Derivative]) -> Iterator[_Block]:
    """The requests by values of a table: as many as there is room for, whole rows of components."""
    asked = [each for each in derivatives if name in each]
    most = MAX_DERIVATIVES // len(asked)
    if most < table.numbers.components:
        found = f"{len(asked)} derivatives by {name!r}, whose values have {table.numbers.components} components"
        raise TooLargeError("derivatives", found, "ask for fewer at a time")
    for part in parts_of(table, most):
        inputs = {**request.inputs, name: part}
        yield _Block(name, dataclasses.replace(request, inputs=inputs, wrt=None, order=None, derivatives=asked))


def parts_of(table: LookupTable, most: int) -> Iterator[LookupTable]:
    """A table again and again, to be derived by other values each time: whole rows of components.

    Args:
        table: the table.
        most: of its values at a time, as many as it has components at least.
    """
    row, size = max(1, table.numbers.components), table.numbers.values.size
    step = most // row * row
    for first in range(0, size, step):
        yield LookupTable(table.numbers, table.is_single, table.turned, range(first, min(first + step, size)))


def _check(request: Request, derivatives: Sequence[Derivative], tables: dict[str, LookupTable]) -> None:
    """Refuses what can't be asked by so many values.

    Raises:
        TooLargeError: there is such.
    """
    sizes = {name: each.numbers.values.size for name, each in tables.items()}
    for name, size in sizes.items():
        found = f"derivatives by the {size:,} values of {name!r}"
        if size > MOST_VALUES:
            remedy = f"give a table of at most {MOST_VALUES:,} values, or one for each part of its knots"
            raise TooLargeError("derivatives", found, remedy)
        for what, said in (("reduce", request.reduce), ("out", request.out)):
            if said is not None:
                remedy = f"leave out {what}, or ask by at most {MAX_DERIVATIVES} values at a time"
                raise TooLargeError("derivatives", f"{found} with {what}", remedy)
    for derivative in derivatives:
        if sum(name in sizes for name in derivative) > 1:
            planes = math.prod(sizes.get(name, 1) for name in derivative)
            remedy = f"ask for order 1 by tables, or for at most {MAX_DERIVATIVES} derivatives in all"
            raise TooLargeError("derivatives", f"{derivative}, which is {planes:,} derivatives", remedy)


def _table_of(derivative: Derivative, sizes: dict[str, int]) -> str:
    return next(name for name in derivative if name in sizes)
