"""A relay before a server, which counts the bytes that callers send and receive."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

__all__ = ["Relay", "relayed"]


class Relay:
    """Passes connections on.

    Args:
        target: host:port of the server.

    Attributes:
        address: where it listens.
        sent: how many bytes callers have sent through it.
        received: how many came back.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = host, int(port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.sent = self.received = 0
        self._start(self._accept)

    def close(self) -> None:
        """Ends all connections."""
        for each in (self._listening, *self._ends):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join()

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type] # a method
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.create_connection(self._target)
                self._ends += (near, far)
                self._start(self._pass_on, near, far, True)
                self._start(self._pass_on, far, near, False)

    def _pass_on(self, source: socket.socket, target: socket.socket, is_asked: bool) -> None:
        with contextlib.suppress(OSError):
            while part := source.recv(1 << 16):
                if is_asked:
                    self.sent += len(part)
                else:
                    self.received += len(part)
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def relayed(target: str) -> Iterator[Relay]:
    """A relay before a server until the block ends."""
    relay = Relay(target)
    try:
        yield relay
    finally:
        relay.close()
