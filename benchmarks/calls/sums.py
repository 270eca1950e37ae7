"""Callers of a sum of 56 terms, such as an equation of state has: over arrays, or written out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import gridgrad
from benchmarks.harness.block import Run, in_turn

__all__ = ["prepare", "terms"]

TERMS = 56
SIDE = 256


def prepare(address: str) -> str:
    """Has both compiled, and tells how long each took."""
    with gridgrad.Client(address, sessions=False) as client:
        return "; ".join(str(client.prepare(**_asked(way), timeout=600)) for way in ("arrays", "written"))


@contextlib.contextmanager
def terms(address: str, way: str) -> Iterator[Run]:
    """One caller of a grid of 256² with both partials.

    Args:
        address: of the server.
        way: "arrays", summed over, or "written", the terms written out with the same numbers.
    """
    asked = _asked(way)
    with gridgrad.Client(address) as client:
        yield in_turn(lambda: client.gradient(**asked))


def _asked(way: str) -> dict[str, Any]:
    draw = np.random.default_rng(56)
    n, d, t = draw.normal(size=TERMS), draw.integers(1, 9, TERMS), draw.integers(1, 160, TERMS) / 8
    inputs = {"delta": np.linspace(0.1, 2, SIDE), "tau": np.linspace(0.5, 2, SIDE)}
    if way == "arrays":
        arrays = {"n": n, "d": d, "t": t}
        return {"function": "sum(n*delta**d*tau**t)", "inputs": inputs, "coefficients": arrays}
    written = (f"{n[i]!r}*delta**{d[i]}*tau**{t[i]!r}" for i in range(TERMS))
    return {"function": " + ".join(each.replace("np.float64(", "(") for each in written), "inputs": inputs}
