"""Callers with one table of a million numbers, whose bytes on the socket are counted."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

import gridgrad
from benchmarks.harness.block import Block, Order, Run, timed
from benchmarks.harness.relay import Relay, relayed

__all__ = ["table"]

NUMBERS, POINTS = 10**6, 1000
Array = NDArray[np.float64]


@contextlib.contextmanager
def table(address: str, way: str) -> Iterator[Run]:
    """One caller by TCP, new for each call but one: the first with a table of 10⁶ values, or the second.

    Args:
        address: of the server.
        way: "first" or "second".
    """
    knots = np.linspace(0, 1, NUMBERS)
    values = np.random.default_rng(3).normal(size=NUMBERS)
    with relayed(address) as relay:

        def run(order: Order) -> Block:
            done = [_called(relay, values, knots, is_second=way == "second") for _ in range(order["calls"])]
            latencies = [seconds for seconds, _ in done]
            return Block(latencies, sum(latencies), {"kB": max(sent for _, sent in done) / 1000})

        yield run


def _called(relay: Relay, values: Array, knots: Array, *, is_second: bool) -> tuple[float, int]:
    """The seconds of a call, and the bytes that it has sent beside the axis."""
    r = np.linspace(0, 1, POINTS)
    inputs = {"r": r, "V": gridgrad.table(values, x=knots)}
    with gridgrad.Client(relay.address, sessions=False) as client:
        client.gradient("r", {"r": r})  # connects
        if is_second:
            client.gradient("V(r)*r", inputs)
        before = relay.sent
        seconds = timed(lambda: client.gradient("V(r)*r", inputs))
        return seconds, relay.sent - before - r.nbytes
