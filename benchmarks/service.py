"""The service beside a raw grpc.aio server that returns prebuilt bytes of the same size.

Both servers run at the same time; blocks of calls alternate between them, so that what the
machine does besides meets both. One caller is a thread with a synchronous channel; many callers are coroutines
(grpc.aio on uvloop) in two client processes. A neighbour is a client process of its own that asks for large
grids. All calls go over TCP but where a session is named.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.calls.workload import answer_bytes, request_bytes
from benchmarks.harness.case import Case, Goal, Server, Side
from benchmarks.harness.command import parser, run

__all__ = ["CALLERS", "LISTEN", "RAW", "raw_crowd", "raw_sides"]

LISTEN = ("--listen", "127.0.0.1:0")
RAW = Server("benchmarks.peers.raw", of_build=False)
CLIENT_PROCESSES = 2
CALLERS = 32
SMALL, LARGE = 32, 1024


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    flags = parser(__doc__, rounds=10)
    flags.add_argument("--engine", default="structured", help="what computes: structured or functional")
    options = flags.parse_args(arguments)
    ours = Server("gridgrad_server", (*LISTEN, "--engine", options.engine), warm="benchmarks.calls.single:prepare")
    run("service", options, {"raw": RAW, "ours": ours}, lambda _: cases())


def cases() -> list[Case]:
    """All that is measured."""
    return [
        one_caller(SMALL, calls=100, most=1.5),
        one_caller(SMALL, calls=100, most=0.35, sessions=True),
        one_caller(LARGE, calls=5, most=1.3),
        one_caller(LARGE, calls=5, most=0.2, sessions=True),
        many_callers(),
        beside_large_grids(),
    ]


def one_caller(side: int, *, calls: int, most: float, sessions: bool = False) -> Case:
    """One caller in a loop; the floor is the better of one message and a stream, over TCP."""
    ours = Side("ours", "benchmarks.calls.single:gradient", {"side": side, "sessions": sessions}, "ours")
    floors = raw_sides(answer_bytes(side), request_bytes(side))
    name = f"{side}x{side}, 1 caller{' in a session' if sessions else ''}"
    goal = Goal("p50", of=tuple(floor.name for floor in floors), most=most)
    return Case(name, (ours, *floors), (goal,), {"calls": calls})


def raw_sides(answer: int, asked: int) -> tuple[Side, Side]:
    """The floors of one caller, for so many bytes each way."""
    size = {"answer": answer, "asked": asked}
    return (
        Side("raw unary", "benchmarks.peers.raw_calls:unary", size, "raw", "floor"),
        Side("raw stream", "benchmarks.peers.raw_calls:stream", size, "raw", "floor"),
    )


def many_callers() -> Case:
    """32 callers in 2 client processes, all calling at once."""
    each = {"side": SMALL, "callers": CALLERS // CLIENT_PROCESSES}
    ours = Side("ours", "benchmarks.calls.crowd:ours", each, "ours", processes=CLIENT_PROCESSES, host="crowd")
    goal = Goal("rate", of=("raw unary",), least=0.5)
    return Case(f"{SMALL}x{SMALL}, {CALLERS} callers", (ours, raw_crowd()), (goal,), {"calls": 20})


def raw_crowd() -> Side:
    """The floor of as many callers."""
    each = {"side": SMALL, "callers": CALLERS // CLIENT_PROCESSES}
    call = "benchmarks.peers.raw_calls:crowd"
    return Side("raw unary", call, each, "raw", "floor", processes=CLIENT_PROCESSES, host="raw crowd")


def beside_large_grids() -> Case:
    """One caller of small grids beside a neighbour who asks the same server for large ones; by the p99."""
    ours = Side("ours", "benchmarks.calls.single:beside_large_grids", {"side": SMALL}, "ours")
    floor = Side("raw unary", "benchmarks.peers.raw_calls:beside_large_grids", {"side": SMALL}, "raw", "floor")
    goal = Goal("p99", of=("raw unary",), most=1.5)
    return Case(f"{SMALL}x{SMALL} beside {LARGE}x{LARGE}", (ours, floor), (goal,), {"calls": 50})


if __name__ == "__main__":
    main()
