"""Fields that no schema of this version has: whoever sent them expects an answer that this version can't give."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

__all__ = ["first_unknown", "has_unknown"]


def has_unknown(message: Message) -> bool:
    """Whether a message has unknown fields at any depth, which it loses. It is written twice, so it should be small."""
    if _is_flat(message.DESCRIPTOR):
        return len(UnknownFieldSet(message)) > 0
    whole = message.ByteSize()
    message.DiscardUnknownFields()
    return message.ByteSize() != whole


@functools.cache
def _is_flat(described: Descriptor) -> bool:
    """Whether no message is part of such a message, as of those around calls of a session."""
    return all(field.message_type is None for field in described.fields)


def first_unknown(message: Message) -> tuple[str, int, str] | None:
    """Where a message has its first unknown field, its number, and the name of that message; None where it has none."""
    return next(_unknown(message, ""), None)


def _unknown(message: Message, path: str) -> Iterator[tuple[str, int, str]]:
    unknown = UnknownFieldSet(message)
    if len(unknown):
        yield path, unknown[0].field_number, message.DESCRIPTOR.full_name
    for described in message.DESCRIPTOR.fields:
        if described.message_type is None:
            continue
        name = f"{path}.{described.name}".lstrip(".")
        found = getattr(message, described.name)
        if not isinstance(found, Message):
            for position, each in enumerate(found):
                yield from _unknown(each, f"{name}[{position}]")
        elif message.HasField(described.name):
            yield from _unknown(found, name)
