"""Frames to and from the server: a 4-byte little-endian length, one message, and descriptors.

Descriptors come by SCM_RIGHTS with the first bytes of a frame, and the kernel ends a read where bytes end that came
with some. A read never goes beyond a frame that has begun before; so descriptors are those of the last frame that
begins in it. Whatever part of a frame a read returns, the rest is awaited; descriptors of a frame that never
completes are closed.
"""

from __future__ import annotations

import array
import os
import select
import socket
import struct
from typing import NamedTuple

__all__ = ["MAX_FRAME_BYTES", "Channel", "ChannelError", "Frame"]

MAX_FRAME_BYTES = 64 << 20
"""More than any batch needs: its arrays lie in slots."""

_READ_BYTES = 1 << 14  # most frames are shorter
_MOST_READ_BYTES = 1 << 20
_LENGTH = struct.Struct("<I")
_MAX_DESCRIPTORS = 253  # SCM_MAX_FD, the most that the kernel passes at once
_ANCILLARY_BYTES = socket.CMSG_SPACE(_MAX_DESCRIPTORS * array.array("i").itemsize)


class ChannelError(RuntimeError):
    """What came is no frame. The server's fault: the two do not speak the same protocol."""


class Frame(NamedTuple):
    """A message as bytes, and the descriptors that came with it, which are the receiver's to close."""

    message: bytes
    descriptors: list[int]


class Channel:
    """The worker's end of the socket pair.

    Args:
        connection: a connected stream socket of the family AF_UNIX.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._received = b""  # of frames that are not given out yet
        self._descriptors: list[int] = []  # of the last of them

    def wait(self, timeout_s: float) -> bool:
        """Waits until there is something to receive, or the server has closed its end; whether that is so now."""
        return bool(self._received or self._poll.poll(1000 * timeout_s))

    def receive(self) -> Frame | None:
        """Waits for a frame.

        Returns:
            The frame, or None when the server has closed its end between frames or within one.

        Raises:
            ChannelError: the length is beyond MAX_FRAME_BYTES, or descriptors were lost on the way.
        """
        received = b""
        try:
            received = self._with_rest(self._received or self._read(_READ_BYTES))
        except ConnectionResetError:
            pass
        finally:
            if not received:
                self._close_descriptors()
        return self._first_of(received) if received else None

    def send(self, message: bytes) -> None:
        """Sends a frame without descriptors.

        Raises:
            ConnectionError: the server has closed its end.
        """
        self._socket.sendall(_LENGTH.pack(len(message)) + message)

    def _with_rest(self, received: bytes) -> bytes:
        """What was received, with the rest of its first frame; nothing if that never comes."""
        while len(received) < (end := _end_of(received)):
            part = self._read(min(end - len(received), _MOST_READ_BYTES))
            if not part:
                return b""
            received += part
        return received

    def _first_of(self, received: bytes) -> Frame:
        end = _end_of(received)
        self._received = received[end:]
        descriptors: list[int] = []
        if not self._received:
            descriptors, self._descriptors = self._descriptors, descriptors
        return Frame(received[_LENGTH.size : end], descriptors)

    def _read(self, most: int) -> bytes:
        data, ancillary, flags, _ = self._socket.recvmsg(most, _ANCILLARY_BYTES, socket.MSG_CMSG_CLOEXEC)
        if ancillary:
            self._descriptors += _descriptors_in(ancillary)
        if flags & socket.MSG_CTRUNC:
            raise ChannelError("descriptors of a frame were lost; is the limit of open files (ulimit -n) too low?")
        return data

    def _close_descriptors(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())


def _end_of(received: bytes) -> int:
    """Where the first frame ends, or its length as long as that is not all there."""
    if len(received) < _LENGTH.size:
        return _LENGTH.size
    length: int = _LENGTH.unpack_from(received)[0]
    if length > MAX_FRAME_BYTES:
        raise ChannelError(f"a frame of {length} bytes, where at most {MAX_FRAME_BYTES} are allowed")
    return _LENGTH.size + length


def _descriptors_in(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    found = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return found.tolist()
