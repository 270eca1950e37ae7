"""Callers that go on calling while something is done to their server, and count what becomes of it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import grpc
import numpy as np
from numpy.typing import NDArray

import gridgrad
from tests.service.calls import OPTIONS, Calls, axis, grids, request
from tests.service.harness import eventually

__all__ = ["TEXT", "Load", "under_load"]

TEXT = "t*k + 2*t*k**2"
T, K = np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0])
RIGHT = np.multiply.outer(T, K + 2 * K**2)
MANY = 200
LARGE = np.linspace(0.0, 1.0, 700)


class Load:
    """Callers of each kind, until `end`.

    Attributes:
        answered: how many calls of each kind were.
        refused: how many were as busy, which loses nothing.
        lost: what else they ended with.
        longest_s: that a call took.
    """

    def __init__(self, address: str) -> None:
        self.answered: Counter[str] = Counter()
        self.refused = 0
        self.lost: list[str] = []
        self.longest_s = 0.0
        self._ended = threading.Event()
        self._stack = contextlib.ExitStack()
        channel = self._stack.enter_context(grpc.insecure_channel(address, OPTIONS))
        local = self._stack.enter_context(gridgrad.Client(address))
        remote = self._stack.enter_context(gridgrad.Client(address, sessions=False))
        kinds: dict[str, Callable[[], None]] = {
            "unary": lambda: _unary(Calls(channel)),
            "session": lambda: _small(local),
            "map": lambda: _many(remote),
            "large": lambda: _large(remote),
        }
        self._threads = [threading.Thread(target=self._call_on, args=each) for each in kinds.items()]
        self._kinds = list(kinds)
        for thread in self._threads:
            thread.start()

    def await_answers(self, count: int) -> None:
        """Waits until so many calls more of each kind are answered."""
        before = self.answered.copy()
        eventually(
            lambda: all(self.answered[kind] >= before[kind] + count for kind in self._kinds) or self.lost,
            f"{count} answers of each kind beside {dict(self.answered)}",
        )

    def end(self) -> None:
        """Ends the callers once their calls are answered."""
        self._ended.set()
        for thread in self._threads:
            thread.join()
        self._stack.close()

    def __str__(self) -> str:
        calls = ", ".join(f"{count} {kind}" for kind, count in sorted(self.answered.items()))
        lost = f"{self.refused} refused as busy, {len(self.lost)} lost"
        return f"{calls} calls answered, {lost}, the longest took {self.longest_s:.2f} s"

    def _call_on(self, kind: str, call: Callable[[], None]) -> None:
        while not self._ended.is_set() and not self.lost:
            began_at = time.monotonic()
            try:
                call()
                self.answered[kind] += 1
            except gridgrad.BusyError:
                self.refused += 1
            except Exception as error:  # noqa: BLE001 - each is a loss
                self._count(kind, error)
            self.longest_s = max(self.longest_s, time.monotonic() - began_at)

    def _count(self, kind: str, error: Exception) -> None:
        code = error.code() if isinstance(error, grpc.Call) else None
        if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
            self.refused += 1
        else:
            self.lost.append(f"{kind}: {error!r}")


@contextlib.contextmanager
def under_load(address: str) -> Iterator[Load]:
    """Has a server called, before what the block does and after it; none of the calls may be lost."""
    load = Load(address)
    try:
        load.await_answers(3)
        yield load
        load.await_answers(3)
    finally:
        load.end()
    assert not load.lost, load.lost


def _check(found: NDArray[np.floating], right: NDArray[np.floating]) -> None:
    np.testing.assert_allclose(found, right, rtol=1e-14)


def _unary(calls: Calls) -> None:
    _check(grids(calls.ask(request(TEXT, [axis("t", T), axis("k", K)])))[0], RIGHT)


def _small(client: gridgrad.Client) -> None:
    _check(client.gradient(TEXT, {"t": T, "k": K}).value, RIGHT)


def _many(client: gridgrad.Client) -> None:
    inputs = ({"t": T + n, "k": K} for n in range(MANY))
    for n, result in enumerate(client.map(TEXT, inputs)):
        _check(result.value, np.multiply.outer(T + n, K + 2 * K**2))


def _large(client: gridgrad.Client) -> None:
    result = client.gradient("a*b + c", {"a": LARGE, "b": LARGE, "c": 0.5})
    _check(result.value, np.multiply.outer(LARGE, LARGE) + 0.5)
    _check(result.d["a"], np.broadcast_to(LARGE, (LARGE.size, LARGE.size)))
