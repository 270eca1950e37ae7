"""Floods and grids larger than a message, beside a raw grpc.aio server that returns prebuilt bytes."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.calls.workload import answer_bytes
from benchmarks.harness.case import Case, Goal, Server, Side
from benchmarks.harness.command import parser, run
from benchmarks.service import LISTEN, RAW, SMALL, raw_crowd

__all__: list[str] = []

GRIDS = 10_000
LARGE = 8192
CALLS = 400
CROWD_CALLS = 100
GROWTH_MIB = 300


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    options = parser(__doc__, rounds=5).parse_args(arguments)
    ours = Server("gridgrad_server", LISTEN, warm="benchmarks.calls.single:prepare")
    run("floods", options, {"raw": RAW, "ours": ours}, lambda _: cases())


def cases() -> list[Case]:
    """All that is measured."""
    return [many_small(), one_large(sessions=False, least=0.8), one_large(sessions=True, least=2.4), beside_a_flood()]


def many_small() -> Case:
    """`map` of many small grids, against the rate of raw's unary calls by many callers at once."""
    arguments = {"grids": GRIDS, "side": SMALL}
    ours = Side("ours", "benchmarks.calls.flood:many", arguments, "ours", order={"calls": 1}, units=GRIDS)
    floor = raw_crowd()
    goal = Goal("rate", of=(floor.name,), least=3)
    return Case(f"map of {GRIDS} grids of {SMALL}x{SMALL}", (ours, floor), (goal,), {"calls": CROWD_CALLS})


def one_large(*, sessions: bool, least: float) -> Case:
    """A grid of 1.6 GB of results, in GB/s, against raw's stream of as many bytes; and the memory it takes."""
    gigabytes = answer_bytes(LARGE) / 1e9
    arguments = {"side": LARGE, "sessions": sessions}
    ours = Side("ours", "benchmarks.calls.flood:large", arguments, "ours", units=gigabytes)
    size = {"answer": answer_bytes(LARGE), "asked": 0}
    floor = Side("raw stream", "benchmarks.peers.raw_calls:stream", size, "raw", "floor", units=gigabytes)
    goals = (
        Goal("rate", of=(floor.name,), least=least, label="GB/s"),
        Goal("server growth MiB", most=GROWTH_MIB, label="memory of the server"),
        Goal("worker growth MiB", most=GROWTH_MIB, label="memory of the worker"),
    )
    name = f"{LARGE}x{LARGE}{' in a session' if sessions else ''}"
    return Case(name, (ours, floor), goals, {"calls": 1}, warm=False)


def beside_a_flood() -> Case:
    """The 99th percentile of one caller's single calls, beside another's flood and without it."""
    ours = Side("ours", "benchmarks.calls.single:beside_a_flood", {"side": SMALL}, "ours")
    quiet = Side("quiet", "benchmarks.calls.single:gradient", {"side": SMALL}, "ours", "peer")
    goal = Goal("p99", of=("quiet",), most=4)
    return Case(f"{SMALL}x{SMALL} beside a flood", (ours, quiet), (goal,), {"calls": CALLS})


if __name__ == "__main__":
    main()
