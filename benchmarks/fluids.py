"""Properties of fluids of files, beside CoolProp and teqp, and the first answer.

`--coolprop PYTHON` and `--teqp PYTHON` name interpreters that have these. Both compute by one thread.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from benchmarks.calls.fluids import FLUIDS
from benchmarks.harness.case import Case, Goal, Server, Side
from benchmarks.harness.command import parser, run
from benchmarks.service import LISTEN

__all__: list[str] = []

CALLERS = "benchmarks.calls.fluids"
PEERS = "benchmarks.peers.fluids"
ONCE = {"calls": 1}
FIRST_ANSWER_MS = 1000.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the rows."""
    flags = parser(__doc__, rounds=5)
    flags.add_argument("--coolprop", metavar="PYTHON", default="", help="an interpreter that has CoolProp")
    flags.add_argument("--teqp", metavar="PYTHON", default="", help="an interpreter that has teqp")
    options = flags.parse_args(arguments)
    servers = {"ours": Server("gridgrad_server", LISTEN, of_build=False, warm=f"{CALLERS}:prepare")}
    run("fluids", options, servers, lambda _: [*(properties(name, options) for name in FLUIDS), *map(first, FLUIDS)])


def properties(name: str, options: argparse.Namespace) -> Case:
    """Four properties at 256 × 256 states, as a grid, which separates, and as a list of points, beside peers.

    Args:
        name: of the fluid.
        options: which interpreters have the peers.
    """
    sides = (
        Side("grid", f"{CALLERS}:properties", {"name": name, "way": "grid"}, "ours"),
        Side("points", f"{CALLERS}:properties", {"name": name, "way": "points"}, "ours"),
        *_peers(name, options),
    )
    goals = (
        Goal("p50", of=("CoolProp",), most=0.1, label="of CoolProp's PropsSI"),
        Goal("p50", of=("teqp",), most=0.5, label="of teqp"),
        Goal("p50", of=("CoolProp",), side="points", label="points, of CoolProp's PropsSI"),
        Goal("p50", of=("teqp",), side="points", label="points, of teqp"),
    )
    return Case(f"{name}'s p, cv, cp and w, 256²", sides, goals, {"calls": 10})


def _peers(name: str, options: argparse.Namespace) -> Iterator[Side]:
    for peer, python in (("CoolProp", options.coolprop), ("teqp", options.teqp)):
        if python:
            call = f"{PEERS}:{peer.lower()}"
            yield Side(peer, call, {"name": name}, kind="peer", host=peer, order=ONCE, python=python)


def first(name: str) -> Case:
    """From the file to the first answer on 256 × 256, by a server of its own with an empty cache.

    Args:
        name: of the fluid.
    """
    side = Side("ours", f"{CALLERS}:first", {"name": name})
    return Case(f"{name}, first answer", (side,), (Goal("p50", most=FIRST_ANSWER_MS),), ONCE, warm=False)


if __name__ == "__main__":
    main()
