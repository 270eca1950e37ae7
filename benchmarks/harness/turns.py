"""Sides in turns: blocks of all of them alternate, so that what the machine does besides meets all."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.harness.block import Block, Order
from benchmarks.harness.build import Build
from benchmarks.harness.case import Case, Side
from benchmarks.harness.host import CallError, Opened
from benchmarks.harness.row import Measured, Turn
from benchmarks.harness.stage import Stage
from benchmarks.harness.usage import forget_peak, peak_mib, processor_s

__all__ = ["Lane", "measure", "take_turns"]


class Lane:
    """One side in one build.

    Args:
        key: the label of the build and the name of the side.
        opened: what makes its calls, in one process or several.
        pids: gives the processes whose use is counted, by role.
        order: what its blocks do.
    """

    def __init__(
        self, key: tuple[str, str], opened: Sequence[Opened], pids: Callable[[], Mapping[str, list[int]]], order: Order
    ) -> None:
        self.key = key
        self._opened = opened
        self._pids = pids
        self._order = order

    def run(self, number: int) -> Turn:
        """Runs a block and counts what it uses."""
        pids = self._pids()
        for each in pids.values():
            forget_peak(each)
        before = {role: (processor_s(each), peak_mib(each)) for role, each in pids.items()}
        block = self._block({**self._order, "round": number})
        used = {role: processor_s(each) - before[role][0] for role, each in pids.items()}
        peaks = {role: peak_mib(each) for role, each in pids.items()}
        return Turn(block, used, peaks, {role: peaks[role] - before[role][1] for role in pids})

    def _block(self, order: Order) -> Block:
        for each in self._opened:
            each.begin(order)
        # All are heard before the first failure is raised, so that none has an answer left over
        ended = [_or_error(each.end) for each in self._opened]
        for failed in ended:
            if isinstance(failed, CallError):
                raise failed
        return Block.at_once([block for block in ended if isinstance(block, Block)])

    def close(self) -> None:
        """Leaves what makes the calls."""
        for each in self._opened:
            each.close()


def _or_error(end: Callable[[], Block]) -> Block | CallError:
    try:
        return end()
    except CallError as error:
        return error


def measure(case: Case, stage: Stage, rounds: int) -> Measured:
    """Measures a case; a side that a build can't run is left out, and standard error says why."""
    with contextlib.ExitStack() as stack:
        lanes = [
            stack.enter_context(contextlib.closing(lane))
            for side in case.sides
            for build in stage.builds_for(side)
            for lane in _opened(stage, build, side, side.order or case.order)
        ]
        if case.warm:
            for lane in lanes:
                lane.run(-1)
        return take_turns(lanes, case.rounds or rounds)


def take_turns(lanes: Sequence[Any], rounds: int) -> Measured:
    """Blocks of all lanes in turn; each round begins with another lane."""
    taken: dict[tuple[str, str], list[Turn]] = {lane.key: [] for lane in lanes}
    for number in range(rounds):
        first = number % len(lanes)
        for lane in (*lanes[first:], *lanes[:first]):
            taken[lane.key].append(lane.run(number))
    return taken


def _opened(stage: Stage, build: Build, side: Side, order: Order) -> Iterator[Lane]:
    server = stage.served(build, side.server) if side.server else None
    arguments = {**side.arguments, **({"address": server.address} if server else {})}
    hosts = stage.hosts(build, side)
    try:
        opened = [host.open(side.call, arguments) for host in hosts]
    except CallError as error:
        print(f"{side.name} can't run in the {build.label} build: {error}", file=sys.stderr)
        return

    def pids() -> dict[str, list[int]]:
        own = {side.role: [host.pid for host in hosts]}
        return own | ({"server": [server.process.pid], "worker": server.workers()} if server else {})

    yield Lane((build.label, side.name), opened, pids, order)
