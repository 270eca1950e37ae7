"""Tables as messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gridgrad_core.tables.table_numbers import TableNumbers, Values
from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["message_of", "numbers_of", "sent_array"]


def message_of(table: TableNumbers, arrays: Sequence[pb.Array] = ()) -> pb.Table:
    """The message of a table.

    Args:
        table: the table.
        arrays: its values and the knots of each argument as they are to be sent, where that is not with all numbers.
    """
    values, *knots = arrays or map(sent_array, (table.values, *table.knots))
    boundary = table.boundary
    ends = [] if isinstance(boundary, str) else [pb.TableEnd(order=order, value=value) for order, value in boundary]
    return pb.Table(
        values=values,
        knots=knots,
        method=table.method,
        outside=table.outside,
        boundary=boundary if isinstance(boundary, str) else "",
        ends=ends,
    )


def numbers_of(message: pb.Table) -> TableNumbers:
    """A table from its message, whose sizes were checked; views of its bytes."""
    boundary: Any = message.boundary or "not-a-knot"
    if message.ends:
        boundary = tuple([(end.order, end.value) for end in message.ends])
    knots = tuple(map(_read, message.knots))
    return TableNumbers(_read(message.values), knots, message.method, message.outside, boundary)


def sent_array(array: Values, digest: bytes = b"", *, is_named: bool = False) -> pb.Array:
    """The message of an array of a table.

    Args:
        array: the array.
        digest: the SHA-256 of its numbers, if it has one.
        is_named: whether it goes by that alone.
    """
    data = b"" if is_named else array.astype("<f8", copy=False).tobytes()
    return pb.Array(dtype=pb.DTYPE_FLOAT64, shape=array.shape, data=data, sha256=digest)


def _read(array: pb.Array) -> Values:
    return np.frombuffer(array.data, "<f8").reshape(tuple(array.shape))
