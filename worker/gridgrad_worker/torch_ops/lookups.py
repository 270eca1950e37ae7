"""Look-ups in tables on torch tensors.

The operations name tables by their numbers; which these are is said around what computes, by `looking_up`.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from gridgrad_core.lang.functions.tabulated import ARRAY, ARRAY_ITEM, MAX_TABLE_DIMS, OUTSIDE, TableSpec
from gridgrad_core.tables.splines import polynomials
from gridgrad_core.tables.table_numbers import TableNumbers
from gridgrad_worker.torch_ops.elementary import VALUES as ELEMENTARY

__all__ = ["VALUES", "BoundTable", "array_numbers", "looking_up", "sample_tables"]


class BoundTable(NamedTuple):
    """A table ready to be looked up.

    Args:
        knots: along each axis, [knots]; none of an array, whose numbers stand for coefficients.
        coefficients: of each component, [cells of all axes and powers], end to end.
        powers: how many coefficients a cell has.
    """

    knots: tuple[Tensor, ...]
    coefficients: tuple[Tensor, ...]
    powers: int

    @classmethod
    def of(cls, table: TableNumbers, dtype: torch.dtype, device: torch.device) -> BoundTable:
        """Makes one.

        Args:
            table: checked.
            dtype: computed in.
            device: computed on.
        """
        if table.method == ARRAY:
            return cls((), (torch.from_numpy(np.array(table.values, np.float64)).to(dtype).to(device),), 1)
        made = polynomials(table)
        with np.errstate(over="ignore"):
            flat = [torch.from_numpy(each.reshape(-1)).to(dtype).to(device) for each in made]
            knots = [torch.from_numpy(np.array(each, np.float64)).to(dtype).to(device) for each in table.knots]
        return cls(tuple(knots), tuple(flat), made[0].shape[-1])

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""
        return sum(each.numel() * each.element_size() for each in (*self.knots, *self.coefficients))


class _Component(NamedTuple):
    table: BoundTable
    coefficients: Tensor


class _Bound(threading.local):
    """The tables of what this thread computes, and their components in order."""

    tables: Sequence[BoundTable] = ()
    components: Sequence[_Component] = ()


_bound = _Bound()


@contextlib.contextmanager
def looking_up(tables: Sequence[BoundTable]) -> Iterator[None]:
    """Has look-ups read these tables.

    Args:
        tables: in the order that numbers them.
    """
    before = _bound.tables, _bound.components
    _bound.tables = tables
    _bound.components = [_Component(table, each) for table in tables for each in table.coefficients]
    try:
        yield
    finally:
        _bound.tables, _bound.components = before


def sample_tables(specs: Sequence[TableSpec], dtype: torch.dtype) -> list[BoundTable]:
    """Tables of such kinds with some numbers, to compare what is computed with them.

    Args:
        specs: what they are.
        dtype: computed in.
    """
    draw = np.random.default_rng(1)
    made = []
    for spec in specs:
        knots = np.cumsum(draw.uniform(0.5, 6.0, (spec.dims, 16)), 1) - 8.0
        lengths = (16,) * max(1, spec.dims)
        values = draw.uniform(-2.0, 2.0, (*lengths, spec.components) if spec.components else lengths)
        if spec.is_array:
            values[12:] = values[:4]  # equal numbers, which compiled code brings together
        method = {0: ARRAY, 1: "linear", 3: "cubic", 5: "quintic"}[spec.degree]
        table = TableNumbers(values, tuple(knots), method, spec.outside, "not-a-knot")
        made.append(BoundTable.of(table, dtype, torch.device("cpu")))
    return made


def array_numbers(number: int) -> Tensor:
    """The numbers of an array.

    Args:
        number: it has among the components of tables.
    """
    return _bound.components[number].coefficients


def _array_item(number: int, place: Tensor) -> Tensor:
    numbers = array_numbers(number)
    return numbers[_index(place, len(numbers))].to(place.dtype)


def _place(table: int, axis: int, outside: int, x: Tensor) -> Tensor:
    knots = _bound.tables[table].knots[axis].to(x.dtype)
    first, last = knots[0], knots[-1]
    kind = OUTSIDE[outside]
    if kind == "nan":
        return torch.where((x >= first) & (x <= last), x, torch.full_like(x, math.nan))
    if kind == "clamp":
        return torch.minimum(torch.maximum(x, first), last)
    return first + ELEMENTARY["mod"](x - first, last - first)


def _cell(table: int, axis: int, x: Tensor) -> Tensor:
    knots = _bound.tables[table].knots[axis].to(x.dtype)
    place = torch.searchsorted(knots, x.contiguous(), right=True) - 1
    return place.clamp_(0, len(knots) - 2).to(x.dtype)


def _knot(table: int, axis: int, cell: Tensor) -> Tensor:
    knots = _bound.tables[table].knots[axis]
    return knots[_index(cell, len(knots))].to(cell.dtype)


def _item(component: int, power: int, *cells: Tensor) -> Tensor:
    table, coefficients = _bound.components[component]
    place = _index(cells[0], len(table.knots[0]) - 1)
    for cell, knots in zip(cells[1:], table.knots[1:], strict=True):
        place = place * (len(knots) - 1) + _index(cell, len(knots) - 1)
    return coefficients[place * table.powers + power].to(cells[0].dtype)


def _index(cell: Tensor, length: int) -> Tensor:
    """A cell as an index; between the cells there are, also where that of a bound of an error is asked for."""
    return cell.nan_to_num(0.0).clamp(0, length - 1).long()


VALUES: dict[str, Callable[..., Tensor]] = {
    "table_place": _place,
    "table_cell": _cell,
    "table_knot": _knot,
    **{f"table_item_{dims}": _item for dims in range(1, MAX_TABLE_DIMS + 1)},
    ARRAY_ITEM.name: _array_item,
}
"""The value of each look-up."""
