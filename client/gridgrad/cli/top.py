"""The command `gridgrad top`: how a server is doing, looked at again and again.

On a terminal `rich.live` draws it, in the terminal's other screen. Elsewhere each look is printed below the one before.
"""

from __future__ import annotations

import sys
import textwrap
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TextIO

from gridgrad.cli.screen import screen
from gridgrad.cli.tables import Table, as_text
from gridgrad.results.server_status import ServerStatus
from gridgrad_core.errors import DeadlineError, UnavailableError
from gridgrad_core.extras import optional

if TYPE_CHECKING:
    import rich.console

__all__ = ["watch"]

_WIDTH = 79

Look = Callable[[], ServerStatus]
Seen = str | list[Table]
"""What there is to show of a look: a message, or tables."""


def watch(servers: Mapping[str, Look], every_s: float, *, once: bool, out: TextIO) -> None:
    """Shows what happened between one look and the next, until q is pressed in a terminal, or a KeyboardInterrupt.

    Args:
        servers: addresses, and what asks how each is doing.
        every_s: seconds between two looks.
        once: whether to print one and end.
        out: where to print; a terminal is drawn on.

    Raises:
        UnavailableError: the only server is not there at the first look; later it is waited for.
        DeadlineError: it does not answer then.
    """
    each = [_looks(address, look, every_s, once=once, alone=len(servers) == 1) for address, look in servers.items()]
    looks = each[0] if len(each) == 1 else map(_together, zip(*each, strict=True))
    first = next(looks)
    console = _console(out) if out.isatty() and sys.stdin.isatty() and not once else None
    if console is not None:
        from gridgrad.cli.live import draw

        draw(first, looks, every_s, console)
        return
    while True:
        time.sleep(every_s)
        print(_as_text(next(looks)), end="\n" if once else "\n\n", file=out, flush=True)
        if once:
            return


def _looks(address: str, look: Look, every_s: float, *, once: bool, alone: bool) -> Iterator[Seen]:
    """What there is to show of a server, first at once and then at each next look."""
    before, seen_at = None, 0.0
    while True:
        try:
            now, now_at = look(), time.monotonic()
        except (DeadlineError, UnavailableError) as error:
            if alone and (once or before is None):
                raise
            yield textwrap.fill(f"{error}; looking again every {every_s:g} s", _WIDTH)
            continue
        if before is None:
            yield f"{address}: the first rates come in {every_s:g} s"
        else:
            yield screen(address, before, now, now_at - seen_at)
        before, seen_at = now, now_at


def _together(seen: Iterable[Seen]) -> list[Table]:
    """What there is to show of several servers, one below the other."""
    shown: list[Table] = []
    for each in seen:
        shown += [Table((("server", each),), head=False)] if isinstance(each, str) else each
    return shown


def _as_text(seen: Seen) -> str:
    return seen if isinstance(seen, str) else "\n\n".join(map(as_text, seen))


def _console(out: TextIO) -> rich.console.Console | None:
    """A console that can move its cursor; None for a terminal that can't."""
    console: rich.console.Console = optional("rich.console", "cli").Console(file=out, highlight=False)
    return None if console.is_dumb_terminal else console
