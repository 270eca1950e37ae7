"""The screen of `gridgrad top`: what it does with a terminal, and how it ends and pauses."""

from __future__ import annotations

import contextlib
import fcntl
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

from tests.client.fake import FakeServer
from tests.client.statuses import BUSY, EMPTY, looks

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
        pytest.importorskip("click")
        pytest.importorskip("rich")
        self._ours, self._theirs = os.openpty()
        self.resize(columns)
        self._modes = termios.tcgetattr(self._theirs)
        command = [sys.executable, "-m", "gridgrad.cli", "top", "--server", address, "--every", "0.05"]
        # Without what would overrule the size of the window
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            command, stdin=self._theirs, stdout=self._theirs, stderr=self._theirs, env={**environment, "TERM": kind}
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
        self.assert_as_before()
        return status

    def assert_as_before(self) -> None:
        assert termios.tcgetattr(self._theirs) == self._modes

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


def test_stopped_it_gives_the_terminal_back_and_goes_on_later(terminal: Terminal) -> None:
    terminal.process.send_signal(signal.SIGTSTP)
    terminal.await_text(OWN_SCREEN)
    _, state = os.waitpid(terminal.process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(state)
    terminal.assert_as_before()
    terminal.process.send_signal(signal.SIGCONT)
    terminal.await_text(ALTERNATE_SCREEN)
    terminal.await_text(b"requests")
    terminal.press(b"q")
    assert terminal.ended() == 0


def test_a_server_that_goes_away_is_waited_for(server: FakeServer, terminal: Terminal) -> None:
    server.stop()
    terminal.await_text(b"looking again every")
    terminal.press(b"q")
    assert terminal.ended() == 0


def test_a_terminal_that_can_not_be_drawn_on_gets_lines(server: FakeServer) -> None:
    looks(server, EMPTY, BUSY)
    with contextlib.closing(Terminal(server.address, "dumb")) as terminal:
        terminal.await_text(b"RESOURCE_EXHAUSTED")
        terminal.await_text(b"requests  0/s")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.ended() == 0
        assert b"\x1b" not in terminal.written
