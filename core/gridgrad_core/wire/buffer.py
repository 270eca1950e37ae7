"""The layout of messages that carry a buffer, decided here for client and server.

A result message is its small fields, then `padding` (field 14), then `data` (field 15). The
padding puts the first byte of data at a multiple of 16 from the start of the message, so that
an array can be viewed in place. It remains an ordinary protobuf message.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from gridgrad_core.errors import InternalError

__all__ = ["ALIGNMENT", "DTYPES", "Split", "field_head", "prefix", "split"]

ALIGNMENT = 16
DTYPES = {"float32": 4, "float64": 8}
"""Bytes of a number of each dtype."""

_DATA = 15
_PADDING_TAG = 14 << 3 | 2
_DATA_TAG = _DATA << 3 | 2


class Split(NamedTuple):
    """Where the parts of a message with a buffer lie."""

    header_end: int
    data_start: int
    data_end: int


@functools.lru_cache(1024)
def field_head(number: int, length: int) -> bytes:
    """What stands before the bytes of a length-delimited field: its tag and its length."""
    return _varint(number << 3 | 2) + _varint(length)


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
    position, header_end = 0, -1
    size = len(raw)
    while position < size:
        start = position
        tag, position = _read_varint(raw, position)
        kind = tag & 7
        if tag == _DATA_TAG:
            length, position = _read_varint(raw, position)
            if position + length != size:
                break
            return Split(header_end if header_end >= 0 else start, position, size)
        if tag == _PADDING_TAG and header_end < 0:
            header_end = start
        if kind == 0:
            _, position = _read_varint(raw, position)
        elif kind == 2:
            length, position = _read_varint(raw, position)
            position += length
        elif kind in (1, 5):
            position += 8 if kind == 1 else 4
        else:
            break
    else:
        if position == size:
            end = header_end if header_end >= 0 else size
            return Split(end, size, size)
    raise InternalError("response", "a message that does not end in its data field", "is this a Gridgrad server?")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(raw: bytes, position: int) -> tuple[int, int]:
    if position < len(raw) and raw[position] < 0x80:
        return raw[position], position + 1
    value = shift = 0
    while position < len(raw) and shift < 64:
        byte = raw[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise InternalError("response", "a truncated message", "is this a Gridgrad server?")
