"""Neighbours: what one caller of small grids waits beside another who has four calls in flight of what costs most.

The worst are texts of up to 170 kB whose derivatives take long to write down, to plan and to run, each on few points
(tests/workloads/worst_texts.py); the honest one asks for 200 sines on 20,000 points, again and again. The neighbour
pauses between his calls, so that 1,000 of them meet some of all. Where a build makes him wait for long, he makes fewer.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.harness.case import Case, Goal, Server, Side
from benchmarks.harness.command import parser, run
from benchmarks.service import LISTEN, SMALL

__all__: list[str] = []

CALLS = "benchmarks.calls.single"
ORDER = {"seconds": 30.0, "least": 1, "most": 1000}
QUIET = {"calls": 1000}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    options = parser(__doc__, rounds=3).parse_args(arguments)
    ours = Server("gridgrad_server", LISTEN, warm=f"{CALLS}:prepare")
    run("neighbours", options, {"ours": ours}, lambda _: cases())


def cases() -> list[Case]:
    """All that is measured."""
    return [beside("worst", "the worst texts", most=2.5), beside("honest", "honest large grids", most=4.0)]


def beside(kind: str, what: str, *, most: float) -> Case:
    """The 99th percentile of one caller's calls beside a hog, and without one."""
    arguments = {"side": SMALL}
    ours = Side("ours", f"{CALLS}:beside_a_hog", {**arguments, "kind": kind}, "ours")
    quiet = Side("quiet", f"{CALLS}:gradient", {**arguments, "pause_s": 0.01}, "ours", "peer", order=QUIET)
    return Case(f"beside {what}", (ours, quiet), (Goal("p99", of=("quiet",), most=most),), ORDER, warm=False)


if __name__ == "__main__":
    main()
