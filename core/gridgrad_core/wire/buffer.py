"""The layout of messages that carry a buffer, decided here for client and server.

A result message is its small fields, then `padding`, then `data`. The padding puts the first byte of data at a multiple
of 16 from the start of the message, so that an array can be viewed in place. It remains an ordinary protobuf message.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from gridgrad_core.errors import InternalError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.fields import TruncatedError, end_of_value, field_head, read_varint, tag

__all__ = ["ALIGNMENT", "Split", "prefix", "split"]

ALIGNMENT = 16

# The same in both messages that carry a buffer
_DATA = pb.GridGradientResponse.DATA_FIELD_NUMBER
_DATA_TAG = tag(pb.GridGradientResponse, "data")
_PADDING_TAG = tag(pb.GridGradientResponse, "padding")


class Split(NamedTuple):
    """Where the parts of a message with a buffer lie."""

    header_end: int
    data_start: int
    data_end: int


def prefix(header: bytes, data_bytes: int) -> bytes:
    """All of a message up to its buffer.

    Args:
        header: the serialized message without `padding` and `data`.
        data_bytes: the length of the buffer that follows.
    """
    data_head = field_head(_DATA, data_bytes)
    return b"".join((header, _padding((len(header) + len(data_head)) % ALIGNMENT), data_head))


@functools.lru_cache(ALIGNMENT)
def _padding(behind: int) -> bytes:
    """The padding field that leads from so many bytes after a multiple of 16 to such a multiple."""
    size = -(behind + 2) % ALIGNMENT
    return bytes([_PADDING_TAG, size, *bytes(size)])


def split(raw: bytes) -> Split:
    """Finds the buffer of a message without copying it.

    The fields may stand in any order and repeat, as protobuf allows; only then is the message
    taken for one whose buffer is not last, which `Split` can't express.

    Raises:
        InternalError: the bytes are no message, or its buffer is not its last field.
    """
    try:
        found = _split(raw)
    except TruncatedError as error:
        raise InternalError("response", "a truncated message", "is this a Gridgrad server?") from error
    if found is None:
        raise InternalError("response", "a message that does not end in its data field", "is this a Gridgrad server?")
    return found


def _split(raw: bytes) -> Split | None:
    position, header_end, size = 0, -1, len(raw)
    while position < size:
        start = position
        field, position = read_varint(raw, position)
        end = end_of_value(raw, field, position)
        if field == _DATA_TAG:
            _, position = read_varint(raw, position)
            return Split(header_end if header_end >= 0 else start, position, size) if end == size else None
        if field == _PADDING_TAG and header_end < 0:
            header_end = start
        position = end
    end = header_end if header_end >= 0 else size
    return Split(end, size, size) if position == size else None
