"""Values of a file, each with its place in it, so that what is wrong can be told by path and key."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

from gridgrad_core.errors import RequestError

__all__ = ["FileValue"]


class FileValue:
    """A value of a file.

    Args:
        value: what it is.
        place: the file, and the path of keys within it.
    """

    def __init__(self, value: Any, place: str) -> None:
        self.value = value
        self.place = place

    def refused(self, found: str, remedy: str) -> RequestError:
        """The error for something here."""
        return RequestError(self.place, found, remedy)

    def __getitem__(self, key: str) -> FileValue:
        """What is under a key that must be there."""
        if not isinstance(self.value, dict):
            raise self.refused("is no object", f"give one with {key!r}")
        if key not in self.value:
            raise self.refused(f"has no {key!r}", "add it, as CoolProp's files have it")
        return FileValue(self.value[key], f"{self.place}.{key}")

    def items(self) -> list[FileValue]:
        """The elements of a list that has some."""
        if not isinstance(self.value, list) or not self.value:
            raise self.refused("is no list of one or more", "give one, as CoolProp's files have it")
        return [FileValue(value, f"{self.place}[{index}]") for index, value in enumerate(self.value)]

    def number(self) -> float:
        """A finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not math.isfinite(self.value):
            raise self.refused(f"is {str(self.value)[:60]!r} and no finite number", "give a finite number")
        return float(self.value)

    def numbers(self) -> list[float]:
        """A list of finite numbers."""
        return [each.number() for each in self.items()]

    def check_unit(self, key: str, unit: str) -> None:
        """Refuses a quantity in another unit."""
        given = self[key].value
        if given != unit:
            raise self[key].refused(f"is {str(given)[:60]!r}", f"convert it to {unit}")

    def check_keys(self, known: Collection[str]) -> None:
        """Refuses a key that nobody knows; notes begin with an underscore."""
        unknown = [key for key in self.value if key not in known and not key.startswith("_")]
        if unknown:
            raise self[unknown[0]].refused("is a key that is not known", f"known are {', '.join(sorted(known))}")
