"""The command `gridgrad top`: how a server is doing, looked at again and again.

In a terminal curses draws it: it clips what is too wide, draws again when the window changes, and leaves the terminal
as it was however the command ends. Elsewhere each look is printed below the one before.
"""

from __future__ import annotations

import contextlib
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TextIO

from gridgrad.cli.screen import screen
from gridgrad.results.server_status import ServerStatus
from gridgrad_core.errors import DeadlineError, UnavailableError

if TYPE_CHECKING:
    import curses

__all__ = ["watch"]

_WIDTH = 79
_LONGEST_MS = 1 << 30
"""That curses takes."""

Look = Callable[[], ServerStatus]


def watch(address: str, look: Look, every_s: float, *, once: bool, out: TextIO) -> None:
    """Shows what happened between one look and the next, until q is pressed in a terminal, or a KeyboardInterrupt.

    Args:
        address: of the server.
        look: asks how it is doing.
        every_s: seconds between two looks.
        once: whether to print one and end.
        out: where to print; a terminal is drawn on.

    Raises:
        UnavailableError: the server is not there at the first look; later it is waited for.
        DeadlineError: it does not answer then.
    """
    looks = _looks(address, look, every_s, once=once)
    first = next(looks)
    if once:
        time.sleep(every_s)
        print(next(looks), file=out)
    elif not (out.isatty() and sys.stdin.isatty() and _drawn(first, looks, every_s)):
        _print(looks, every_s, out)


def _looks(address: str, look: Look, every_s: float, *, once: bool) -> Iterator[str]:
    """What there is to show, first at once and then at each next look."""
    before, seen_at = look(), time.monotonic()
    yield f"{address}: the first rates come in {every_s:g} s"
    while True:
        try:
            now, now_at = look(), time.monotonic()
        except (DeadlineError, UnavailableError) as error:
            if once:
                raise
            yield textwrap.fill(f"{error}; looking again every {every_s:g} s", _WIDTH)
            continue
        yield screen(address, before, now, now_at - seen_at)
        before, seen_at = now, now_at


def _print(looks: Iterator[str], every_s: float, out: TextIO) -> None:
    while True:
        time.sleep(every_s)
        print(next(looks), end="\n\n", file=out, flush=True)


def _drawn(first: str, looks: Iterator[str], every_s: float) -> bool:
    """Draws on the terminal until q is pressed; False where there is no curses, or it does not know the terminal."""
    if not _can_draw():
        return False
    import curses

    curses.wrapper(_draw, first, looks, every_s)
    return True


def _can_draw() -> bool:
    try:
        import curses

        curses.setupterm()
    except ImportError:
        return False
    except curses.error:
        return False
    return curses.tigetstr("cup") is not None  # it can move its cursor


def _draw(window: curses.window, text: str, looks: Iterator[str], every_s: float) -> None:
    import curses

    with contextlib.suppress(curses.error):  # a terminal without colours, or that can't hide its cursor
        curses.use_default_colors()
        curses.curs_set(0)
    next_at = time.monotonic() + every_s
    while True:
        _put(window, text)
        window.timeout(min(_LONGEST_MS, max(0, round(1e3 * (next_at - time.monotonic())))))
        key = window.getch()
        if key == ord("q"):
            return
        if key == -1:  # the time is over; another key, or a window of another size, ends it early
            text, next_at = next(looks), time.monotonic() + every_s


def _put(window: curses.window, text: str) -> None:
    """Shows as much of a text as there is room for."""
    window.erase()
    height, width = window.getmaxyx()
    lines = [*text.split("\n"), "", "q or Ctrl-C ends this"]
    for row, line in enumerate(lines[:height]):
        window.insnstr(row, 0, line, width)
    window.refresh()
