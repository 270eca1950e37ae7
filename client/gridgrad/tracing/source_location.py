"""Where in a caller's code something happened, and what stands there."""

from __future__ import annotations

import itertools
import linecache
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

__all__ = ["SourceLocation", "here"]

_NOT_THE_CALLERS = ("gridgrad", "numpy", "scipy", "functools")


class SourceLocation(NamedTuple):
    """A place in the code of a caller.

    Args:
        where: "line 3 of model.py".
        text: the expression that was being computed, on one line; empty where the source is not at hand.
        frame: the frame, to look names up in.
        called_module: what was called there, a function of this module.
    """

    where: str
    text: str
    frame: FrameType
    called_module: str = ""

    def __str__(self) -> str:
        return f"`{self.text}` ({self.where})" if self.text else self.where


def here() -> SourceLocation:
    """The place in the caller's code from which this package was reached."""
    frame, called = sys._getframe(1), ""
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in _NOT_THE_CALLERS:
        called, frame = frame.f_globals.get("__name__", ""), frame.f_back
    name = Path(frame.f_code.co_filename).name
    return SourceLocation(f"line {frame.f_lineno} of {name}", _text(frame.f_code, frame.f_lasti), frame, called)


def _text(code: CodeType, instruction: int) -> str:
    """What the instruction at this offset computes, as it is written."""
    found = next(itertools.islice(code.co_positions(), instruction // 2, None), None)
    if found is None or None in found or found[0] != found[1]:
        return ""
    line, _, start, end = found
    written = linecache.getline(code.co_filename, line or 0).encode()
    return written[start:end].decode(errors="replace")
