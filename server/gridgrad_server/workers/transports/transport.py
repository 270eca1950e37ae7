"""The way to a worker and back, whatever carries it: what a worker needs of it, and what it tells the worker's side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

__all__ = ["WorkerEvents", "WorkerPlace", "WorkerTransport"]


class WorkerEvents(Protocol):
    """Who is told what comes of a worker. All of it in the server's loop."""

    def received(self, message: bytes) -> None:
        """A message of it came, whole."""

    def connection_lost(self, blame: bool) -> None:
        """It will say no more; `blame` says whether what it computed may have been the cause."""

    def gone(self) -> None:
        """It is gone, and writes to no memory any more. Comes last, and always."""


class WorkerTransport(Protocol):
    """One worker, started somewhere: messages to it in order, and its end.

    Its messages come to a WorkerEvents in order, those that it sent before it ended too.
    """

    @property
    def shares_memory(self) -> bool:
        """Whether the worker maps memory of this machine."""

    @property
    def pid(self) -> int:
        """The process on this machine that is, or stands for, the worker."""

    @property
    def status(self) -> int | str | None:
        """How it ended: an exit status, negative for a signal, or what is known of its end. None while it runs."""

    @property
    def is_stopped(self) -> bool:
        """Whether it was stopped by a signal, as far as can be seen from here."""

    def send(self, message: bytes, descriptors: Sequence[int] = ()) -> None:
        """Sends a message.

        Args:
            message: a serialized ServerMessage.
            descriptors: of the regions that it introduces, which stay open until it is answered.
        """

    def close(self) -> None:
        """Says no more, by which the worker ends."""

    def kill(self) -> None:
        """Ends the worker by force."""


class WorkerPlace(Protocol):
    """Where a worker runs: it is started there, and started anew when it ended."""

    def open(self, events: WorkerEvents) -> WorkerTransport:
        """Starts a worker there.

        Args:
            events: is told what comes of it.
        """
