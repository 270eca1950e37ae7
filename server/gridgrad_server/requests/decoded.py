"""What a request decodes to: checked values in Python integers, with its numbers still in the bytes that came."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from gridgrad_core.grid import Grid, InputSpec
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.arrays.named_arrays import NO_ARRAYS, HeldArrays
from gridgrad_server.reductions.reduction import Reduction

__all__ = [
    "MAX_GRIDS",
    "MAX_TABLE_BYTES",
    "DecodedArray",
    "DecodedFunction",
    "DecodedInput",
    "DecodedLinspace",
    "DecodedRequest",
    "DecodedTable",
]

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
        shell: the serialized Table, whose large arrays have their SHA-256 and no numbers.
        arrays: has the numbers of these.

    Attributes:
        spec: the same.
        digest: tells tables apart, by the numbers too.
        nbytes: how large it is with its numbers.
        length: of an array; 0 for a table.
    """

    __slots__ = ("_arrays", "_shell", "digest", "length", "nbytes", "spec")

    def __init__(self, spec: TableSpec, shell: pb.Table, arrays: HeldArrays) -> None:
        self.spec = spec
        self._shell = shell.SerializeToString(deterministic=True)
        self._arrays = [arrays[each.sha256] for each in _arrays_of(shell)]
        self.length = shell.values.shape[0] if spec.is_array else 0
        self.digest = hashlib.sha256(self._shell).hexdigest()
        self.nbytes = len(self._shell) + sum(each.size for each in self._arrays)

    @property
    def is_at_hand(self) -> bool:
        """Whether its numbers are all there; those of a table that no request holds may have been dropped."""
        return all(each.data is not None for each in self._arrays)

    @property
    def message(self) -> bytes:
        """The serialized Table with all numbers, which are at hand."""
        whole = pb.Table.FromString(self._shell)
        for array, kept in zip(_arrays_of(whole), self._arrays, strict=True):
            array.ClearField("sha256")
            array.data = kept.data or b""
        return whole.SerializeToString(deterministic=True)

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
        reduction: what is made of the grid; None for the grid itself.
    """

    kind: str
    text: str
    inputs: tuple[tuple[str, tuple[str, ...]], ...]
    dtype: str
    derivatives: tuple[tuple[str, ...], ...]
    ignore_unused: bool = False
    tables: tuple[DecodedTable, ...] = ()
    reduction: Reduction | None = None


def _arrays_of(shell: pb.Table) -> list[pb.Array]:
    """The arrays of a table whose numbers lie elsewhere."""
    return [each for each in (shell.values, *shell.knots) if each.sha256]


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
        arrays: that its inputs and tables have, and that came with their SHA-256 or by it.
        units: names of inputs and components with their units, where the caller named a formula that says them.
        first_row: where the result begins, an index of the grid's first dim.
    """

    function: DecodedFunction
    inputs: tuple[DecodedInput, ...]
    grid: Grid
    tier: str
    grids: int = 1
    arrays: HeldArrays = NO_ARRAYS
    units: tuple[tuple[str, str], ...] = ()
    first_row: int = 0

    def split_grids(self) -> list[DecodedRequest]:
        """Each of its grids by itself."""
        return [
            self._replace(inputs=tuple(_one(i, n, self.grids) for i in self.inputs), grids=1) for n in range(self.grids)
        ]

    @property
    def numbers(self) -> list[bytes]:
        """The numbers of its arrays, in the order of its inputs."""
        return [given.values.data for given in self.inputs if isinstance(given.values, DecodedArray)]
