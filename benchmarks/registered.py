"""Registered torch functions beside the same formulas as text, in sessions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.harness.case import OLD_BUILD, Case, Goal, Server, Side
from benchmarks.harness.command import parser, run
from benchmarks.service import LISTEN

__all__: list[str] = []

CALLS = {32: 100, 256: 20, 1024: 2}
"""Of a block, by the side of its grids."""
WAYS = ("registered", "text")
CALLERS = "benchmarks.calls.registered"
FUNCTIONS = ("--functions", "benchmarks.peers.registered_formulas")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the rows."""
    options = parser(__doc__, rounds=7).parse_args(arguments)
    servers = {"ours": Server("gridgrad_server", (*LISTEN, *FUNCTIONS), warm=f"{CALLERS}:prepare")}
    run("registered", options, servers, lambda _: cases())


def cases() -> Iterator[Case]:
    """Each function on each grid."""
    for name in ("bilinear", "black_scholes"):
        for side, calls in CALLS.items():
            yield _formula(name, side, calls)


def _formula(name: str, side: int, calls: int) -> Case:
    sides = [Side(way, f"{CALLERS}:formula", {"name": name, "side": side, "way": way}, "ours") for way in WAYS]
    goals = (
        Goal("p50", of=("text",), most=1.2, label="of the same as text"),
        Goal("p50", of=(OLD_BUILD,), label="of the old build"),
    )
    return Case(f"{name} {side}² with both partials", tuple(sides), goals, {"calls": calls})


if __name__ == "__main__":
    main()
