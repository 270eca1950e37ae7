"""Callers of registered functions, and of the same formulas as text, in sessions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

import gridgrad
from benchmarks.harness.block import Run, in_turn
from benchmarks.peers.network import AXES as OF_NETWORK

__all__ = ["TEXTS", "formula", "network", "prepare"]

TEXTS = {
    "bilinear": "t*k + 2*t*k**2",
    "black_scholes": (
        "d = (log(spot/100) + 0.03 + 0.5*v**2)/v; "
        "spot*(0.5*erfc(-d/sqrt(2))) - 100*exp(-0.03)*(0.5*erfc(-(d - v)/sqrt(2)))"
    ),
}
AXES = {"bilinear": {"t": (1.0, 2.0), "k": (2.0, 3.0)}, "black_scholes": {"spot": (80.0, 120.0), "v": (0.1, 0.4)}}


def inputs_of(name: str, side: int) -> dict[str, Any]:
    """The axes of a function on a square grid."""
    return {axis: np.linspace(*ends, side) for axis, ends in AXES[name].items()}


def prepare(address: str) -> str:
    """Has all compiled that can be, and tells what computes it."""
    told = []
    with gridgrad.Client(address, sessions=False) as client:
        for name, text in TEXTS.items():
            for function in (text, gridgrad.registered(name)):
                try:
                    told.append(client.prepare(function, inputs_of(name, 32)).tier)
                except gridgrad.RequestError:  # an old build, which computes registered functions by torch
                    told.append("torch")
    return ", ".join(told)


@contextlib.contextmanager
def formula(address: str, name: str, side: int, way: Literal["registered", "text"]) -> Iterator[Run]:
    """One caller in a loop, for the value and both partials.

    Args:
        address: of the server.
        name: of the function.
        side: of the square grid.
        way: by its name or as a text.
    """
    inputs = inputs_of(name, side)
    function = gridgrad.registered(name) if way == "registered" else TEXTS[name]
    with gridgrad.Client(address) as client:
        for _ in range(3):
            client.gradient(function, inputs)
        yield in_turn(lambda: client.gradient(function, inputs))


@contextlib.contextmanager
def network(address: str, side: int, order: int) -> Iterator[Run]:
    """One caller in a loop, for the value of the network and its partials to an order.

    Args:
        address: of the server.
        side: of the square grid.
        order: of the derivatives.
    """
    inputs = {name: np.linspace(*ends, side) for name, ends in OF_NETWORK.items()}
    with gridgrad.Client(address) as client:
        for _ in range(3):
            client.gradient(gridgrad.registered("network"), inputs, order=order)
        yield in_turn(lambda: client.gradient(gridgrad.registered("network"), inputs, order=order))
