"""The server's end of a socket to a worker that shares no memory with it: messages go and come with their numbers.

Invariants:
* Only this side writes to the server's memory, and only while the socket is open: once it is closed nobody does.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Sequence

from google.protobuf.message import DecodeError

from gridgrad_core.errors import InternalError
from gridgrad_core.remote.exchanges import ExchangeReader, packed
from gridgrad_core.remote.regions import Regions
from gridgrad_core.remote.sent_inputs import SentInputs
from gridgrad_core.system.framing import FrameError
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.memory.socket import FrameSocket

__all__ = ["ExchangeSocket"]

log = logging.getLogger("gridgrad.server")


class ExchangeSocket(FrameSocket):
    """Messages with numbers to and from a worker; for who uses it messages alone, as with a FrameSocket.

    Args:
        connection: the server's end; it is closed here.
        on_frame: called with each message, when its numbers lie where they belong.
        on_closed: called once when the other end is closed, or sends what is no message; not after `close`.
    """

    def __init__(
        self, connection: socket.socket, on_frame: Callable[[bytes], None], on_closed: Callable[[], None]
    ) -> None:
        super().__init__(connection, on_frame, on_closed)
        self._regions = Regions()
        self._inputs = SentInputs(self._regions)
        self._exchanges: ExchangeReader[bytes] = ExchangeReader(self._answered)

    def send(self, message: bytes, descriptors: Sequence[int] = ()) -> None:
        """Sends a message with the numbers that its batch needs; these stay as they are until it is answered."""
        if not self._open:
            return
        said = wpb.ServerMessage.FromString(message)
        spans: list[wpb.Span] = []
        numbers: list[memoryview] = []
        if said.HasField("batch"):
            self._regions.admit(said.batch.slots, descriptors)
            spans, numbers = self._inputs.of(said.batch)
        self._regions.forget(said.ping.forget_slots)
        header = wpb.Exchange(message=message, inputs=spans).SerializeToString()
        self._put([(part, ()) for part in packed(header, numbers)])

    def _receive(self) -> int:
        targets = self._exchanges.targets
        if targets:
            count = self._socket.recvmsg_into(targets)[0]
            self._exchanges.filled(count)
        else:
            count = self._socket.recv_into(self._buffer)
            self._exchanges.feed(self._buffer[:count])
        return count

    def _take(self) -> bytes | None:
        return self._exchanges.take()

    def _answered(self, header: bytes) -> tuple[bytes, list[memoryview]]:
        """Reads an answer: its message, and where its numbers go."""
        try:
            answered = wpb.Exchanged.FromString(header)
            return answered.messages[0], [row for span in answered.results for row in self._regions.rows(span)]
        except (DecodeError, IndexError, InternalError) as error:
            log.exception("a worker of the cluster is given up for what it sent; please report it")
            raise FrameError(str(error)) from error
