"""What more than one machine costs: a client with a list of two servers beside one with one address.

Both addresses are of one server, so that nothing differs but the way there.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from benchmarks.harness.case import Case, Goal, Server, Side
from benchmarks.harness.command import parser, run

__all__: list[str] = []

LISTEN = ("--listen", "0.0.0.0:0", "--device", "cpu", "--workers", "1")
SIDES = {32: 100, 256: 30}
"""Sides of square grids, and how many calls a block of them has."""
ONE, TWO = "one address", "a list of two"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    options = parser(__doc__, rounds=20).parse_args(arguments)
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    server = Server("gridgrad_server", LISTEN, warm="benchmarks.calls.single:prepare")
    run("cluster", options, {"all": server}, lambda _: [_lists(side, calls) for side, calls in SIDES.items()])


def _lists(side: int, calls: int) -> Case:
    hosts = {TWO: ["127.0.0.1", "127.0.0.2"], ONE: ["127.0.0.1"]}
    call = "benchmarks.calls.single:at_hosts"
    sides = [Side(name, call, {"side": side, "hosts": listed}, "all") for name, listed in hosts.items()]
    goals = (Goal(of=(ONE,), most=1.02, label=TWO), Goal("processor", of=(ONE,), label=TWO))
    return Case(f"{side}x{side}, 1 caller", tuple(sides), goals, {"calls": calls})


if __name__ == "__main__":
    main()
