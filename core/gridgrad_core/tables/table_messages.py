"""Tables as messages."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridgrad_core.tables.table_numbers import TableNumbers, Values
from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["message_of", "numbers_of"]


def message_of(table: TableNumbers) -> pb.Table:
    """The message of a table."""
    boundary = table.boundary
    ends = [] if isinstance(boundary, str) else [pb.TableEnd(order=order, value=value) for order, value in boundary]
    return pb.Table(
        values=_sent(table.values),
        knots=map(_sent, table.knots),
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


def _sent(array: Values) -> pb.Array:
    return pb.Array(dtype=pb.DTYPE_FLOAT64, shape=array.shape, data=array.astype("<f8").tobytes())


def _read(array: pb.Array) -> Values:
    return np.frombuffer(array.data, "<f8").reshape(tuple(array.shape))
