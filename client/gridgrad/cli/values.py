"""The values of flags: axes, parameters, names and times, read from text.

Each raises `click.BadParameter`, to which click adds the flag's name.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from gridgrad_core.errors import RequestError
from gridgrad_core.extras import optional

if TYPE_CHECKING:
    import click
else:
    click = optional("click", "cli")

__all__ = ["axis", "interval", "name_alone", "names", "parameter"]


def axis(text: str) -> tuple[str, Any]:
    """The name and values of t=1,2,4 or t=start:stop:count."""
    from gridgrad.arguments.linspace import linspace

    name, values = _named(text)
    if ":" not in values:
        return name, [_number(value) for value in values.split(",")]
    parts = values.split(":")
    if len(parts) != 3 or not parts[2].strip().isdecimal():
        raise click.BadParameter(f"{text!r}: write start:stop:count, such as {name}=0:1:101")
    try:
        return name, linspace(_number(parts[0]), _number(parts[1]), int(parts[2]))
    except RequestError as error:
        raise click.BadParameter(str(error)) from error


def parameter(text: str) -> tuple[str, float]:
    """The name and value of c=0.5."""
    name, value = _named(text)
    return name, _number(value)


def name_alone(text: str) -> str:
    """The name of t or t=1,2,4, for a command that needs no numbers."""
    return text.partition("=")[0].strip()


def names(text: str) -> tuple[str, ...]:
    """The names of t,k."""
    found = tuple(name.strip() for name in text.split(","))
    if not all(found):
        raise click.BadParameter(f"{text!r}: write names with commas between, such as t,k")
    return found


def interval(text: str) -> float:
    """Seconds over 0."""
    if not 0 < (seconds := _number(text)) < math.inf:
        raise click.BadParameter(f"{text!r}: write seconds over 0, such as 0.5")
    return seconds


def _named(text: str) -> tuple[str, str]:
    name, equals, values = text.partition("=")
    if not (name.strip() and equals and values.strip()):
        raise click.BadParameter(f"{text!r}: write a name and what it is, such as t=1,2,4")
    return name.strip(), values


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no number") from None
