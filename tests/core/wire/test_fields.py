"""Tags, numbers and the ends of values, against what protobuf itself writes."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import given
from hypothesis import strategies as st

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.fields import TruncatedError, end_of_value, field_head, read_varint, tag
from gridgrad_core.worker_v1 import worker_pb2 as wpb

FIELDS = [
    (message, field)
    for schema in (pb, wpb)
    for message in schema.DESCRIPTOR.message_types_by_name.values()
    for field in message.fields
]
VALUES: dict[int, Any] = {
    FieldDescriptor.TYPE_STRING: "t",
    FieldDescriptor.TYPE_BYTES: b"b",
    FieldDescriptor.TYPE_BOOL: True,
    FieldDescriptor.TYPE_MESSAGE: {},
}


NUMBERS_TOGETHER = 2
"""The kind of repeated numbers, which stand in one value."""


def with_one(message: type[Message], name: str, kind: int) -> tuple[bytes, bool]:
    """A serialized message with one value of a field and nothing else, and whether the field is repeated."""
    value = VALUES.get(kind, 1)
    if isinstance(getattr(message(), name), Mapping):
        return message(**{name: {"key": "value"}}).SerializeToString(), True
    with contextlib.suppress(TypeError):
        raw = message(**{name: value}).SerializeToString()
        if raw:  # {} is an empty message, or no message at all
            return raw, False
    return message(**{name: [value]}).SerializeToString(), True


@pytest.mark.parametrize(("described", "field"), FIELDS, ids=lambda each: each.name)
def test_tags_are_those_that_protobuf_writes_and_values_end_where_it_ends_them(described: Any, field: Any) -> None:
    message = GetMessageClass(described)
    raw, is_repeated = with_one(message, field.name, field.type)
    written, position = read_varint(raw, 0)
    assert end_of_value(raw, written, position) == len(raw)
    if is_repeated and VALUES.get(field.type, True) is True:
        assert written == field.number << 3 | NUMBERS_TOGETHER
    else:
        assert written == tag(message, field.name)


def test_a_field_that_the_schema_does_not_have_is_an_error() -> None:
    with pytest.raises(KeyError):
        tag(pb.Info, "queue")


@given(st.integers(0, 2**64 - 1), st.binary(max_size=3), st.binary(max_size=3))
def test_numbers_are_read_as_protobuf_writes_them(value: int, before: bytes, after: bytes) -> None:
    written = pb.Lease(number=value).SerializeToString()[1:] or b"\0"
    assert read_varint(before + written + after, len(before)) == (value, len(before) + len(written))


@pytest.mark.parametrize("raw", [b"", b"\x80", b"\xff" * 9, b"\x80" * 11])
def test_numbers_that_do_not_end(raw: bytes) -> None:
    with pytest.raises(TruncatedError, match="does not end"):
        read_varint(raw, 0)


@pytest.mark.parametrize("kind", [3, 4, 6, 7])
def test_kinds_that_nobody_writes(kind: int) -> None:
    with pytest.raises(TruncatedError, match=f"the kind {kind}"):
        end_of_value(b"\0" * 9, 1 << 3 | kind, 0)


@given(st.integers(1, 2**29 - 1), st.binary(max_size=300))
def test_the_head_of_a_field(number: int, payload: bytes) -> None:
    head = field_head(2, len(payload))
    assert pb.StreamGridGradientsRequest.FromString(field_head(2, 0)).HasField("request")
    assert len(head) == 1 + max(1, math.ceil(len(payload).bit_length() / 7))
    raw = field_head(number, len(payload)) + payload
    written, position = read_varint(raw, 0)
    assert written == number << 3 | 2
    assert end_of_value(raw, written, position) == len(raw)
