"""Messages with numbers: cut at any place they come out as they went in, and numbers go where the message says."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgrad_core.remote.exchanges import MOST_BYTES, ExchangeReader, packed
from gridgrad_core.system.framing import FrameError

JOINED = 1 << 16


class Sink:
    """Has places for the numbers of messages, which say how long each is, and reads what comes."""

    def __init__(self) -> None:
        self.placed: list[bytearray] = []
        self.reader: ExchangeReader[bytes] = ExchangeReader(self._read)

    def _read(self, message: bytes) -> tuple[bytes, list[memoryview]]:
        self.placed += (places := [bytearray(size) for size in message])
        return message, [memoryview(place) for place in places if place]

    def all_of(self) -> list[bytes]:
        messages = []
        while (message := self.reader.take()) is not None:
            messages.append(message)
        return messages


def numbers_of(message: bytes) -> list[bytes]:
    return [bytes((size + i) % 256 for i in range(size)) for size in message]


def sent(messages: list[bytes]) -> bytes:
    return b"".join(b"".join(packed(each, [memoryview(n) for n in numbers_of(each)])) for each in messages)


@given(messages=st.lists(st.binary(max_size=4), max_size=5), cuts=st.lists(st.integers(1, 99), max_size=30))
def test_they_come_out_however_the_bytes_are_cut(messages: list[bytes], cuts: list[int]) -> None:
    sink, got, data = Sink(), [], sent(messages)
    for cut in [*cuts, len(data)]:
        part, data = data[:cut], data[cut:]
        while (targets := sink.reader.targets) and part:  # as a socket would be read to them
            count = min(len(targets[0]), len(part))
            targets[0][:count], part = part[:count], part[count:]
            sink.reader.filled(count)
            got += sink.all_of()
        sink.reader.feed(part)
        got += sink.all_of()
    assert got == messages
    assert sink.placed == [n for message in messages for n in numbers_of(message)]


def test_nothing_is_read_past_the_numbers_that_are_wanted() -> None:
    sink = Sink()
    sink.reader.feed(sent([b"\5\3"])[:7])
    assert sink.reader.take() is None
    assert list(map(len, sink.reader.targets)) == [4, 3]


@pytest.mark.parametrize(("size", "parts"), [(JOINED, 1), (JOINED + 1, 2)])
def test_many_numbers_are_sent_from_where_they_lie(size: int, parts: int) -> None:
    numbers = memoryview(bytearray(size))
    made = packed(b"message", [numbers])
    assert len(made) == parts
    assert b"".join(made) == struct.pack("<I", 7) + b"message" + bytes(size)
    assert (made[-1] is numbers) == (parts == 2)


def test_a_message_that_is_too_long_is_refused_before_it_is_read() -> None:
    sink = Sink()
    sink.reader.feed(struct.pack("<I", MOST_BYTES))
    with pytest.raises(FrameError, match="at most"):
        sink.reader.take()
