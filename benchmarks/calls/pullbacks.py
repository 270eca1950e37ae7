"""Gradients of sums by many inputs at once, and the sums alone."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import gridgrad
from benchmarks.harness.block import Run, in_turn
from benchmarks.peers.nitrogen import TEXT, axes

__all__ = ["by_axes", "by_coefficients", "in_jax", "over_a_large_grid", "prepare"]

TERMS, SHIFTS = 56, 44
SIDE = 256
LARGE = "exp(-t*k)*sin(t) + t*k**2"
COMPILE_TIMEOUT_S = 400


def prepare(address: str) -> str:
    """Calls until all is compiled, and says how long that took."""
    started_at = time.monotonic()
    with gridgrad.Client(address, sessions=False) as client:
        calls = [*_of_coefficients(client), *_of_axes(client, 1024)]
        while calls and time.monotonic() - started_at < COMPILE_TIMEOUT_S:
            calls = [call for call in calls if all(call().info.tier != "compiled" for _ in range(20))]
    left = f", {len(calls)} not" if calls else ""
    return f"compiled after {time.monotonic() - started_at:.0f} s{left}"


@contextlib.contextmanager
def by_coefficients(address: str, gradient: bool) -> Iterator[Run]:
    """One caller of a sum over an equation of state of 56 terms with 100 coefficients, which change from call to call.

    Args:
        address: of the server.
        gradient: whether with the gradient by the coefficients.
    """
    with gridgrad.Client(address) as client:
        yield in_turn(_of_coefficients(client)[gradient])


@contextlib.contextmanager
def by_axes(address: str, gradient: bool, side: int = 1024) -> Iterator[Run]:
    """One caller of a sum over nitrogen's equation of state.

    Args:
        address: of the server.
        gradient: whether with the gradient by both axes.
        side: of the square grid.
    """
    with gridgrad.Client(address) as client:
        yield in_turn(_of_axes(client, side)[gradient])


@contextlib.contextmanager
def over_a_large_grid(address: str, side: int, cotangent: bool) -> Iterator[Run]:
    """One caller of a gradient by both axes of a grid larger than a message.

    Args:
        address: of the server.
        side: of the square grid.
        cotangent: whether an array of the grid's shape goes there.
    """
    inputs = {"t": np.linspace(0, 1, side), "k": np.linspace(0, 2, side)}
    given = np.ones((side, side)) if cotangent else None
    with gridgrad.Client(address, timeout=None) as client:
        yield in_turn(lambda: client.pullback(LARGE, inputs, given, wrt=["t", "k"]))


@contextlib.contextmanager
def in_jax() -> Iterator[Run]:
    """`jax.jit(jax.grad)` of the sum by the coefficients, in the caller's own process."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    powers, n, m = _terms()
    delta, tau = (jnp.asarray(each)[:, None] for each in _axes().values())

    def total(n: Any, m: Any) -> Any:
        terms = [n[i] * delta**d * tau.T**t for i, (d, t, _) in enumerate(powers)]
        for i in range(SHIFTS):
            terms[TERMS - SHIFTS + i] *= jnp.exp(-m[i] * delta ** powers[TERMS - SHIFTS + i][2])
        return jnp.sum(sum(terms[1:], terms[0]))

    compiled = jax.jit(jax.grad(total, argnums=(0, 1)))

    def call() -> object:
        n[0] += 1e-9
        return [np.asarray(each) for each in compiled(n, m)]

    yield in_turn(call)


def _of_coefficients(client: gridgrad.Client) -> list[Callable[[], gridgrad.Result]]:
    powers, n, m = _terms()
    terms = [f"n_{i}*delta**{d}*tau**{t}" for i, (d, t, _) in enumerate(powers)]
    for i in range(SHIFTS):
        terms[TERMS - SHIFTS + i] += f"*exp(-m_{i}*delta**{powers[TERMS - SHIFTS + i][2]})"
    text, inputs = " + ".join(terms), _axes()

    def value() -> gridgrad.Result:
        n[0] += 1e-9
        return client.gradient(text, inputs, order=0, coefficients={"n": n, "m": m}, reduce="sum")

    def gradient() -> gridgrad.Result:
        n[0] += 1e-9
        return client.pullback(text, inputs, wrt=["n", "m"], coefficients={"n": n, "m": m})

    return [value, gradient]


def _of_axes(client: gridgrad.Client, side: int) -> list[Callable[[], gridgrad.Result]]:
    inputs = axes(side)
    return [
        lambda: client.gradient(TEXT, inputs, order=0, reduce="sum"),
        lambda: client.pullback(TEXT, inputs, wrt=[*inputs]),
    ]


def _terms() -> tuple[list[tuple[int, float, int]], Any, Any]:
    """The powers of each term, and the coefficients."""
    draw = np.random.default_rng(56)
    powers = zip(draw.integers(1, 9, TERMS), draw.integers(1, 160, TERMS) / 8, draw.integers(1, 4, TERMS), strict=True)
    listed = [(int(d), float(t), int(e)) for d, t, e in powers]
    return listed, draw.normal(size=TERMS), draw.uniform(0.5, 1.5, SHIFTS)


def _axes() -> dict[str, Any]:
    return {"delta": np.linspace(0.1, 1.5, SIDE), "tau": np.linspace(0.5, 1.5, SIDE)}
