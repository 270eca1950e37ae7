"""Fluids that have all types of terms between them, with CoolProp's values: `coolprop_answers` writes sample.json."""

from __future__ import annotations

import functools
import json
from typing import Any

from gridgrad.fluids import Fluid, read_fluid
from tests.client.fluids.coolprop_answers import SAMPLE


@functools.cache
def cases() -> list[dict[str, Any]]:
    """What CoolProp said of each fluid."""
    found: list[dict[str, Any]] = json.loads(SAMPLE.read_text())
    return found


def file_of(name: str) -> dict[str, Any]:
    """The file of one of them, anew each time."""
    (case,) = (case for case in cases() if case["file"]["INFO"]["NAME"] == name)
    copied: dict[str, Any] = json.loads(json.dumps(case["file"]))
    return copied


def fluid(name: str) -> Fluid:
    """One of them."""
    return read_fluid(file_of(name))
