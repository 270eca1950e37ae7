"""Pull-backs by more values of tables than one request has: requests by some of them each, whose rows are joined."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad.arguments.derivatives import read_selection, resolve
from gridgrad.arguments.inputs import read_inputs
from gridgrad.arguments.lookup_table import GivenTable, LookupTable, split_tables
from gridgrad.arguments.stacked_inputs import unstacked
from gridgrad.elements.table_values import TableValues
from gridgrad.pullbacks.many_values import MOST_VALUES, parts_of
from gridgrad.requests.request import Registered, Request
from gridgrad.results.result import Result
from gridgrad.results.result_data import ResultOrigin
from gridgrad_core.errors import TooLargeError
from gridgrad_core.grid import MAX_SCALARS, Derivative

__all__ = ["ManyTableGradients", "by_many_table_values"]

_AT_ONCE = 256
"""Values by which a request is: they are numbers of it, as other inputs and coefficients may be."""


class ManyTableGradients(NamedTuple):
    """The requests.

    Args:
        whole: what was asked.
        main: by all else.
        blocks: those by values of tables, each with the name of its table, in order.
        derivatives: all of them, in the order in which they were asked for.
        tables: that they are by, with their names.
    """

    whole: Request
    main: Request
    blocks: tuple[tuple[str, Request], ...]
    derivatives: tuple[Derivative, ...]
    tables: dict[str, LookupTable]

    def joined(self, main: Result, blocks: Sequence[Result]) -> Result:
        """What the results come to.

        Args:
            main: that of the main request.
            blocks: those of the others, in their order.
        """
        row, end = [np.asarray(main._planes)], len(main._planes)
        index: dict[Derivative, int | NDArray[np.intp]] = {(): 0}
        for derivative in self.derivatives:
            (name,) = derivative
            if name not in self.tables:
                index[derivative] = main._schema.planes[derivative]
                continue
            values = self.tables[name].numbers.values
            index[derivative] = np.arange(end, end + values.size, dtype=np.intp).reshape(values.shape)
            row += [each.d[name].ravel() for (own, _), each in zip(self.blocks, blocks, strict=True) if own == name]
            end += values.size
        planes = np.concatenate(row)
        planes.flags.writeable = False
        inputs = tuple([TableValues(GivenTable(name, each), ()).input for name, each in self.tables.items()])
        schema = main._schema._replace(planes=index, names=(*main._schema.names, *self.tables))
        return Result(planes, schema, main._info, ResultOrigin(self.whole, (*main._origin.shown, *inputs)))


def by_many_table_values(request: Request) -> ManyTableGradients | None:
    """The requests of a pull-back by many values of tables; None for any other.

    Args:
        request: a pull-back as it was asked, whose `wrt` can be read again.

    Raises:
        RequestError: something in it is wrong that shows without the server.
        TooLargeError: it is by too many even so.
    """
    plain, given = split_tables(request.inputs)
    selection = read_selection(request.wrt, request.order, request.derivatives)
    tables = {each.name: each.table for each in given if each.name in selection.by}
    sizes = {name: each.numbers.values.size for name, each in tables.items()}
    inputs = read_inputs(unstacked(plain)) if tables else ()
    scalars = sum(not each.dims for each in inputs)
    if not tables or isinstance(request.function, Registered) or sum(sizes.values()) + scalars <= MAX_SCALARS:
        return None
    large = next((name for name, size in sizes.items() if size > MOST_VALUES), None)
    if large is not None:
        remedy = f"give a table of at most {MOST_VALUES:,} values, or one for each part of its knots"
        raise TooLargeError("derivatives", f"derivatives by the {sizes[large]:,} values of {large!r}", remedy)
    names = [*(each.name for each in inputs), *(request.coefficients or ()), *tables]
    derivatives = resolve(selection, names, names)
    main = dataclasses.replace(request, wrt=[name for (name,) in derivatives if name not in tables])
    blocks = [(name, part) for name, table in tables.items() for part in parts_of(table, _AT_ONCE)]
    asked = tuple(
        [(name, dataclasses.replace(request, inputs={**request.inputs, name: part}, wrt=name)) for name, part in blocks]
    )
    return ManyTableGradients(request, main, asked, derivatives, tables)
