"""Frames: cut at any place they come out as they went in."""

from __future__ import annotations

import os
import socket
import struct
import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgrad_core.system.framing import (
    ANCILLARY_BYTES,
    HEAD_BYTES,
    FrameError,
    FrameReader,
    descriptors_in,
    framed,
    rights,
)


def all_of(reader: FrameReader) -> list[bytes]:
    messages = []
    while (message := reader.take()) is not None:
        messages.append(message)
    return messages


def test_a_frame_is_its_length_and_its_parts() -> None:
    assert framed() == b"\0\0\0\0"
    assert framed(b"reply") == b"\5\0\0\0reply"
    assert framed(b"a" * 200, b"", b"bc") == struct.pack("<I", 202) + b"a" * 200 + b"bc"


@given(messages=st.lists(st.binary(max_size=40), max_size=6), cuts=st.lists(st.integers(1, 30), max_size=30))
def test_messages_come_out_however_the_bytes_are_cut(messages: list[bytes], cuts: list[int]) -> None:
    reader, got = FrameReader(), []
    rest = memoryview(b"".join(map(framed, messages)))
    for cut in [*cuts, len(rest)]:
        reader.feed(rest[:cut])
        rest = rest[cut:]
        got += all_of(reader)
    assert got == messages


def test_messages_come_in_order_where_they_are_taken_late() -> None:
    reader = FrameReader()
    for part in (framed(b"whole"), framed(b"too"), framed(b"cut")[:5]):
        reader.feed(part)
    reader.feed(framed(b"cut")[5:])
    assert all_of(reader) == [b"whole", b"too", b"cut"]


def test_a_buffer_may_be_written_to_again() -> None:
    reader, buffer = FrameReader(), bytearray(framed(b"first"))
    reader.feed(memoryview(buffer))
    buffer[:] = framed(b"later")
    assert reader.take() == b"first"


@given(message=st.binary(max_size=20), steps=st.lists(st.integers(1, 9), min_size=30, max_size=30))
def test_what_is_missing_never_reaches_into_the_next_frame(message: bytes, steps: list[int]) -> None:
    reader, whole, position = FrameReader(), framed(message), 0
    for step in steps:
        if reader.take() is not None:
            assert position == len(whole)
            break
        assert 1 <= reader.missing <= len(whole) - position
        count = min(step, reader.missing)
        reader.feed(whole[position : position + count])
        position += count


def test_what_is_missing_is_the_head_and_then_the_rest() -> None:
    reader = FrameReader()
    assert reader.missing == HEAD_BYTES
    reader.feed(b"\x07\0")
    assert reader.missing == 2
    reader.feed(b"\0\0")
    assert reader.take() is None
    assert reader.missing == 7


@pytest.mark.parametrize("part", [framed(b"12345"), framed(b"12345")[:4]])
def test_lengths_beyond_the_bound_are_refused_by_their_head(part: bytes) -> None:
    reader = FrameReader(most_bytes=4)
    reader.feed(framed(b"1234"))
    assert reader.take() == b"1234"
    reader.feed(part)
    with pytest.raises(FrameError, match="a frame of 5 bytes, where at most 4"):
        reader.take()
    with pytest.raises(FrameError, match="a frame of 5 bytes, where at most 4"):
        _ = reader.missing


def test_the_bound_may_be_moved() -> None:
    reader = FrameReader(most_bytes=4)
    reader.most_bytes = 5
    reader.feed(framed(b"12345"))
    assert reader.take() == b"12345"


def test_descriptors_are_passed_beside_the_bytes() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs, tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as other:
        ours.sendmsg([b"x"], rights([file.fileno(), other.fileno()]))
        _, ancillary, flags, _ = theirs.recvmsg(1, ANCILLARY_BYTES, socket.MSG_CMSG_CLOEXEC)
        got = descriptors_in(ancillary)
        assert not flags & socket.MSG_CTRUNC
        assert [os.fstat(each).st_ino for each in got] == [os.fstat(f.fileno()).st_ino for f in (file, other)]
        for each in got:
            os.close(each)


def test_as_many_descriptors_as_the_kernel_passes_have_room() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs, tempfile.TemporaryFile() as file:
        ours.sendmsg([b"x"], rights([file.fileno()] * 253))
        _, ancillary, flags, _ = theirs.recvmsg(1, ANCILLARY_BYTES, socket.MSG_CMSG_CLOEXEC)
        got = descriptors_in(ancillary)
        for each in got:
            os.close(each)
    assert len(got) == 253
    assert not flags & socket.MSG_CTRUNC


def test_no_descriptors_are_nothing_beside_the_bytes() -> None:
    assert rights([]) == []
    assert descriptors_in([(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, b"\0" * 12)]) == []
    assert descriptors_in([(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack("i", 7) + b"\1")]) == [7]
