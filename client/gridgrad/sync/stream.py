"""`Client.stream` and `Client.map`: one thread reads the answers, the caller's own reads requests and takes results.

gRPC's iterator of answers can only block, so without that thread a caller whose requests come slowly would
have to choose between waiting for an answer and asking for more. What is read ahead is bounded by what is in
flight.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

import grpc

from gridgrad.arguments.inputs import Inputs
from gridgrad.protocol import error_mapping as failures
from gridgrad.protocol.in_flight import Flight
from gridgrad.protocol.retry import Attempts
from gridgrad.requests.request import Request
from gridgrad.results.result import Result
from gridgrad_core.errors import GridgradError

__all__ = ["Stream", "requests_like"]

OpenCall = Callable[[Iterator[bytes], float | None], Any]
END_TIMEOUT_S = 2.0
PATIENCE_S = 0.002
_NO_MORE: Any = object()


class Pipe:
    """One call of the streaming method.

    Args:
        open_call: starts it with the messages to send and a timeout.
        timeout_s: seconds, or None.
    """

    def __init__(self, open_call: OpenCall, timeout_s: float | None) -> None:
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._inbox: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
        self._call = open_call(iter(self._outbox.get, None), timeout_s)
        self._reader = threading.Thread(target=self._read, name="gridgrad-stream", daemon=True)
        self._reader.start()

    def send(self, messages: Iterable[bytes]) -> None:
        """Hands messages to gRPC."""
        for message in messages:
            self._outbox.put(message)

    def receive(self, wait_s: float | None) -> bytes | None:
        """The next message; None when none comes within wait_s.

        Raises:
            Exception: one of `failures.FOREIGN`, when the call has ended.
        """
        try:
            got = self._inbox.get(timeout=wait_s)
        except queue.Empty:
            return None
        if isinstance(got, Exception):
            raise got
        return got

    def close(self, *, cancel: bool) -> None:
        """Ends the call: at once, or when the server has seen that no more comes."""
        self._outbox.put(None)
        if not cancel:
            self._reader.join(END_TIMEOUT_S)
        self._call.cancel()
        self._reader.join()

    def _read(self) -> None:
        try:
            for raw in self._call:
                self._inbox.put(raw)
            self._inbox.put(failures.StreamEnded())
        except grpc.RpcError as error:
            self._inbox.put(error)


class Stream:
    """What `Client.stream` and `Client.map` do.

    Args:
        open_call: starts a call with the messages to send and a timeout.
        requests: what to compute.
        flight: keeps what is in flight.
        attempts: those at the stream itself, without one completed entry between them.
    """

    def __init__(self, open_call: OpenCall, requests: Iterable[Request], flight: Flight, attempts: Attempts) -> None:
        self._open_call = open_call
        self._source: Iterator[Request] | None = iter(requests)
        self._flight = flight
        self._attempts = attempts

    def outcomes(self) -> Generator[Result | GridgradError]:
        """Results, and errors where the flight returns them."""
        self._pipe = Pipe(self._open_call, self._attempts.left_s())
        try:
            while self._source is not None or not self._flight.idle:
                while (outcome := self._flight.take()) is not None:
                    yield outcome
                self._launch()
                self._land()
        finally:
            self._pipe.close(cancel=self._source is not None or not self._flight.idle)

    def _launch(self) -> None:
        """Reads requests, as long as they come so quickly that none waits for another to be sent with it."""
        give_up_at = time.monotonic() + PATIENCE_S
        while self._source is not None and self._flight.has_room:
            request = next(self._source, _NO_MORE)
            if request is _NO_MORE:
                self._source = None
                return
            self._flight.launch(request)
            if self._flight.has_pack or self._flight.has_outcome or time.monotonic() > give_up_at:
                return

    def _land(self) -> None:
        self._pipe.send(self._flight.outgoing())
        if self._flight.idle or self._flight.has_outcome:
            return
        may_launch = self._source is not None and self._flight.has_room
        try:
            raw = self._pipe.receive(0 if may_launch else self._flight.due_in_s())
        except failures.FOREIGN as raised:
            self._reconnect(raised)
        else:
            if raw is not None:
                self._flight.land(raw, self._attempts)

    def _reconnect(self, raised: Exception) -> None:
        time.sleep(self._attempts.wait_s(self._flight.failure(raised, self._attempts)))
        self._pipe.close(cancel=True)
        self._flight.restart()
        self._pipe = Pipe(self._open_call, self._attempts.left_s())


def requests_like(request: Request, many_inputs: Iterable[Inputs]) -> Iterator[Request]:
    """A request again and again, with other inputs each time."""
    settled = request.settled()
    return (settled.on(inputs) for inputs in many_inputs)
