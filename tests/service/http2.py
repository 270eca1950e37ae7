"""Callers that no gRPC library would be: calls in frames of HTTP/2 whose answers are not taken, or that stop."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, Event, StreamEnded, StreamReset
from h2.settings import SettingCodes

__all__ = ["Http2Caller", "http2_caller"]


class Http2Caller:
    """A connection in frames.

    Args:
        connection: to the server.
        takes: whether it grants the server any bytes of answers.

    Attributes:
        ended: the numbers of the calls that have ended or were reset.
        data: what came of each answer.
        is_closed: whether the server has closed the connection.
    """

    def __init__(self, connection: socket.socket, *, takes: bool) -> None:
        self._socket = connection
        self._http = H2Connection(H2Configuration(client_side=True))
        self._http.initiate_connection()
        if not takes:
            self._http.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 0})
        self.ended: set[int] = set()
        self.data: dict[int, bytes] = {}
        self.is_closed = False
        self._flush()

    def begin(self, path: str) -> int:
        """Begins a call; returns its number."""
        number = self._http.get_next_available_stream_id()
        head = [(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "test")]
        self._http.send_headers(number, [*head, ("te", "trailers"), ("content-type", "application/grpc")])
        self._flush()
        return number

    def send(self, number: int, message: bytes, *, of: int | None = None, end: bool = True) -> None:
        """Sends a message in a call, or its beginning if it is said to be of more bytes."""
        data = struct.pack(">BI", 0, len(message) if of is None else of) + message
        while data:
            room = min(self._http.local_flow_control_window(number), self._http.max_outbound_frame_size)
            if not room:
                self.pump(0.1)
                continue
            self._http.send_data(number, data[:room])
            data = data[room:]
            self._flush()
        if end:
            self._http.end_stream(number)
            self._flush()

    def call(self, path: str, message: bytes) -> int:
        """Makes a call with one message; returns its number."""
        number = self.begin(path)
        self.send(number, message)
        return number

    def pump(self, wait_s: float) -> None:
        """Takes what comes within a while: frames that rule the connection, and such data as the server may send."""
        self._socket.settimeout(wait_s)
        with contextlib.suppress(TimeoutError):
            raw = self._receive()
            self.is_closed = self.is_closed or not raw
            for event in self._http.receive_data(raw) if not self.is_closed else []:
                self._note(event)
        self._flush()

    def _receive(self) -> bytes:
        try:
            return self._socket.recv(1 << 16)
        except ConnectionError:
            return b""

    def _note(self, event: Event) -> None:
        if isinstance(event, ConnectionTerminated):
            self.is_closed = True
        elif isinstance(event, (StreamEnded, StreamReset)) and event.stream_id is not None:
            self.ended.add(event.stream_id)
        elif isinstance(event, DataReceived) and event.stream_id is not None and event.data is not None:
            self.data[event.stream_id] = self.data.get(event.stream_id, b"") + event.data
            self._http.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)

    def vanish(self) -> None:
        """Resets the connection, as the kernel does for a process that was killed."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def _flush(self) -> None:
        self._socket.settimeout(60.0)
        with contextlib.suppress(ConnectionError):
            self._socket.sendall(self._http.data_to_send())


@contextlib.contextmanager
def http2_caller(address: str, *, takes: bool = True) -> Iterator[Http2Caller]:
    """A caller with a connection of its own, until the block ends.

    Args:
        address: of the server, HOST:PORT.
        takes: whether it grants the server any bytes of answers.
    """
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port))) as connection:
        yield Http2Caller(connection, takes=takes)
