"""What a request decodes to: checked values in Python integers, with its numbers still in the bytes that came."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from gridgrad_core.grid import Grid, InputSpec
from gridgrad_core.lang.functions.tabulated import TableSpec

__all__ = [
    "MAX_DERIVATIVES",
    "MAX_GRIDS",
    "MAX_TABLE_BYTES",
    "DecodedArray",
    "DecodedFunction",
    "DecodedInput",
    "DecodedLinspace",
    "DecodedRequest",
    "DecodedTable",
]

MAX_DERIVATIVES = 256
"""Most derivatives of a request, without the value."""

MAX_GRIDS = 4096
"""Most grids of one message."""

MAX_TABLE_BYTES = 1 << 24
"""Of all tables of a request."""


class DecodedArray(NamedTuple):
    """The numbers of an array, as they came.

    Args:
        dtype: its name.
        data: little-endian bytes in C order.
        stacked: whether there is an array for each of several grids, one after another.
    """

    dtype: str
    data: bytes
    stacked: bool = False


class DecodedLinspace(NamedTuple):
    """Evenly spaced values, which the worker expands."""

    start: float
    stop: float
    num: int


class DecodedInput(NamedTuple):
    """An input of a request: its name, dims and shape, and its values."""

    spec: InputSpec
    values: DecodedArray | DecodedLinspace


class DecodedTable:
    """A table that the function of a request calls, or an array that it sums over. Those of one digest are the same.

    Args:
        spec: what it is but for its numbers.
        message: the serialized Table.
        length: of an array; 0 for a table.
    """

    __slots__ = ("digest", "length", "message", "spec")

    def __init__(self, spec: TableSpec, message: bytes, length: int = 0) -> None:
        self.spec = spec
        self.message = message
        self.length = length
        self.digest = hashlib.sha256(message).hexdigest()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DecodedTable):
            return NotImplemented
        return self.spec == other.spec and self.digest == other.digest

    def __hash__(self) -> int:
        return hash((self.spec, self.digest))


class DecodedFunction(NamedTuple):
    """The function of a request as the caller spelled it, not yet checked against what the function takes.

    Args:
        kind: "expression" or "registered".
        text: the expression, or the registered name.
        inputs: the name and the dims of each input, in the request's order.
        dtype: the name of the dtype to compute in.
        derivatives: as listed, neither sorted nor without duplicates.
        ignore_unused: whether numbers may be among the inputs that the function does not use.
        tables: that it calls, in the request's order.
    """

    kind: str
    text: str
    inputs: tuple[tuple[str, tuple[str, ...]], ...]
    dtype: str
    derivatives: tuple[tuple[str, ...], ...]
    ignore_unused: bool = False
    tables: tuple[DecodedTable, ...] = ()


def _one(given: DecodedInput, position: int, grids: int) -> DecodedInput:
    values = given.values
    if not isinstance(values, DecodedArray) or not values.stacked:
        return given
    size = len(values.data) // grids
    return given._replace(values=DecodedArray(values.dtype, values.data[position * size : (position + 1) * size]))


class DecodedRequest(NamedTuple):
    """A request that is well formed; whether its function fits is not known yet.

    Args:
        function: what is computed, as the caller spelled it.
        inputs: in the request's order.
        grid: what they span.
        tier: "direct", "compiled", or empty for what is ready.
        grids: how many grids there are of that kind and shape.
    """

    function: DecodedFunction
    inputs: tuple[DecodedInput, ...]
    grid: Grid
    tier: str
    grids: int = 1

    def split_grids(self) -> list[DecodedRequest]:
        """Each of its grids by itself."""
        return [
            self._replace(inputs=tuple(_one(i, n, self.grids) for i in self.inputs), grids=1) for n in range(self.grids)
        ]

    @property
    def numbers(self) -> list[bytes]:
        """The numbers of its arrays, in the order of its inputs."""
        return [given.values.data for given in self.inputs if isinstance(given.values, DecodedArray)]
