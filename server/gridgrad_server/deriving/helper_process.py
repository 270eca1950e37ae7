"""The process that helpers are forks of: it is started when a helper is wanted, and again when it has ended."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Sequence

__all__ = ["HelperProcess"]


class HelperProcess:
    """Starts helpers.

    Args:
        command: of their first process, to which the descriptor of its socket is appended.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """The number of their first process; None while there is none."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Starts it, so that the first job need not wait."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [*self._command, "--fd", str(theirs.fileno())]
            self._process = subprocess.Popen(  # noqa: S603 - our own helpers
                command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=2
            )
        ours.setblocking(False)
        self._control = ours

    def helper(self) -> socket.socket:
        """The socket to a new helper, which ends when that is closed.

        Raises:
            OSError: there can be none.
        """
        self.start()
        assert self._control is not None, "it was started"  # noqa: S101 - narrows the type
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        with theirs:
            try:
                socket.send_fds(self._control, [b"j"], [theirs.fileno()])
            except OSError:
                ours.close()
                raise
        return ours

    def close(self) -> None:
        """Ends it, and all helpers."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            self._process.wait()
        self._process = self._control = None
