"""Fields of serialized messages: their tags as the schema has them, and where their values begin and end.

What is written here by hand is the encoding itself, https://protobuf.dev/programming-guides/encoding. No number of a
field is: they come from the descriptors, as `Message.SOME_FIELD_NUMBER` or by `tag`.
"""

from __future__ import annotations

import functools

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

__all__ = ["TruncatedError", "end_of_value", "field_head", "read_varint", "tag"]

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_KINDS = {
    FieldDescriptor.TYPE_DOUBLE: _FIXED64,
    FieldDescriptor.TYPE_FIXED64: _FIXED64,
    FieldDescriptor.TYPE_FLOAT: _FIXED32,
    FieldDescriptor.TYPE_STRING: _BYTES,
    FieldDescriptor.TYPE_BYTES: _BYTES,
    FieldDescriptor.TYPE_MESSAGE: _BYTES,
}
"""How the types of the schema are written, where not as a varint."""

_LONGEST_VARINT = 64  # bits


class TruncatedError(ValueError):
    """The bytes are no message: a value ends after them, or is of no kind."""


def tag(message: type[Message], name: str) -> int:
    """What stands before a value of a field, by the schema: its number and how it is written.

    Args:
        message: the class of the message.
        name: of one of its fields, not a repeated one of numbers.

    Raises:
        KeyError: it has no such field.
    """
    field = message.DESCRIPTOR.fields_by_name[name]
    return field.number << 3 | _KINDS.get(field.type, _VARINT)


@functools.lru_cache(1024)
def field_head(number: int, length: int) -> bytes:
    """What stands before the bytes of a text, a message or bytes: tag and length.

    Args:
        number: of the field.
        length: of its value.
    """
    return _varint(number << 3 | _BYTES) + _varint(length)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_varint(raw: bytes, position: int) -> tuple[int, int]:
    """The number that begins at a position, and where it ends.

    Raises:
        TruncatedError: it does not end.
    """
    if position < len(raw) and raw[position] < 0x80:
        return raw[position], position + 1
    value = shift = 0
    while position < len(raw) and shift < _LONGEST_VARINT:
        byte = raw[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise TruncatedError(f"a number that does not end at {position}")


def end_of_value(raw: bytes, tag: int, position: int) -> int:
    """Where a value ends that begins at a position, after its tag; that may be beyond the bytes.

    Raises:
        TruncatedError: its length does not end, or there is no such kind.
    """
    kind = tag & 7
    if kind == _BYTES:
        length, start = read_varint(raw, position)
        return start + length
    if kind == _VARINT:
        return read_varint(raw, position)[1]
    if kind in (_FIXED64, _FIXED32):
        return position + (8 if kind == _FIXED64 else 4)
    raise TruncatedError(f"a value of the kind {kind} at {position}")
