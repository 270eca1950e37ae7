"""The server's end of a unix socket, to a worker or to a caller with a session: frames out with descriptors, frames in.

Nothing here blocks: what the socket does not take at once waits in order and goes when it can.
"""

from __future__ import annotations

import asyncio
import select
import socket
from collections import deque
from collections.abc import Callable, Sequence

from gridgrad_core.system.framing import (
    ANCILLARY_BYTES,
    MOST_BYTES,
    FrameError,
    FrameReader,
    descriptors_in,
    framed,
    rights,
)

__all__ = ["FrameSocket"]

_READ_BYTES = 1 << 16
_BUFFER_BYTES = 1 << 20


class FrameSocket:
    """Frames to and from the other end.

    Args:
        connection: the server's end; the link closes it.
        on_frame: called with each message.
        on_closed: called once when the other end is closed, or sends a frame that is too large; not after `close`.
        most_bytes: of a frame that comes.
        takes_descriptors: whether some may come with a frame.

    Attributes:
        on_frame, on_closed: may be changed.
        descriptors: that have come; who takes them from here closes them.
        on_sent: called when the socket has taken all that was to be sent.
    """

    def __init__(
        self,
        connection: socket.socket,
        on_frame: Callable[[bytes], None],
        on_closed: Callable[[], None],
        most_bytes: int = MOST_BYTES,
        *,
        takes_descriptors: bool = False,
    ) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER_BYTES)
        self._socket = connection
        self.on_frame = on_frame
        self.on_closed = on_closed
        self.on_sent: Callable[[], None] | None = None
        self._frames = FrameReader(most_bytes)
        self._takes_descriptors = takes_descriptors
        self.descriptors: list[int] = []
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._is_writer = False
        self._to_send: deque[tuple[memoryview, Sequence[int]]] = deque()
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(connection, self._readable)
        self._open = True
        self._is_paused = False

    def allow(self, most_bytes: int) -> None:
        """Takes frames of so many bytes from now on."""
        self._frames.most_bytes = most_bytes

    @property
    def is_sending(self) -> bool:
        """Whether something waits until the socket takes it."""
        return bool(self._to_send)

    def pause(self) -> None:
        """Reads no further until `resume`."""
        if self._open and not self._is_paused:
            self._is_paused = True
            self._loop.remove_reader(self._socket)

    def resume(self) -> None:
        """Reads on."""
        if self._open and self._is_paused:
            self._is_paused = False
            self._loop.add_reader(self._socket, self._readable)
            self._loop.call_soon(self._deliver)

    def send(self, message: bytes, descriptors: Sequence[int] = ()) -> None:
        """Sends a frame; the descriptors must stay open until the worker has answered it."""
        if self._open:
            self._put([(memoryview(framed(message)), descriptors)])

    def _put(self, parts: Sequence[tuple[memoryview, Sequence[int]]]) -> None:
        is_first = not self._to_send
        self._to_send.extend(parts)
        if is_first:
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
                self.lose()

    def notice_end(self) -> None:
        """Reports the end if the other end is gone, as `drain` does.

        To be called now and then: uvloop calls a reader no more once it told of a reset, though frames may be left then
        that are read first, and the end behind them is never seen.
        """
        if self._open:
            poll = select.poll()
            poll.register(self._socket, 0)  # which asks for the end alone
            if poll.poll(0):
                self.drain()

    def _readable(self) -> None:
        self._read()

    def _read(self) -> bool:
        """Reads once; False when there is nothing now."""
        try:
            count = self._receive()
        except BlockingIOError:
            return False
        except OSError:
            count = 0
        if not count:
            self.lose()
            return False
        self._deliver()
        return True

    def _receive(self) -> int:
        """Takes in what there is to read now, and returns how many bytes that were; 0 at the end."""
        if self._takes_descriptors:
            count, ancillary, _, _ = self._socket.recvmsg_into([self._buffer], ANCILLARY_BYTES, socket.MSG_CMSG_CLOEXEC)
            self.descriptors += descriptors_in(ancillary)
        else:
            count = self._socket.recv_into(self._buffer)
        self._frames.feed(self._buffer[:count])
        return count

    def _take(self) -> bytes | None:
        """The next message that is whole."""
        return self._frames.take()

    def _deliver(self) -> None:
        """Passes on the frames that are whole, until it is paused or closed."""
        try:
            while self._open and not self._is_paused and (message := self._take()) is not None:
                self.on_frame(message)
        except FrameError:
            self.lose()

    def _send_waiting(self) -> None:
        """Sends as much of what waits as the socket takes."""
        while self._to_send:
            data, descriptors = self._to_send[0]
            try:
                sent = self._socket.sendmsg([data], rights(descriptors))
            except BlockingIOError:
                return
            except OSError:
                self._to_send.clear()
                self._loop.call_soon(self.notice_end)  # after the last frames that came
                return
            self._to_send[0] = data[sent:], ()
            if sent == len(data):
                self._to_send.popleft()

    def _writable(self) -> None:
        self._send_waiting()
        if self._is_writer != bool(self._to_send):
            self._is_writer = not self._is_writer
            if self._is_writer:
                self._loop.add_writer(self._socket, self._writable)
            else:
                self._loop.remove_writer(self._socket)
        if self.on_sent and not self._to_send:
            self.on_sent()

    def lose(self) -> None:
        """Ends it as if the other end were closed."""
        if self._open:
            self.close()
            self.on_closed()
