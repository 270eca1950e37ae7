"""Numbers as they are written: Python's decimal ints and floats."""

from __future__ import annotations

import math
import re

from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.names import KEYWORDS

__all__ = ["problem", "written"]

_DIGITS = "[0-9](?:_?[0-9])*"
_NUMBER = re.compile(rf"(?:{_DIGITS}(?:\.(?:{_DIGITS})?)?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?")
_LEADING_ZEROS = re.compile(r"0[0-9_]*[1-9][0-9_]*")
_OTHER_BASE = re.compile(r"0(?:[xX][0-9a-fA-F_]+|[oO][0-7_]+|[bB][01_]+)")
_LARGEST_PLAIN = 1e16


def problem(number: str) -> tuple[str, str] | None:
    """What is wrong with something that starts like a number, and the remedy; None if nothing is."""
    if len(number) > limits.MAX_NUMBER:
        return f"a number of more than {limits.MAX_NUMBER} characters", "write 17 digits, all that a float64 has"
    if _NUMBER.fullmatch(number) is None or _LEADING_ZEROS.fullmatch(number):
        return _explain(number)
    if math.isinf(float(number)):
        return f"{_short(number)} is too large for a float64", "write inf if you mean infinity"
    return None


def _explain(number: str) -> tuple[str, str]:
    if _LEADING_ZEROS.fullmatch(number):
        return f"{number} starts with a zero", f"write {number.lstrip('0_')}"
    if _OTHER_BASE.fullmatch(number):
        return f"{number} is no decimal number", f"write {int(number, 0)}"
    head = _NUMBER.match(number)
    plain, rest = (number[: head.end()], number[head.end() :]) if head else (number, "")
    if rest in ("j", "J"):
        return f"{number} is a complex number", "write real numbers; compute real and imaginary parts apart"
    if rest in KEYWORDS:
        return f"{number} runs a number into a word", f"write {plain} {rest}"
    if rest in ("e", "E"):
        return (
            f"{number} has no digits after {rest}",
            f"write {plain}e3 for a power of ten, {plain}*{rest} for a product",
        )
    if rest.startswith("_") or "__" in number:
        return f"{number} has an underscore that is not between digits", f"write {number.replace('_', '')}"
    if rest.startswith("."):
        return f"{number} has two decimal points", "write one decimal point"
    return f"{number} is a product without its sign", f"write {plain}*{rest}"


def _short(number: str) -> str:
    return number if len(number) <= 40 else f"{number[:20]}...{number[-10:]}"


def written(value: float) -> str:
    """How the canonical text writes a number: as an int where that is exact and short."""
    if value.is_integer() and abs(value) < _LARGEST_PLAIN and (value or math.copysign(1, value) > 0):
        return str(int(value))
    return repr(value)
