"""The tables of a worker: the polynomials of each are made once, however many programs call it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from cachetools import LRUCache

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.program.made_operation import sums_over_arrays
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.tables.table_messages import numbers_of
from gridgrad_core.v1 import gridgrad_pb2 as public_pb
from gridgrad_core.wire.table_specs import specs_of_plan
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.device import Device
from gridgrad_worker.torch_ops.lookups import BoundTable

__all__ = ["GivenTables", "TableStore", "check_lengths"]

KEPT_BYTES = 1 << 27
"""Of tables that no program need have any more."""


class GivenTables(NamedTuple):
    """The tables of a program.

    Args:
        specs: what they are but for their numbers.
        bound: ready to be looked up.
        digest: of their numbers; empty if there are none.
    """

    specs: tuple[TableSpec, ...]
    bound: tuple[BoundTable, ...]
    digest: str


def check_lengths(nodes: Sequence[Node], given: GivenTables) -> None:
    """Checks that all arrays over which one sum runs are of one length.

    Args:
        nodes: of a program.
        given: its tables.

    Raises:
        RequestError: two differ.
    """
    names = [name for spec in given.specs for name in spec.names]
    lengths = [len(each) for table in given.bound for each in table.coefficients]
    for first, *others in sums_over_arrays(nodes):
        for other in others:
            if lengths[first] != lengths[other]:
                both = f"{names[first]} of {lengths[first]:,} numbers and {names[other]} of {lengths[other]:,}"
                raise RequestError("inputs", f"a sum over {both}", "give both as many numbers, or sum over each alone")


class TableStore:
    """The tables that were used last, by digest and dtype."""

    def __init__(self) -> None:
        self._made: LRUCache[tuple[str, torch.dtype], BoundTable] = LRUCache(KEPT_BYTES, lambda table: table.nbytes)

    def of(self, tables: Sequence[pb.PlanTable], dtype: torch.dtype, device: Device) -> GivenTables:
        """The tables of a plan.

        Args:
            tables: with their numbers.
            dtype: computed in.
            device: computed on.

        Raises:
            RequestError: one of them is none.
        """
        bound = tuple([self._one(each, dtype, device) for each in tables])
        return GivenTables(specs_of_plan(tables), bound, ",".join(each.digest for each in tables))

    def _one(self, table: pb.PlanTable, dtype: torch.dtype, device: Device) -> BoundTable:
        key = table.digest, dtype
        made = self._made.get(key)
        if made is None:
            numbers = numbers_of(public_pb.Table.FromString(table.table)).checked(f"inputs[{table.name!r}]")
            made = BoundTable.of(numbers, dtype, device.torch_device)
            if made.nbytes <= KEPT_BYTES:
                self._made[key] = made
        return made
