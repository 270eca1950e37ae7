"""What takes long goes aside while several call, stays where it was begun, and nothing else goes there."""

from __future__ import annotations

from typing import Any

import pytest

from gridgrad_server.requests.function_key import CompatibilityKey, FunctionKey
from gridgrad_server.scheduling.request import GridRequest
from gridgrad_server.workers.aside import Aside, Lanes
from tests.server.building import OUTCOME, RememberingSink, make_template


class RememberingScheduler:
    """Remembers what it is given."""

    queued, waiting_batches, is_shared = 2, 1, False

    def __init__(self) -> None:
        self.told: list[tuple[str, GridRequest]] = []

    def submit(self, request: GridRequest) -> None:
        self.told.append(("submit", request))

    def cancel(self, request: GridRequest) -> None:
        self.told.append(("cancel", request))


class Wired:
    """Lanes between two schedulers, at a time that is set."""

    def __init__(self, *, with_aside: bool = True) -> None:
        self.main, self.aside = RememberingScheduler(), RememberingScheduler()
        self.compiled = self.hopeless = False
        self.times_wanted: list[float] = []
        self.now = 0.0
        schedulers: tuple[Any, Any] = self.main, self.aside
        policy: Any = self
        pool: Any = self
        self.lanes = Lanes(schedulers[0], policy, Aside(schedulers[1], pool) if with_aside else None)
        self.lanes._now = lambda: self.now

    def has_code(self, _: FunctionKey) -> bool:
        return self.compiled

    def want_one(self) -> None:
        self.times_wanted.append(self.now)

    def submit(self, request: GridRequest) -> str:
        """Submits a request; returns where it went."""
        before = len(self.main.told), len(self.aside.told)
        self.lanes.submit(request)
        grown = len(self.main.told) - before[0], len(self.aside.told) - before[1]
        return {(1, 0): "main", (0, 1): "aside"}[grown]


def function(operations: int = 10, kind: str = "expression") -> FunctionKey:
    key = CompatibilityKey(kind, "digest", ("f",), False, "float64", (("x", ("x",)),), (("x",),))
    return FunctionKey(1, key, "x", "1", operations)


def request(
    of: FunctionKey, caller: str = "hog", points: int = 10, tile_cost: int = 1 << 20, tier: str = ""
) -> GridRequest:
    return GridRequest(make_template(of, points, 1, tier), [], RememberingSink(), caller, None, tile_cost, 4)


LONG = 5000


def test_one_alone_has_the_workers_for_it() -> None:
    assert Wired().submit(request(function(LONG))) == "main"


def test_what_takes_long_goes_aside_for_a_minute_after_another_has_called() -> None:
    wired = Wired()
    assert wired.submit(request(function(), "neighbour")) == "main"
    wired.now = 50.0
    assert wired.submit(request(function(LONG))) == "aside"
    assert wired.submit(request(function())) == "main"
    wired.now = 61.0
    assert wired.submit(request(function(LONG))) == "main"


def test_the_worker_aside_is_started_while_what_takes_long_is_derived_and_for_nothing_else() -> None:
    wired = Wired()
    wired.lanes.expect(function(LONG), "hog")
    wired.now = 1.0
    wired.lanes.expect(function(), "neighbour")
    assert not wired.times_wanted, "one alone has the workers for it, and others wait for what is quick"
    wired.now = 2.0
    wired.lanes.expect(function(LONG), "hog")
    assert wired.times_wanted == [2.0]
    wired.now = 3.0
    wired.submit(request(function(LONG)))
    assert wired.times_wanted == [2.0, 3.0], "where it is not derived first"


def beside_another(**fields: bool) -> Wired:
    wired = Wired(**fields)
    wired.submit(request(function(), "neighbour"))
    return wired


def test_what_was_seen_to_take_long_goes_aside_and_what_was_seen_not_to_does_not() -> None:
    seen, long = function(), function(LONG)
    seen.throughput.note("direct", 1 << 16, 0.01)
    assert beside_another().submit(request(seen, points=1 << 16)) == "aside"
    assert beside_another().submit(request(seen, points=10)) == "main"
    long.throughput.note("direct", 20, 0.001)
    assert beside_another().submit(request(long)) == "main"


def test_bulk_goes_aside_only_where_every_tile_takes_long() -> None:
    seen = function()
    seen.throughput.note("direct", 1 << 21, 0.5)
    assert beside_another().submit(request(seen, points=1 << 20, tile_cost=1 << 10)) == "main"
    assert beside_another().submit(request(function(LONG), points=1 << 20, tile_cost=1 << 10)) == "aside"


def test_what_can_not_be_computed_there_stays() -> None:
    wired = beside_another()
    assert wired.submit(request(function(LONG, "registered"))) == "main"
    assert wired.submit(request(function(LONG), tier="compiled")) == "main"
    wired.compiled = True
    assert wired.submit(request(function(LONG))) == "main"
    wired.compiled, wired.hopeless = False, True
    assert wired.submit(request(function(LONG))) == "main"
    assert beside_another(with_aside=False).submit(request(function(LONG))) == "main"


@pytest.mark.parametrize("where", ["main", "aside"])
def test_what_was_begun_stays_where_it_was_and_is_cancelled_there(where: str) -> None:
    wired = Wired()
    if where == "aside":
        wired.submit(request(function(), "neighbour"))
    begun = request(function(LONG), points=1 << 12, tile_cost=1 << 10)
    assert wired.submit(begun) == where
    begun.computed(begun.progress.take(1 << 10), memoryview(b""), OUTCOME, {})
    wired.submit(request(function(), "another neighbour"))
    wired.now = 100.0 if where == "aside" else 1.0
    assert wired.submit(begun) == where
    wired.lanes.cancel(begun)
    assert (wired.main if where == "main" else wired.aside).told[-1] == ("cancel", begun)


def test_what_waits_is_counted() -> None:
    assert (Wired().lanes.queued, Wired(with_aside=False).lanes.queued) == (4, 2)
    assert Wired().lanes.waiting_batches == 1
    assert not Wired().lanes.is_shared
