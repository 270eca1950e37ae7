"""Batches under mixed load, beside the same server with batching off.

Three functions in two dtypes, on ragged grids of 8×8 to 512×512, come at random times from a client process
of its own, at 10, 30, 60 and 90 % of the rate that the server with batches sustains. A latency counts from when a call
was due, so that a client held up hides nothing. Small grids, of 64×64 points at most, are shown by themselves too: they
show whether large ones hold them up. The goal: the p99 at 60 % is at most 3 times the p50 without batches at 10 %.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from benchmarks.harness.case import Case, Goal, Server, Side
from benchmarks.harness.command import parser, run
from benchmarks.harness.stage import Stage
from benchmarks.service import LISTEN

__all__: list[str] = []

LOADS = (0.1, 0.3, 0.6, 0.9)
GOAL_LOAD, BASE_LOAD = 0.6, 0.1
GOAL = 3.0
LEAST_REQUESTS = 30
MIX, CAPACITY = "benchmarks.calls.arrivals:mix", "benchmarks.calls.arrivals:capacity"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    flags = parser(__doc__, rounds=4)
    flags.add_argument("--seconds", type=float, default=3.0, help="how long a block is, about")
    flags.add_argument("--flags", default="", help="further flags of both servers")
    options = flags.parse_args(arguments)
    more = (*LISTEN, *options.flags.split())
    servers = {
        "ours": Server("gridgrad_server", more),
        "without": Server("gridgrad_server", (*more, "--batch-cost", "1"), of_build=False),
    }
    run("mixes", options, servers, lambda stage: cases(stage, options))


def cases(stage: Stage, options: argparse.Namespace) -> Iterator[Case]:
    """A case for each load; what is 100 % is measured first, and the same for all builds."""
    capacities = {build.label: stage.ask(CAPACITY, build=build, server="ours") for build in stage.builds}
    stage.ask(CAPACITY, server="without")  # every kind once, and warm
    capacity = capacities[stage.new.label]
    print(f"100 % are {capacity:.0f} calls/s, what 32 callers get; ms from when a call was due")
    for load in LOADS:
        yield at_load(load, capacity, options.seconds)


def at_load(load: float, capacity: float, seconds: float) -> Case:
    """One load, with and without batches."""
    sides = [_side("ours", "ours", load * capacity, seconds), _side("without", "without", load * capacity, seconds)]
    goals = [Goal("p99", of=("without",), label="p99"), Goal("p50", of=("without",), label="p50")]
    goals += [Goal(f"small {each} ms", of=("without",), label=f"small grids, {each}") for each in ("p50", "p99")]
    if load == GOAL_LOAD:
        base = f"without at {BASE_LOAD:.0%}"
        sides.append(_side(base, "without", BASE_LOAD * capacity, seconds))
        goals.append(Goal("p99", of=(base,), of_statistic="p50", most=GOAL, label="p99 to the p50"))
    return Case(f"{load:.0%}", tuple(sides), tuple(goals), warm=False)


def _side(name: str, server: str, rate: float, seconds: float) -> Side:
    order = {"requests": max(LEAST_REQUESTS, int(rate * seconds)), "rate": rate}
    return Side(name, MIX, {}, server, "ours" if name == "ours" else "peer", order=order)


if __name__ == "__main__":
    main()
