"""Iterations of a fit: what a step of Gauss and Newton needs of a grid, and parameters that change from call to call.

A build without `bind_least_squares_terms` asks for the grid of the value and of each partial, and sums here.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gridgrad
from benchmarks.harness.block import Block, Order, Run, in_turn
from benchmarks.harness.relay import relayed

__all__ = ["in_jax", "iteration", "iteration_by_a_relay", "prepare", "reduced_many"]

MODEL = "a*exp(-b*t - c*k)*cos(d*t*k) + e*t + g"
AT = {"a": 2.0, "b": 0.7, "c": 0.3, "d": 1.1, "e": 0.2, "g": 0.5}
SIDE = 200
_COMPILES_S = 120.0
_GRID = "t*k + 2*t*k**2"


def prepare(address: str) -> str:
    """Calls until the sums are made by compiled code, and tells what makes them then."""
    with gridgrad.Client(address, sessions=False) as client:
        client.prepare(_GRID, _axes(SIDE))
        said = client.prepare(MODEL, _axes(SIDE) | AT, wrt=[*AT])
        step, until = _step(client, SIDE), time.monotonic() + _COMPILES_S
        while _direct_in(client, step) and time.monotonic() < until:
            pass
    return str(said)


def _direct_in(client: gridgrad.Client, step: Callable[[], object]) -> int:
    """How many of twenty steps are made by the direct tier."""
    before = _direct(client)
    for _ in range(20):
        step()
    return _direct(client) - before


def _direct(client: gridgrad.Client) -> int:
    return sum(each.grids for (_, tier), each in client.server_status().computed.items() if tier == "direct")


@contextlib.contextmanager
def iteration(address: str, side: int = SIDE, sessions: bool = True, along: bool = False) -> Iterator[Run]:
    """One caller that asks for Σr², Jᵀr and JᵀJ of six parameters.

    Args:
        address: of the server.
        side: of the square grid of observations.
        sessions: whether it goes by a session.
        along: whether data vary along one dim alone, as those of a grid larger than a message have to.
    """
    with gridgrad.Client(address, sessions=sessions, timeout=None) as client:
        yield in_turn(_step(client, side, along=along))


@contextlib.contextmanager
def iteration_by_a_relay(address: str, side: int = SIDE) -> Iterator[Run]:
    """The same by TCP; a block brings how many bytes one iteration took each way."""
    with relayed(address) as relay, gridgrad.Client(relay.address, sessions=False) as client:
        step = _step(client, side)
        for _ in range(3):
            step()

        def run(order: Order) -> Block:
            sent, received = relay.sent, relay.received
            block = in_turn(step)(order)
            calls = order["calls"]
            figures = {"bytes sent": (relay.sent - sent) / calls, "bytes back": (relay.received - received) / calls}
            return Block(block.latencies, block.elapsed_s, figures)

        yield run


@contextlib.contextmanager
def in_jax(side: int = SIDE) -> Iterator[Run]:
    """The same sums by `jax.jit` in the caller's own process."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    data = jnp.asarray(_data(side))
    t, k = (jnp.asarray(each) for each in _axes(side).values())

    def residuals(at: Any) -> Any:
        a, b, c, d, e, g = at
        along, across = t[:, None], k[None, :]
        model = a * jnp.exp(-b * along - c * across) * jnp.cos(d * along * across) + e * along + g
        return (model - data).ravel()

    def terms(at: Any) -> Any:
        r, jacobian = residuals(at), jax.jacfwd(residuals)(at)
        return r @ r, jacobian.T @ r, jacobian.T @ jacobian

    compiled, moves = jax.jit(terms), itertools.count()
    yield in_turn(lambda: [np.asarray(each) for each in compiled(np.array([*AT.values()]) + 1e-9 * next(moves))])


@contextlib.contextmanager
def reduced_many(address: str, grids: int, side: int) -> Iterator[Run]:
    """`map` of many small grids, of each of which the sums of the value and both partials are wanted.

    Args:
        address: of the server.
        grids: how many there are.
        side: of each.
    """
    inputs = [{"t": np.linspace(1.0, 2.0, side), "k": np.linspace(2.0, 3.0, side)} for _ in range(grids)]
    with gridgrad.Client(address) as client:
        try:
            client.gradient(_GRID, inputs[0], reduce="sum")
        except TypeError:  # a build that reduces nothing
            yield in_turn(lambda: [r._planes.sum((1, 2)) for r in client.map(_GRID, inputs)])
            return
        yield in_turn(lambda: sum(1 for _ in client.map(_GRID, inputs, reduce="sum")))


def _step(client: gridgrad.Client, side: int, *, along: bool = False) -> Callable[[], object]:
    inputs, moves = _axes(side), itertools.count()
    data: Any = ("t", np.cos(inputs["t"])) if along else _data(side)

    def at() -> dict[str, float]:
        shift = 1e-9 * next(moves)
        return {name: value + shift for name, value in AT.items()}

    if hasattr(client, "bind_least_squares_terms"):
        terms = client.bind_least_squares_terms(MODEL, {**inputs, **AT}, data, varying=[*AT], wrt=[*AT])
        return lambda: terms(at())

    def from_grids() -> object:
        result = client.gradient(MODEL, {**inputs, **at()}, wrt=[*AT])
        r = (result.value - (data[1][:, None] if along else data)).ravel()
        jacobian = np.stack([result.d[name].ravel() for name in AT], -1)
        return r @ r, jacobian.T @ r, jacobian.T @ jacobian

    return from_grids


def _axes(side: int) -> dict[str, NDArray[np.float64]]:
    return {"t": np.linspace(0.0, 3.0, side), "k": np.linspace(0.0, 2.0, side)}


def _data(side: int) -> NDArray[np.float64]:
    t, k = _axes(side).values()
    along, across = t[:, None], k[None, :]
    exact = 2.1 * np.exp(-0.72 * along - 0.31 * across) * np.cos(1.08 * along * across) + 0.19 * along + 0.51
    return exact + np.random.default_rng(7).normal(0.0, 0.01, exact.shape)
