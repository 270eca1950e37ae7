"""`Client.stream`: one thread reads the answers, the caller's own reads requests and takes results.

gRPC's iterator of answers can only block, so without that thread a caller whose requests come slowly would
have to choose between waiting for an answer and asking for more. What is read ahead is bounded by what is in
flight.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import grpc

from gridgrad import failures
from gridgrad.calls import Request
from gridgrad.errors import GridgradError
from gridgrad.flight import Flight
from gridgrad.result import Result
from gridgrad.retry import Attempts

__all__ = ["Stream"]

OpenCall = Callable[[Iterator[bytes], float | None], Any]
END_TIMEOUT_S = 2.0


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
    """What `Client.stream` does.

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

    def outcomes(self) -> Iterator[Result | GridgradError]:
        """Results as they complete, and errors where the flight returns them."""
        self._pipe = Pipe(self._open_call, self._attempts.left_s())
        try:
            while self._source is not None or not self._flight.idle:
                outcome = self._launch() or self._land()
                if outcome is not None:
                    yield self._flight.checked(outcome)
        finally:
            self._pipe.close(cancel=self._source is not None or not self._flight.idle)

    def _launch(self) -> GridgradError | None:
        if self._source is None or not self._flight.has_room:
            return None
        for request in self._source:
            return self._flight.launch(request)
        self._source = None
        return None

    def _land(self) -> Result | GridgradError | None:
        self._pipe.send(self._flight.outgoing())
        if self._flight.idle:
            return None
        may_launch = self._source is not None and self._flight.has_room
        try:
            raw = self._pipe.receive(0 if may_launch else self._flight.due_in_s())
        except failures.FOREIGN as raised:
            self._reconnect(raised)
            return None
        return self._flight.land(raw, self._attempts) if raw is not None else None

    def _reconnect(self, raised: Exception) -> None:
        time.sleep(self._attempts.wait_s(self._flight.failure(raised, self._attempts)))
        self._pipe.close(cancel=True)
        self._flight.restart()
        self._pipe = Pipe(self._open_call, self._attempts.left_s())
