"""The server's end of the socket pair to a worker: frames out with descriptors, frames in.

Nothing here blocks: what the socket does not take at once waits in order and goes when it can.
"""

from __future__ import annotations

import array
import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable, Sequence

__all__ = ["Link"]

_LENGTH = struct.Struct("<I")
_READ_BYTES = 1 << 16
_BUFFER_BYTES = 1 << 20


class Link:
    """Frames to and from a worker.

    Args:
        connection: the server's end; the link closes it.
        on_frame: called with each message.
        on_closed: called once when the worker's end is closed; not after `close`.
    """

    def __init__(
        self, connection: socket.socket, on_frame: Callable[[bytes], None], on_closed: Callable[[], None]
    ) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        self._socket = connection
        self._on_frame = on_frame
        self._on_closed = on_closed
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._received = bytearray()
        self._is_writer = False
        self._to_send: deque[tuple[memoryview, Sequence[int]]] = deque()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(connection, self._readable)
        self._open = True

    def send(self, message: bytes, descriptors: Sequence[int] = ()) -> None:
        """Sends a frame; the descriptors must stay open until the worker has answered it."""
        if not self._open:
            return
        self._to_send.append((memoryview(_LENGTH.pack(len(message)) + message), descriptors))
        if len(self._to_send) == 1:
            self._writable()

    def close(self) -> None:
        """Closes the server's end; the worker ends by that. Closing twice does nothing."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._socket.close()

    def drain(self) -> None:
        """Takes the frames that a worker sent before it ended, then reports the end."""
        while self._open:
            if not self._read():
                self._lost()

    def _readable(self) -> None:
        self._read()

    def _read(self) -> bool:
        """Reads once; False when there is nothing now."""
        try:
            count = self._socket.recv_into(self._buffer)
        except BlockingIOError:
            return False
        except OSError:
            count = 0
        if not count:
            self._lost()
            return False
        self._received += self._buffer[:count]
        for message in self._frames():
            if self._open:
                self._on_frame(message)
        return True

    def _frames(self) -> list[bytes]:
        frames, position = [], 0
        while len(self._received) - position >= _LENGTH.size:
            end = position + _LENGTH.size + _LENGTH.unpack_from(self._received, position)[0]
            if end > len(self._received):
                break
            frames.append(bytes(self._received[position + _LENGTH.size : end]))
            position = end
        del self._received[:position]
        return frames

    def _writable(self) -> None:
        while self._to_send:
            data, descriptors = self._to_send[0]
            try:
                sent = self._socket.sendmsg([data], _rights(descriptors))
            except BlockingIOError:
                break
            except OSError:
                self._to_send.clear()  # the reader meets the end too, after the last frames
                break
            self._to_send[0] = data[sent:], ()
            if sent == len(data):
                self._to_send.popleft()
        if self._is_writer != bool(self._to_send):
            self._is_writer = not self._is_writer
            if self._is_writer:
                self._loop.add_writer(self._socket, self._writable)
            else:
                self._loop.remove_writer(self._socket)

    def _lost(self) -> None:
        if self._open:
            self.close()
            self._on_closed()


def _rights(descriptors: Sequence[int]) -> list[tuple[int, int, array.array[int]]]:
    return [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
