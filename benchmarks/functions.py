"""One function as an expression, in both tiers, and as one that torch computes: whole calls in sessions of one server.

Prints the table of docs/functions.md at the end.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.harness.build import NEW
from benchmarks.harness.case import Case, Goal, Server, Side
from benchmarks.harness.command import Done, parser, run
from benchmarks.harness.report import milliseconds
from benchmarks.harness.row import figure
from benchmarks.service import LISTEN

__all__: list[str] = []

CALLS = {32: 50, 256: 10, 1024: 2}
"""Of a block, by the side of its grids."""
ORDERS = (1, 2)
SINGLE = "benchmarks.calls.single"
NAME = "damped wave, "
SIDES = ("compiled", "direct", "registered")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the rows, and the table as it stands in the docs."""
    options = parser(__doc__, rounds=7).parse_args(arguments)
    functions = ("--functions", "benchmarks.peers.registered_wave", "--registered-engine", "functional")
    flags = (*LISTEN, *functions)
    # An old build has no such module
    servers = {"ours": Server("gridgrad_server", flags, of_build=False, warm=f"{SINGLE}:prepare_wave")}
    print_table(run("functions", options, servers, lambda _: [grid(side, o) for side in CALLS for o in ORDERS]))


def grid(side: int, order: int) -> Case:
    """One size of grid to one order, in every way."""
    asked = {"side": side, "order": order}
    sides = tuple(Side(way, f"{SINGLE}:wave", {**asked, "way": way}, "ours") for way in SIDES)
    goals = (
        Goal("p50", of=("registered",), most=0.25, label="compiled"),
        Goal("p50", of=("registered",), most=1.0, side="direct", label="direct"),
    )
    return Case(f"{NAME}{side}² to order {order}", sides, goals, {"calls": CALLS[side]})


def print_table(done: Done) -> None:
    """The table as Markdown."""
    print(f"\n| grid | {' | '.join(SIDES)} |\n|{' --- |' * (1 + len(SIDES))}")
    for case, measured, _ in done:
        shown = (milliseconds(figure(measured[NEW, each.name], "p50")) for each in case.sides)
        print(f"| {case.name.removeprefix(NAME)} | {' | '.join(shown)} |")


if __name__ == "__main__":
    main()
