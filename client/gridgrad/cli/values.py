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

__all__ = [
    "along_points",
    "axis",
    "expression_of",
    "interval",
    "made_along",
    "name_alone",
    "names",
    "output",
    "parameter",
    "picture",
]

SPACINGS = ("lin", "geom")
POINT = "point"
"""The dim of inputs that go in step."""


def axis(text: str) -> tuple[str, Any]:
    """The name and values of t=1,2,4, t=start:stop:count, t=geom:start:stop:count or t=@values.npy."""
    name, values = _named(text)
    if values.strip().startswith("@"):
        return name, _from_file(values.strip()[1:])
    if ":" in values:
        return name, _spaced(text, name, values)
    return name, [_number(value) for value in values.split(",")]


def along_points(text: str) -> tuple[str, Any]:
    """An axis as above whose values go in step with those of others: the input of one dim called "point"."""
    from gridgrad.arguments.linspace import Linspace

    name, values = axis(text)
    return name, (POINT, values.values() if isinstance(values, Linspace) else values)


def made_along(text: str) -> tuple[str, str]:
    """The dim and kind of k=sum; no dim for sum, which is along all."""
    dim, equals, kind = text.partition("=")
    return (dim.strip(), kind.strip()) if equals else ("", dim.strip())


def _spaced(text: str, name: str, values: str) -> Any:
    """Evenly spaced values, or those in which each is the same multiple of the one before."""
    from gridgrad.arguments.linspace import linspace

    spacing, *parts = values.split(":") if values.strip().startswith(SPACINGS) else ("lin", *values.split(":"))
    if spacing.strip() not in SPACINGS or len(parts) != 3 or not parts[2].strip().isdecimal():
        example = f"{name}=0:1:101 or {name}=geom:1:1e4:300"
        raise click.BadParameter(f"{text!r}: write start:stop:count, such as {example}")
    try:
        evenly = linspace(_number(parts[0]), _number(parts[1]), int(parts[2]))
    except RequestError as error:
        raise click.BadParameter(str(error)) from None
    return evenly if spacing.strip() == "lin" else _geometric(text, evenly.start, evenly.stop, evenly.num)


def _geometric(text: str, start: float, stop: float, count: int) -> Any:
    import numpy as np

    if not (start > 0 < stop or start < 0 > stop):
        raise click.BadParameter(f"{text!r}: geom goes between two numbers of one sign, neither of them 0")
    return np.geomspace(start, stop, count)


def _from_file(path: str) -> Any:
    """The numbers of a file that numpy.save wrote; what is pickled stays unread."""
    import numpy as np

    try:
        values = np.load(path, allow_pickle=False)
    except OSError as error:
        raise click.BadParameter(f"{path!r}: {error.strerror or error}") from None
    except (ValueError, EOFError):
        raise click.BadParameter(f"{path!r} holds no plain numbers: write it by numpy.save(file, array)") from None
    if not isinstance(values, np.ndarray) or values.ndim != 1 or values.dtype.kind not in "fiu":
        found = (
            f"an array of shape {list(values.shape)}, {values.dtype}" if isinstance(values, np.ndarray) else "several"
        )
        raise click.BadParameter(f"{path!r} holds {found}: give one of numbers with one dim")
    return values


def expression_of(path: str) -> str:
    """The text of a file, "-" for what comes in."""
    from gridgrad_core.lang.program.limits import MAX_TEXT

    try:
        with click.open_file(path, "rb") as file:
            raw: bytes = file.read(4 * MAX_TEXT + 1)
    except OSError as error:
        raise click.BadParameter(f"{path!r}: {error.strerror or error}") from None
    try:
        text = raw[: 4 * MAX_TEXT].decode("utf-8-sig")
    except UnicodeDecodeError:
        raise click.BadParameter(f"{path!r} is no text in UTF-8") from None
    if not text.strip():
        raise click.BadParameter(f"{path!r} is empty: write an expression into it, such as t*k + 2*t*k**2")
    if len(raw) > 4 * MAX_TEXT or len(text) > MAX_TEXT:
        raise click.BadParameter(f"{path!r} is too large: an expression has at most {MAX_TEXT:,} characters")
    return text


def output(path: str) -> str:
    """A file that a result can be written to, as far as can be seen before it is computed."""
    from gridgrad.cli.output_files import check_output

    try:
        check_output(path)
    except RequestError as error:
        raise click.BadParameter(f"{error.found}; {error.remedy}") from None
    return path


def picture(path: str) -> str:
    """A file that a figure can be written to, as far as can be seen before it is drawn."""
    from gridgrad.cli.output_files import check_folder

    try:
        check_folder(path)
    except RequestError as error:
        raise click.BadParameter(f"{error.found}; {error.remedy}") from None
    return path


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
