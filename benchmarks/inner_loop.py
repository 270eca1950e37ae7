"""What an inner loop pays: small grids whose numbers change from call to call, beside raw gRPC and the old build.

`--old WORKTREE` has another build take turns, which asks for the same by `gradient` where it can't bind.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.calls.workload import answer_bytes, request_bytes
from benchmarks.harness.case import OLD_BUILD, Case, Goal, Server, Side
from benchmarks.harness.command import parser, run
from benchmarks.service import LISTEN, RAW, SMALL, raw_sides

__all__: list[str] = []

SINGLE, INNER = "benchmarks.calls.single:gradient", "benchmarks.calls.inner"
CALLERS = 8
GRIDS = 10_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    options = parser(__doc__, rounds=10).parse_args(arguments)
    ours = Server("gridgrad_server", LISTEN, warm="benchmarks.calls.single:prepare")
    run("inner_loop", options, {"raw": RAW, "ours": ours}, lambda _: cases())


def cases() -> list[Case]:
    """All that is measured."""
    size, raw = f"{SMALL}x{SMALL}", ("raw unary",)
    return [
        _one(
            f"{size} bound, in a session",
            Side("ours", f"{INNER}:bound", {"sessions": True}, "ours"),
            Goal("p50", of=raw, most=0.2),
            Goal("p99", of=raw, most=0.5),
            Goal("processor", of=(OLD_BUILD,), most=0.35),
        ),
        _one(f"{size} bound, by TCP", Side("ours", f"{INNER}:bound", {"sessions": False}, "ours"), Goal("p50", of=raw)),
        _one(f"{size} in a session", Side("ours", SINGLE, {"sessions": True}, "ours"), Goal("p50", of=raw, most=0.35)),
        _one(f"{size} by TCP", Side("ours", SINGLE, {"sessions": False}, "ours"), Goal("p50", of=raw, most=1.4)),
        _several(size),
        _many(size, "map", "benchmarks.calls.flood:many"),
        _many(size, "many", f"{INNER}:many_bound"),
    ]


def _one(name: str, ours: Side, *goals: Goal) -> Case:
    """One caller in a loop, beside a raw unary call of as many bytes."""
    raw, _ = raw_sides(answer_bytes(SMALL), request_bytes(SMALL))
    return Case(name, (ours, raw), goals, {"calls": 200})


def _several(size: str) -> Case:
    """Tasks of one process that call at once."""
    ours = Side("ours", f"{INNER}:several", {"callers": CALLERS}, "ours", host="several")
    goal = Goal("rate", of=(OLD_BUILD,), least=3)
    return Case(f"{size}, {CALLERS} callers with bound calls", (ours,), (goal,), {"calls": 100})


def _many(size: str, name: str, call: str) -> Case:
    """Many grids, several in flight."""
    ours = Side("ours", call, {"grids": GRIDS, "side": SMALL}, "ours", units=GRIDS)
    return Case(
        f"{name} of {GRIDS} grids of {size}", (ours,), (Goal("rate", of=(OLD_BUILD,), least=1.5),), {"calls": 1}
    )


if __name__ == "__main__":
    main()
