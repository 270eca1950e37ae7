"""Callers that ask for properties of a fluid of a file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import gridgrad
from benchmarks.calls.first_calls import with_servers
from benchmarks.calls.fluid_states import WANTED, axes_of, recorded
from benchmarks.harness.block import Run, in_turn
from benchmarks.harness.processes import Served
from gridgrad.fluids import read_fluid

__all__ = ["FLUIDS", "first", "prepare", "properties"]

FLUIDS = ("Nitrogen", "Water")
_WAYS = ("grid", "points")


def prepare(address: str) -> str:
    """Has all of them compiled, so that no call meets the change; tells what computes them then."""
    with gridgrad.Client(address, sessions=False) as client:
        asked = [_asked(name, way) for name in FLUIDS for way in _WAYS]
        return "; ".join(str(client.prepare(*each, timeout=600)) for each in asked)


@contextlib.contextmanager
def properties(address: str, name: str, way: str) -> Iterator[Run]:
    """One caller of the four properties at 256 × 256 states.

    Args:
        address: of the server.
        name: of the fluid.
        way: "grid", of temperatures by densities, or "points", the same states in a list.
    """
    text, inputs = _asked(name, way)
    with gridgrad.Client(address) as client:
        yield in_turn(lambda: client.gradient(text, inputs))


@contextlib.contextmanager
def first(name: str) -> Iterator[Run]:
    """From the file to the first answer, by a server that has computed other expressions only.

    Args:
        name: of the fluid.
    """
    file = recorded(name)["file"]
    axes = axes_of(file)

    def call(client: gridgrad.Client, _: Served) -> dict[str, float]:
        client.gradient(read_fluid(file).property(*WANTED), axes)
        return {}

    yield with_servers(call)


def _asked(name: str, way: str) -> tuple[str, dict[Any, Any]]:
    file = recorded(name)["file"]
    text, axes = read_fluid(file).property(*WANTED), axes_of(file)
    if way == "grid":
        return text, axes
    points = np.stack(np.meshgrid(*axes.values(), indexing="ij"), -1).reshape(-1, len(axes))
    return text, {tuple(axes): points}
