"""The command `gridgrad top`: what it does with a terminal, and how it goes on and ends."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator

import pytest

import gridgrad
from gridgrad.cli import top
from gridgrad_core import errors
from tests.client.fake import FakeServer, Times
from tests.client.results.test_server_status import BUSY, EMPTY, looks

PATIENCE_S = 30
ALTERNATE_SCREEN, OWN_SCREEN, SHOW_CURSOR = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"


class Terminal:
    """A terminal of 24 rows in which the command runs.

    Args:
        address: of the server that it watches.
        kind: of terminal, by its name in terminfo.
        columns: how wide it is.
    """

    def __init__(self, address: str, kind: str = "xterm", columns: int = 80) -> None:
        self._ours, self._theirs = os.openpty()
        self.resize(columns)
        self._modes = termios.tcgetattr(self._theirs)
        command = [sys.executable, "-m", "gridgrad.cli", "top", "--server", address, "--every", "0.05"]
        self.process = subprocess.Popen(
            command, stdin=self._theirs, stdout=self._theirs, stderr=self._theirs, env={**os.environ, "TERM": kind}
        )
        self.written = b""

    def resize(self, columns: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))

    def await_text(self, text: bytes) -> None:
        """Reads until it was written, after what was read before."""
        start, give_up_at = len(self.written), time.monotonic() + PATIENCE_S
        while text not in self.written[start:]:
            assert time.monotonic() < give_up_at, self.written
            self._read(0.1)

    def _read(self, wait_s: float) -> None:
        if select.select([self._ours], [], [], wait_s)[0]:
            self.written += os.read(self._ours, 1 << 16)

    def press(self, key: bytes) -> None:
        os.write(self._ours, key)

    def ended(self) -> int:
        """Waits for the end; the exit status. The terminal must be as it was before."""
        status = self.process.wait(PATIENCE_S)
        self._read(0)
        assert termios.tcgetattr(self._theirs) == self._modes
        return status

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)


@pytest.fixture
def terminal(server: FakeServer) -> Iterator[Terminal]:
    """One that has shown rates."""
    looks(server, EMPTY, BUSY)
    opened = Terminal(server.address)
    opened.await_text(b"the first rates come in 0.05 s")
    opened.await_text(b"RESOURCE_EXHAUSTED")
    yield opened
    opened.close()


def test_q_ends_it_and_leaves_the_terminal_as_it_was(terminal: Terminal) -> None:
    terminal.press(b"xq")
    assert terminal.ended() == 0
    assert terminal.written.index(ALTERNATE_SCREEN) < terminal.written.index(OWN_SCREEN)
    assert terminal.written.rindex(SHOW_CURSOR) > terminal.written.index(ALTERNATE_SCREEN)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_so_do_signals(terminal: Terminal, number: signal.Signals) -> None:
    terminal.process.send_signal(number)
    assert terminal.ended() == (0 if number is signal.SIGINT else 1)
    assert OWN_SCREEN in terminal.written


def test_a_window_of_another_size_is_drawn_anew(server: FakeServer) -> None:
    looks(server, EMPTY, BUSY)
    with contextlib.closing(Terminal(server.address, columns=30)) as terminal:
        terminal.await_text(b"serving, up 1 h 1 mi")
        assert b"version" not in terminal.written
        terminal.resize(80)
        terminal.process.send_signal(signal.SIGWINCH)
        terminal.await_text(b"version 1.2")


def test_a_terminal_that_can_not_be_drawn_on_gets_lines(server: FakeServer) -> None:
    looks(server, EMPTY, BUSY)
    with contextlib.closing(Terminal(server.address, "dumb")) as terminal:
        terminal.await_text(b"RESOURCE_EXHAUSTED")
        terminal.await_text(b"requests  0/s")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.ended() == 0
        assert b"\x1b" not in terminal.written


class ThreeLooks(io.StringIO):
    """A file that has enough after three looks."""

    def flush(self) -> None:
        if self.getvalue().count("\n\n") >= 5:  # each has an empty line in it, and one after it, but for a message
            raise KeyboardInterrupt


def test_an_absent_server_is_waited_for(server: FakeServer, client: gridgrad.Client) -> None:
    looks(server, EMPTY, BUSY)

    def nobody() -> gridgrad.ServerStatus:
        raise errors.UnavailableError("", "nobody is there", "start it")

    look = Times(1, client.server_status, Times(1, nobody, client.server_status))
    out = ThreeLooks()
    with pytest.raises(KeyboardInterrupt):
        top.watch("here", look, 0.01, once=False, out=out)
    first, second, _, third, *_ = out.getvalue().split("\n\n")
    assert first == "nobody is there; start it; looking again every 0.01 s"
    assert "RESOURCE_EXHAUSTED" in second
    assert "requests  0/s" in third


def test_one_that_is_not_there_at_first_is_an_error() -> None:
    def nobody() -> gridgrad.ServerStatus:
        raise errors.UnavailableError("", "nobody is there", "start it")

    with pytest.raises(errors.UnavailableError):
        top.watch("here", nobody, 0.01, once=False, out=io.StringIO())
