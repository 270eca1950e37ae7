"""Requests that wait at the gate, and a worker and a queue that are kept busy by them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.service.calls import Call, Calls, axis, grids, request
from tests.service.harness import HOLD, Running, eventually

__all__ = ["BUSY_WITH", "GATE", "at_gate", "await_full", "behind_the_gate", "busy_worker", "is_full", "square", "value"]

BUSY_WITH = 2
"""How many entries `busy_worker` keeps in the queue."""
GATE = pb.Function(registered="gate")


def at_gate(*x: float) -> pb.GridGradientRequest:
    """x² by the registered function that waits while it is held and some x is over HOLD."""
    return request(GATE, [axis("x", x)])


def square(x: float) -> pb.GridGradientRequest:
    """x² and its derivative, by an expression."""
    return request("x**2", [axis("x", [x])], ["x"])


def value(call: Call) -> float:
    """The first number that a call was answered with."""
    return float(grids(pb.GridGradientResponse.FromString(call.result())).flat[0])


@contextlib.contextmanager
def busy_worker(server: Running, calls: Calls) -> Iterator[None]:
    """Inside the block the only worker has one batch at the gate and one waiting, until it is released."""
    with server.control.held():
        blocking = calls.start(at_gate(HOLD + 1))
        server.control.await_held()
        waiting = calls.start(square(2.0))
        calls.flush()
        yield
        server.control.release()
        assert value(blocking) == (HOLD + 1) ** 2
        assert value(waiting) == 4


def is_full(calls: Calls) -> bool:
    """Whether the queue takes no more; a probe that it takes expires and leaves it."""
    full = calls.refusal(square(1.0), timeout=0.2).reason == "BUSY"
    if not full:
        time.sleep(0.2)  # leaves the room to others
    return full


def await_full(calls: Calls) -> None:
    """Waits until the queue takes no more."""
    eventually(lambda: is_full(calls), "a full queue")


def behind_the_gate(
    server: Running, numbered: list[tuple[int, pb.GridGradientRequest]]
) -> Iterator[tuple[int, pb.GridGradientRequest]]:
    """The entries, the second and later ones once the worker is busy with the first."""
    yield numbered[0]
    server.control.await_held()
    yield from numbered[1:]
