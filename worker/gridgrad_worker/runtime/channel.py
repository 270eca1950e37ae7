"""The worker's end of the socket to the server: frames with descriptors in, frames out.

Nothing is read beyond the frame at hand, so that compiled code can go on reading from the socket. Descriptors of a
frame that never completes are closed.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gridgrad_core.system.framing import ANCILLARY_BYTES, FrameError, FrameReader, descriptors_in, framed, rights

__all__ = ["MAX_FRAME_BYTES", "Channel", "Frame", "WorkerChannel"]

MAX_FRAME_BYTES = 64 << 20
"""More than any batch needs: its arrays lie in slots."""

_READ_BYTES = 1 << 20


class Frame(NamedTuple):
    """A message as bytes, and the descriptors that came with it, which are the receiver's to close."""

    message: bytes
    descriptors: list[int]


class WorkerChannel(Protocol):
    """The worker's end of what carries messages, whatever that is."""

    @property
    def descriptor(self) -> int | None:
        """Of a socket that compiled code may take frames from; None where there is none."""

    def wait(self, timeout_s: float) -> bool:
        """Waits until there is something to receive, or the server has closed its end; whether that is so now."""

    def receive(self) -> Frame | None:
        """Waits for a frame; None at the end."""

    def send(self, message: bytes) -> None:
        """Sends a message."""


class Channel:
    """The worker's end of the socket pair.

    Args:
        connection: a connected stream socket of the family AF_UNIX.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._frames = FrameReader(MAX_FRAME_BYTES)
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
            FrameError: the length is beyond MAX_FRAME_BYTES, or descriptors were lost on the way.
        """
        descriptors: list[int] = []
        message = None
        try:
            message = self._read(descriptors)
        except ConnectionResetError:
            pass
        finally:
            if message is None:
                for descriptor in descriptors:
                    os.close(descriptor)
        return None if message is None else Frame(message, descriptors)

    def send(self, message: bytes, descriptors: Sequence[int] = ()) -> None:
        """Sends a frame, mostly without descriptors.

        Raises:
            ConnectionError: the server has closed its end.
        """
        frame = framed(message)
        sent = self._socket.sendmsg([frame], rights(descriptors)) if descriptors else 0
        self._socket.sendall(frame[sent:])

    def _read(self, descriptors: list[int]) -> bytes | None:
        while (message := self._frames.take()) is None:
            part, ancillary, flags, _ = self._socket.recvmsg(
                min(self._frames.missing, _READ_BYTES), ANCILLARY_BYTES, socket.MSG_CMSG_CLOEXEC
            )
            descriptors += descriptors_in(ancillary)
            if flags & socket.MSG_CTRUNC:
                raise FrameError("descriptors of a frame were lost; is the limit of open files (ulimit -n) too low?")
            if not part:
                return None
            self._frames.feed(part)
        return message
