"""One caller of a server: in a loop, beside a neighbour, or beside a flood."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import gridgrad
from benchmarks.calls.neighbour import neighbour
from benchmarks.calls.workload import EXPRESSION, WAVE, axes, wave_axes
from benchmarks.harness.block import Block, Order, Run, in_turn

if TYPE_CHECKING:
    from gridgrad.requests.request import Tier  # in an old build it may be elsewhere

__all__ = [
    "at_hosts",
    "beside_a_flood",
    "beside_a_hog",
    "beside_large_grids",
    "gradient",
    "look_at",
    "prepare",
    "prepare_wave",
    "wave",
]

SIDE = 32


def prepare(address: str) -> str:
    """Has the expression compiled, if it can be, so that no call meets the change; tells what computes it then."""
    with gridgrad.Client(address, sessions=False) as client:
        return str(client.prepare(EXPRESSION, axes(SIDE)))


def look_at(address: str) -> str:
    """The same, and asks the server how it is, since when it counts."""
    with gridgrad.Client(address, sessions=False) as client:
        client.server_status()
    return prepare(address)


@contextlib.contextmanager
def gradient(
    address: str, side: int = SIDE, sessions: bool = False, pause_s: float = 0.0, token: str = ""
) -> Iterator[Run]:
    """One caller in a loop.

    Args:
        address: of the server.
        side: of the square grid.
        sessions: whether it goes by a session, which the second call opens.
        pause_s: seconds between calls.
        token: to show; none where it is empty, so that an old build, which takes none, can be called.
    """
    inputs = axes(side)
    shown: dict[str, Any] = {"token": token} if token else {}
    with gridgrad.Client(address, sessions=sessions, **shown) as client:
        for _ in range(2):
            client.gradient(EXPRESSION, axes(SIDE))
        yield in_turn(lambda: client.gradient(EXPRESSION, inputs), pause_s)


def prepare_wave(address: str) -> str:
    """Has the wave compiled to both orders, so that each way computes in its own."""
    with gridgrad.Client(address, sessions=False) as client:
        return "; ".join(str(client.prepare(WAVE, wave_axes(SIDE), order=order)) for order in (1, 2))


@contextlib.contextmanager
def wave(address: str, side: int, order: int, way: Literal["compiled", "direct", "registered"]) -> Iterator[Run]:
    """One caller of the wave in a session.

    Args:
        address: of the server.
        side: of the square grid.
        order: all partials up to it.
        way: the tier that computes the expression, or the registered function instead.
    """
    inputs = wave_axes(side)
    function = gridgrad.registered("wave") if way == "registered" else WAVE
    tier: Tier = "auto" if way == "registered" else way
    with gridgrad.Client(address) as client:
        for _ in range(2):
            client.gradient(function, inputs, order=order, tier=tier)
        yield in_turn(lambda: client.gradient(function, inputs, order=order, tier=tier))


@contextlib.contextmanager
def at_hosts(address: str, hosts: Sequence[str], side: int = SIDE) -> Iterator[Run]:
    """One caller in a loop, of a server that listens everywhere.

    Args:
        address: of the server, of which the port counts.
        hosts: by which the client knows it.
        side: of the square grid.
    """
    inputs, port = axes(side), address.rpartition(":")[2]
    with gridgrad.Client(",".join(f"{host}:{port}" for host in hosts), sessions=False) as client:
        for _ in range(2):
            client.gradient(EXPRESSION, axes(SIDE))
        yield in_turn(lambda: client.gradient(EXPRESSION, inputs))


@contextlib.contextmanager
def beside_large_grids(address: str, side: int = SIDE) -> Iterator[Run]:
    """One caller of small grids beside a neighbour who asks the same server for large ones."""
    with gradient(address, side) as block, neighbour("ours", address) as other:

        def run(order: Order) -> Block:
            with other.going():
                return block(order)

        yield run


@contextlib.contextmanager
def beside_a_flood(address: str, side: int = SIDE, token: str = "", flood: str = "") -> Iterator[Run]:
    """One caller of small grids beside another who sends thousands of them on a stream.

    Args:
        address: of the server.
        side: of the square grids.
        token: that the caller shows.
        flood: that the other shows.
    """
    with gradient(address, side, token=token) as block:

        def run(order: Order) -> Block:
            with _flood("benchmarks.calls.flooder", address, token=flood) as said:
                done = block(order)
            return done._replace(figures={"grids/s of the flood": int(said[0]) / done.elapsed_s})

        yield run


@contextlib.contextmanager
def beside_a_hog(address: str, kind: str, side: int = SIDE, pause_s: float = 0.01) -> Iterator[Run]:
    """One caller of small grids beside another who has four calls in flight of what costs most; what he waits, answered
    or not.
    """
    inputs = axes(side)
    with gridgrad.Client(address, sessions=False) as client:

        def call() -> None:
            with contextlib.suppress(gridgrad.GridgradError):  # an old build leaves him waiting for a minute
                client.gradient(EXPRESSION, inputs)

        def run(order: Order) -> Block:
            call()
            with _flood("benchmarks.calls.hog", address, kind):
                return in_turn(call, pause_s)(order)

        yield run


@contextlib.contextmanager
def _flood(module: str, *arguments: str, token: str = "") -> Iterator[list[str]]:
    """While it is entered, another process calls; what that says at its end is put into the list."""
    command = [sys.executable, "-m", module, *arguments]
    variables = {**os.environ, "GRIDGRAD_TOKEN": token} if token else None
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if not process.stdout.readline():
            raise RuntimeError("the flood has not begun")
        said: list[str] = []
        yield said
        process.stdin.close()
        said.append(process.stdout.read())
