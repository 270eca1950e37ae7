"""The types of settings: each makes a value of text, or says what would be right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

__all__ = ["GIB", "KIB", "MIB", "Address", "Bytes", "Count", "Module", "Paths", "Seconds", "TcpAddress"]

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


class _FlagType(click.ParamType[Any]):
    """A type whose `parsed` returns None for text that is wrong; `takes` says what is right."""

    takes: str
    envvar_list_splitter = ","

    def split_envvar_value(self, rv: str) -> list[str]:
        """The parts of a list, without spaces around them; empty ones are left out."""
        return [part.strip() for part in rv.split(",") if part.strip()]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value of a text; what is no text is a default already."""
        if not isinstance(value, str):
            return value
        parsed = self.parsed(value.strip())
        if parsed is None:
            self.fail(f"{value!r}: it takes {self.takes}", param, ctx)
        return parsed

    def parsed(self, text: str) -> Any:
        raise NotImplementedError


class Count(_FlagType):
    """A whole number."""

    name = "count"

    def __init__(self, least: int) -> None:
        self._least = least
        self.takes = f"a whole number, {least} or more"

    def parsed(self, text: str) -> int | None:
        """The number."""
        value = int(text) if text.lstrip("+").isdecimal() else self._least - 1
        return value if value >= self._least else None


class CountOrAuto(Count):
    """A whole number from 1 on, or "auto", which is 0."""

    name = "count"

    def __init__(self) -> None:
        super().__init__(1)
        self.takes = "a whole number, 1 or more, or auto"

    def parsed(self, text: str) -> int | None:
        """The number."""
        return 0 if text == "auto" else super().parsed(text)


class Bytes(_FlagType):
    """A number of bytes, with or without a unit."""

    name = "bytes"
    takes = "a number of bytes such as 67108864, 64MiB or 1GiB"
    _units = {"": 1, "k": KIB, "m": MIB, "g": GIB}  # noqa: RUF012 - never changed

    def __init__(self, least: int = 1) -> None:
        self._least = least

    def parsed(self, text: str) -> int | None:
        """The number."""
        text = text.lower().removesuffix("ib")
        digits = text.rstrip("kmg")
        unit = text[len(digits) :]
        if not digits.isdecimal() or unit not in self._units or int(digits) < self._least:
            return None
        return int(digits) * self._units[unit]


class Seconds(_FlagType):
    """A time in seconds."""

    name = "seconds"
    takes = "a number of seconds over 0"

    def parsed(self, text: str) -> float | None:
        """The number."""
        try:
            value = float(text)
        except ValueError:
            return None
        return value if 0 < value < 1e9 else None


class Address(_FlagType):
    """What to listen on."""

    name = "address"
    takes = "HOST:PORT, [IPV6]:PORT or unix:/PATH; port 0 takes a free one"

    def parsed(self, text: str) -> str | None:
        """The address."""
        return text if text.removeprefix("unix:") not in (text, "") or _is_tcp(text) else None


class TcpAddress(_FlagType):
    """A host and port to listen on."""

    name = "address"
    takes = "HOST:PORT or [IPV6]:PORT; port 0 takes a free one"

    def parsed(self, text: str) -> str | None:
        """The address."""
        return text if not text.startswith("unix:") and _is_tcp(text) else None


def _is_tcp(text: str) -> bool:
    host, _, port = text.rpartition(":")
    if ":" in host and not host.startswith("["):
        return False
    return bool(host) and port.isdecimal() and int(port) <= 65535


class Paths(_FlagType):
    """A file or a directory, of several."""

    name = "path"
    takes = "the path of a file, or of a directory"

    def parsed(self, text: str) -> Path | None:
        """The path."""
        return Path(text) if text else None


_MODELS = (".pt2", ".onnx", ".toml")  # by which workers know them too


class Module(_FlagType):
    """The name of a Python module, or of a model."""

    name = "module"
    takes = "the dotted name of a Python module, such as package.module; package.module:Class, model.pt2 or a folder/"

    def parsed(self, text: str) -> str | None:
        """The name."""
        module, _, member = text.partition(":")
        is_path = "/" in text or text.endswith(_MODELS)
        named = [module, member] if ":" in text else [module]
        return text if is_path or all(part.isidentifier() for each in named for part in each.split(".")) else None
