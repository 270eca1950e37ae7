"""The channel of a worker with a socket to a server whose memory it does not share: each message brings its numbers."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Sequence

from gridgrad_core.remote.exchanges import ExchangeReader, packed
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.cluster.mirror import Mirror
from gridgrad_worker.runtime.channel import Frame

__all__ = ["SocketChannel"]

_READ_BYTES = 1 << 16
_MOST_PARTS = 256  # sendmsg(2) takes 1024


class SocketChannel:
    """The worker's end.

    Args:
        connection: a connected stream socket.

    Attributes:
        descriptor: None: compiled code can't take messages that bring numbers.
        spans_of: where the results of a batch lie; to be given before one comes.
    """

    descriptor = None

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._mirror = Mirror()
        self._reader: ExchangeReader[Frame] = ExchangeReader(self._admit)
        self._buffer = memoryview(bytearray(_READ_BYTES))
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._next: Frame | None = None
        self.spans_of: Callable[[pb.Batch], Sequence[pb.Span]] = lambda _: ()

    def wait(self, timeout_s: float) -> bool:
        """Waits until there is something to receive, or the server has closed its end; whether that is so now."""
        self._next = self._next or self._reader.take()
        return self._next is not None or bool(self._poll.poll(1000 * timeout_s))

    def receive(self) -> Frame | None:
        """Waits for a message, whose numbers lie where it says then.

        Returns:
            The message with descriptors of regions that are new; None when the server has closed its end.

        Raises:
            FrameError: it is too long.
        """
        while self._next is None and (taken := self._reader.take()) is None:
            if not self._read():
                return None
        frame, self._next = self._next or taken, None
        return frame

    def send(self, message: bytes) -> None:
        """Sends a message, and with the answer to a batch its results.

        Raises:
            ConnectionError: the server has closed its end.
        """
        spans: Sequence[pb.Span] = ()
        if self._mirror.batch is not None and pb.WorkerMessage.FromString(message).HasField("done"):
            spans = self.spans_of(self._mirror.batch)
        header = pb.Exchanged(messages=[message], results=spans).SerializeToString()
        self._send(packed(header, [row for span in spans for row in self._mirror.regions.rows(span)]))
        self._mirror.give_back(spans)

    def _admit(self, header: bytes) -> tuple[Frame, list[memoryview]]:
        asked = pb.Exchange.FromString(header)
        frame = Frame(asked.message, self._mirror.admit(asked.message))
        return frame, [row for span in asked.inputs for row in self._mirror.regions.rows(span)]

    def _read(self) -> bool:
        """Reads what there is; False at the end."""
        targets = self._reader.targets
        try:
            if targets:
                count = self._socket.recvmsg_into(targets)[0]
                self._reader.filled(count)
            else:
                count = self._socket.recv_into(self._buffer)
                self._reader.feed(self._buffer[:count])
        except ConnectionResetError:
            return False
        return count > 0

    def _send(self, parts: list[memoryview]) -> None:
        while parts:
            sent = self._socket.sendmsg(parts[:_MOST_PARTS])
            while parts and sent >= len(parts[0]):
                sent -= len(parts.pop(0))
            if sent:
                parts[0] = parts[0][sent:]
