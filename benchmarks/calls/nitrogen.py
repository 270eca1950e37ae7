"""Nitrogen with all partials to second order: served, by finite differences in numpy, and how far both are off."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import numpy as np

import gridgrad
from benchmarks.harness.block import Run, in_turn
from benchmarks.peers.nitrogen import TEXT, WANTED, axes, exact_grids, finite_differences, in_numpy, relative_error

__all__ = ["differences", "errors", "first_then_prepared", "gradient"]

COARSE = 16
"""Errors are taken at so many points along each axis."""
COMPILE_TIMEOUT_S = 600


def first_then_prepared(address: str) -> str:
    """How long the first grid ever took; then has it compiled, as it would be once it proves hot."""
    with gridgrad.Client(address) as client:
        started_at = time.perf_counter()
        client.gradient(TEXT, axes(256), order=2)
        first_ms = 1e3 * (time.perf_counter() - started_at)
        prepared = client.prepare(TEXT, axes(32), order=2, timeout=COMPILE_TIMEOUT_S)
    return f"first grid ever, 256²: {first_ms:.0f} ms; then {prepared}"


@contextlib.contextmanager
def gradient(address: str, side: int, sessions: bool) -> Iterator[Run]:
    """One caller of grids of side²."""
    inputs = axes(side)
    with gridgrad.Client(address, sessions=sessions) as client:
        yield in_turn(lambda: client.gradient(TEXT, inputs, order=2))


@contextlib.contextmanager
def differences(side: int) -> Iterator[Run]:
    """Central differences of the same function in numpy."""
    function, inputs = in_numpy(), axes(side)
    yield in_turn(lambda: finite_differences(inputs, function))


def errors(address: str) -> dict[str, tuple[float, float]]:
    """The relative error of the worst of the six at each point, by who computed them: its median and its greatest."""
    coarse = axes(COARSE)
    with gridgrad.Client(address) as client:
        result = client.gradient(TEXT, coarse, order=2)
    grids = {
        "Gridgrad": [result.d[wrt] for wrt in WANTED],
        "finite differences": finite_differences(coarse, in_numpy()),
    }
    exact = exact_grids(coarse)
    worst = {name: relative_error(each, exact) for name, each in grids.items()}
    return {name: (float(np.median(error)), float(error.max())) for name, error in worst.items()}
