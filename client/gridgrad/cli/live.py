"""The screen of `gridgrad top` on a terminal: drawn by rich, ended by q, and the terminal left as it was.

Invariants:
* However it ends, the terminal's modes and its own screen come back: by q, Ctrl-C, an error, or SIGTERM.
* Ctrl-Z gives them back too while the command is stopped.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Iterator
from types import FrameType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from gridgrad.cli.tables import Table, drawn

__all__ = ["draw"]

_RESIZED_S = 0.2
"""So often it is looked whether the window has another size."""
_TERMINATED = 1


def draw(first: str | list[Table], looks: Iterator[str | list[Table]], every_s: float, console: Console) -> None:
    """Draws one look after the other until q is pressed.

    Args:
        first: what to draw at once.
        looks: what to draw then.
        every_s: seconds between two looks.
        console: of the terminal.
    """
    screen = _Screen(first, looks, every_s, console)
    with _signals(screen):
        while screen.run():
            os.kill(os.getpid(), signal.SIGSTOP)


class _Screen:
    """What is shown, and when there is more to show."""

    def __init__(self, first: str | list[Table], looks: Iterator[str | list[Table]], every_s: float, console: Console):
        self._shown, self._looks, self._every_s, self._console = first, looks, every_s, console
        self._next_at = time.monotonic() + every_s
        self._suspended = False

    def suspend(self) -> None:
        """Lets `run` return soon."""
        self._suspended = True

    def run(self) -> bool:
        """Draws until q is pressed, or it is to be suspended; whether it is to go on later."""
        self._suspended = False
        with _keys(), self._live() as live:
            while not self._suspended:
                live.update(_page(self._shown), refresh=True)
                if self._pressed_q():
                    return False
                if time.monotonic() >= self._next_at:
                    self._shown, self._next_at = next(self._looks), time.monotonic() + self._every_s
        return True

    def _live(self) -> Live:
        return Live(
            console=self._console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )

    def _pressed_q(self) -> bool:
        """Waits until q is pressed, the time is over, the window has another size, or it is to be suspended."""
        size = self._console.size
        while not self._suspended and self._console.size == size and (left := self._next_at - time.monotonic()) > 0:
            if select.select([sys.stdin], [], [], min(left, _RESIZED_S))[0]:
                pressed = os.read(sys.stdin.fileno(), 1)
                if pressed in (b"q", b""):  # nothing: the terminal is gone
                    return True
        return False


def _page(shown: str | list[Table]) -> RenderableType:
    parts: list[RenderableType] = (
        [Text(shown)] if isinstance(shown, str) else [drawn(table, whole=True) for table in shown]
    )
    spaced = [each for part in parts for each in (part, Text(""))]
    return Group(*spaced, Text("q or Ctrl-C ends this", style="dim"))


@contextlib.contextmanager
def _keys() -> Iterator[None]:
    """Keys are read as they are pressed, and not shown."""
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _signals(screen: _Screen) -> Iterator[None]:
    """SIGTERM and SIGTSTP end and suspend it in good order."""

    def end(_: int, __: FrameType | None) -> None:
        raise SystemExit(_TERMINATED)

    def suspend(_: int, __: FrameType | None) -> None:
        screen.suspend()

    before = {
        number: signal.signal(number, handler) for number, handler in ((signal.SIGTERM, end), (signal.SIGTSTP, suspend))
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
