"""Sides in turns, and the processes that make their calls."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from benchmarks.harness.block import Block, Order, Run, in_turn, percentile
from benchmarks.harness.build import HERE, Build, builds_of
from benchmarks.harness.case import Case, Side
from benchmarks.harness.host import CallError, open_host
from benchmarks.harness.row import Turn, figure
from benchmarks.harness.stage import Stage
from benchmarks.harness.turns import measure, take_turns

CALLS = "tests.benchmarks.test_turns"


class Lane:
    """Notes when it runs."""

    def __init__(self, name: str, told: list[tuple[str, int]]) -> None:
        self.key = (name, "ours")
        self._told = told

    def run(self, number: int) -> Turn:
        self._told.append((self.key[0], number))
        return Turn(Block([1.0], 1.0), {}, {}, {})


def test_each_round_begins_with_another_side() -> None:
    told: list[tuple[str, int]] = []
    taken = take_turns([Lane("a", told), Lane("b", told)], 3)
    assert told == [("a", 0), ("b", 0), ("b", 1), ("a", 1), ("a", 2), ("b", 2)]
    assert [len(turns) for turns in taken.values()] == [3, 3]


def test_blocks_one_after_another_and_at_once() -> None:
    blocks = [Block([1.0, 2.0], 3.0, {"size": 1.0}), Block([4.0], 4.0, {"size": 3.0})]
    assert Block.of(blocks) == Block([1.0, 2.0, 4.0], 7.0, {"size": 2.0})
    assert Block.at_once(blocks) == Block([1.0, 2.0, 4.0], 4.0, {"size": 2.0})
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0


@pytest.mark.parametrize(
    ("order", "calls"),
    [
        ({"calls": 7}, 7),
        ({"seconds": 0.0, "least": 5, "most": 200}, 5),
        ({"seconds": 1e9, "least": 5, "most": 9}, 9),
    ],
)
def test_how_many_calls_a_block_makes(order: Mapping[str, Any], calls: int) -> None:
    made: list[int] = []
    block = in_turn(lambda: made.append(0))(order)
    assert len(block.latencies) == len(made) == calls


@contextmanager
def counting(first: int) -> Iterator[Run]:
    """Blocks that tell where they ran, and how many there were."""
    count = first

    def run(order: Order) -> Block:
        nonlocal count
        count += 1
        print("what calls print is no answer")
        return Block([0.5] * order["calls"], 1.0, {"count": count, "pid": os.getpid()})

    yield run


def root() -> str:
    """The build that a process belongs to."""
    return os.environ["GRIDGRAD_BENCH_ROOT"]


def test_a_case_is_measured_in_processes_of_their_own() -> None:
    sides = (
        Side("ours", f"{CALLS}:counting", {"first": 10}, units=3.0),
        Side("crowd", f"{CALLS}:counting", {"first": 20}, kind="peer", processes=2, order={"calls": 1}),
        Side("nothing", f"{CALLS}:of_no_such_name"),
    )
    with Stage([Build("new", HERE)], {}) as stage:
        assert stage.ask(f"{CALLS}:root") == str(HERE)
        measured = measure(Case("a case", sides, order={"calls": 4}), stage, rounds=2)
    assert set(measured) == {("new", "ours"), ("new", "crowd")}
    ours, crowd = measured["new", "ours"], measured["new", "crowd"]
    assert [turn.block.figures["count"] for turn in ours] == [12, 13]  # after the one that warms up
    assert figure(ours, "rate", 3.0) == 12.0
    assert [len(turn.block.latencies) for turn in crowd] == [2, 2]
    assert ours[0].block.figures["pid"] not in {os.getpid(), crowd[0].block.figures["pid"]}
    assert ours[0].used["client"] > 0
    assert ours[0].peaks["client"] > 1


def test_a_call_that_fails_is_told_and_the_process_goes_on() -> None:
    with open_host(Build("new", HERE).environment) as host:
        with pytest.raises(CallError, match=r"AttributeError.*of_no_such_name"):
            host.open(f"{CALLS}:of_no_such_name", {})
        with pytest.raises(CallError, match="TypeError"):
            host.ask(f"{CALLS}:root", {"unknown": 1})
        assert host.ask(f"{CALLS}:root", {}) == str(HERE)


def test_an_old_build_must_be_a_worktree() -> None:
    assert [build.label for build in builds_of(HERE, noise=True)] == ["old again", "old", "new"]
    assert [build.label for build in builds_of(HERE, noise=False)] == ["old", "new"]
    with pytest.raises(ValueError, match="root of a worktree"):
        builds_of(HERE / "docs", noise=False)
