"""The layout of messages with a buffer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gridgrad
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import buffer as wire


@given(st.text(max_size=300), st.integers(0, 400).map(lambda n: n * 8))
def test_a_message_in_the_layout_is_an_ordinary_one_with_an_aligned_buffer(dim: str, data_bytes: int) -> None:
    data = bytes(n % 251 for n in range(data_bytes))
    header = pb.ResultHeader(dims=[dim], shape=[3])
    raw = wire.prefix(pb.GridGradientResponse(header=header).SerializeToString(), len(data)) + data
    parsed = pb.GridGradientResponse.FromString(raw)
    assert (parsed.header, parsed.data) == (header, data)
    parts = wire.split(raw)
    assert parts.data_start % wire.ALIGNMENT == 0
    assert raw[parts.data_start : parts.data_end] == data
    assert pb.GridGradientResponse.FromString(raw[: parts.header_end]) == pb.GridGradientResponse(header=header)


@given(st.binary(max_size=60))
def test_any_bytes_are_split_or_refused(raw: bytes) -> None:
    try:
        parts = wire.split(raw)
    except gridgrad.InternalError:
        return
    assert 0 <= parts.header_end <= parts.data_start <= parts.data_end == len(raw)


@pytest.mark.parametrize("raw", [b"\xff", b"\x0a\x05ab", b"\x7a\x05abc", b"\x7a\x01ab", b"\x0b", b"\x80" * 12])
def test_bytes_that_are_no_message(raw: bytes) -> None:
    with pytest.raises(gridgrad.InternalError, match="response"):
        wire.split(raw)


def test_a_message_without_a_buffer() -> None:
    raw = pb.GridGradientResponse(header=pb.ResultHeader(dims=["t"])).SerializeToString()
    assert wire.split(raw) == (len(raw), len(raw), len(raw))
    assert wire.split(b"") == (0, 0, 0)


@pytest.mark.parametrize("name", ["GridGradientResponse", "StreamGridGradientsResponse"])
def test_the_buffer_is_the_last_field_of_the_schema_and_the_padding_the_one_before(name: str) -> None:
    message = pb.DESCRIPTOR.message_types_by_name[name]
    *_, padding, data = sorted(message.fields, key=lambda field: field.number)
    assert (padding.name, data.name) == ("padding", "data")
    # As `split` and `prefix` have them for both; the tag of the padding has one byte
    assert padding.number == pb.GridGradientResponse.PADDING_FIELD_NUMBER < 16
    assert data.number == pb.GridGradientResponse.DATA_FIELD_NUMBER
