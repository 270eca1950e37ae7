"""Frames over a stream socket: the length of a message, 4 bytes with the least first, then the message.

No socket is touched here: bytes come in as they were read, and messages go out. Descriptors are passed by
SCM_RIGHTS with the first bytes of their frame, and come with whatever part of it is read first.
"""

from __future__ import annotations

import array
import socket
import struct
from collections.abc import Iterable, Sequence

__all__ = [
    "ANCILLARY_BYTES",
    "HEAD_BYTES",
    "MOST_BYTES",
    "FrameError",
    "FrameReader",
    "descriptors_in",
    "framed",
    "rights",
]

_LENGTH = struct.Struct("<I")

HEAD_BYTES = _LENGTH.size
"""Of what stands before a message."""

MOST_BYTES = (1 << 32) - 1
"""Of a message; more can't be said in the head."""

_MOST_DESCRIPTORS = 253  # SCM_MAX_FD of Linux, the most that the kernel passes at once
ANCILLARY_BYTES = _MOST_DESCRIPTORS * array.array("i").itemsize + 64
"""Room for the descriptors that one read can bring, with what stands around them."""


class FrameError(RuntimeError):
    """What came is no frame: the two sides do not speak the same protocol, or descriptors were lost on the way."""


def framed(*parts: bytes) -> bytes:
    """The frame of a message, which is given whole or in parts."""
    return b"".join((_LENGTH.pack(sum(map(len, parts))), *parts))


class FrameReader:
    """Cuts what comes over a socket into messages.

    Args:
        most_bytes: of a message.

    Attributes:
        most_bytes: may be changed.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes = most_bytes
        self._whole: bytes | None = None
        self._received = bytearray()

    def feed(self, part: bytes | memoryview) -> None:
        """Takes what came; a view may be written to again afterwards."""
        length = len(part) - HEAD_BYTES
        is_first = not self._received and self._whole is None
        if is_first and 0 <= length <= self.most_bytes and _LENGTH.unpack_from(part)[0] == length:
            self._whole = bytes(part[HEAD_BYTES:])  # one frame, as it mostly is
        else:
            self._received += part

    def take(self) -> bytes | None:
        """The next message; None until it is whole.

        Raises:
            FrameError: it is longer than `most_bytes`. What comes after it can't be read.
        """
        if self._whole is not None:
            message, self._whole = self._whole, None
            return message
        if not self._received:
            return None
        size = self._size(self._received)
        if size is None or len(self._received) < size:
            return None
        with memoryview(self._received) as received:
            message = bytes(received[HEAD_BYTES:size])
        del self._received[:size]
        return message

    @property
    def missing(self) -> int:
        """How many bytes may be read without reading into the next frame, once `take` gave None; 1 at least.

        Raises:
            FrameError: as `take`.
        """
        size = self._size(self._received)
        return (HEAD_BYTES if size is None else size) - len(self._received)

    def _size(self, received: bytearray) -> int | None:
        """Of the frame that begins here; None until its head is whole."""
        if len(received) < HEAD_BYTES:
            return None
        length: int = _LENGTH.unpack_from(received)[0]
        if length > self.most_bytes:
            raise FrameError(f"a frame of {length} bytes, where at most {self.most_bytes} are allowed")
        return HEAD_BYTES + length


def rights(descriptors: Sequence[int]) -> list[tuple[int, int, array.array[int]]]:
    """What `socket.sendmsg` takes beside the bytes to pass descriptors; nothing for none."""
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []


def descriptors_in(ancillary: Iterable[tuple[int, int, bytes]]) -> list[int]:
    """The descriptors that `socket.recvmsg` gave beside the bytes; they are the receiver's to close."""
    found = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return found.tolist()
