"""Frames to and from the server: a 4-byte little-endian length, one message, and descriptors.

Descriptors come by SCM_RIGHTS with the first bytes of a frame. Whatever part of a frame a read
returns, the rest is awaited; descriptors of a frame that never completes are closed.
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

_READ_BYTES = 1 << 20
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

    @property
    def descriptor(self) -> int:
        """Of the socket."""
        return self._socket.fileno()

    def wait(self, timeout_s: float) -> bool:
        """Waits until there is something to receive, or the server has closed its end; whether that is so now."""
        return bool(self._poll.poll(1000 * timeout_s))

    def receive(self) -> Frame | None:
        """Waits for a frame.

        Returns:
            The frame, or None when the server has closed its end between frames or within one.

        Raises:
            ChannelError: the length is beyond MAX_FRAME_BYTES, or descriptors were lost on the way.
        """
        descriptors: list[int] = []
        complete = False
        try:
            head = self._read(_LENGTH.size, descriptors)
            if head is None:
                return None
            message = self._read(_checked_length(head), descriptors)
            complete = message is not None
            return None if message is None else Frame(message, descriptors)
        except ConnectionResetError:
            return None
        finally:
            if not complete:
                for descriptor in descriptors:
                    os.close(descriptor)

    def send(self, message: bytes) -> None:
        """Sends a frame without descriptors.

        Raises:
            ConnectionError: the server has closed its end.
        """
        self._socket.sendall(_LENGTH.pack(len(message)) + message)

    def _read(self, size: int, descriptors: list[int]) -> bytes | None:
        data = bytearray()
        while len(data) < size:
            part, ancillary, flags, _ = self._socket.recvmsg(
                min(size - len(data), _READ_BYTES), _ANCILLARY_BYTES, socket.MSG_CMSG_CLOEXEC
            )
            descriptors += _descriptors_in(ancillary)
            if flags & socket.MSG_CTRUNC:
                raise ChannelError("descriptors of a frame were lost; is the limit of open files (ulimit -n) too low?")
            if not part:
                return None
            data += part
        return bytes(data)


def _checked_length(head: bytes) -> int:
    length: int = _LENGTH.unpack(head)[0]
    if length > MAX_FRAME_BYTES:
        raise ChannelError(f"a frame of {length} bytes, where at most {MAX_FRAME_BYTES} are allowed")
    return length


def _descriptors_in(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    found = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return found.tolist()
