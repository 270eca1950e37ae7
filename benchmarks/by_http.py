"""What HTTP costs beside gRPC: the same messages, files of numpy beside unary calls, and what a server pays for it."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from benchmarks.calls.workload import answer_bytes
from benchmarks.harness.case import Case, Goal, Server, Side
from benchmarks.harness.command import parser, run
from benchmarks.service import LISTEN

__all__: list[str] = []

HTTP, GRPC = "benchmarks.calls.http_calls", "benchmarks.calls.single:gradient"
WITH, WITHOUT = "with --http", "without"
SMALL, LARGE = 32, 1024
UNARY = ("--unary-result-bytes", "64MiB")
"""So that gRPC answers large grids in one message too."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    options = parser(__doc__, rounds=10).parse_args(arguments)
    with socket.create_server(("127.0.0.1", 0)) as free:
        http = f"127.0.0.1:{free.getsockname()[1]}"
    servers = {WITH: _server("--http", http), WITHOUT: _server()}
    run("by_http", options, servers, lambda _: cases(http))


def _server(*flags: str) -> Server:
    warm = "benchmarks.calls.single:prepare"
    return Server("gridgrad_server", (*LISTEN, *UNARY, *flags), of_build=False, warm=warm)


def cases(http: str) -> list[Case]:
    """All that is measured.

    Args:
        http: where the server listens by HTTP.
    """
    return [
        _messages(http),
        _files(http),
        *(_beside(SMALL, sessions, calls=200) for sessions in (False, True)),
        _beside(LARGE, sessions=False, calls=5),
        _memory(),
    ]


def _messages(http: str) -> Case:
    ours = Side("binary", f"{HTTP}:messages", {"http": http, "side": SMALL}, WITH)
    text = Side("JSON", f"{HTTP}:texts", {"http": http, "side": SMALL}, WITH)
    unary = Side("gRPC", GRPC, {"side": SMALL}, WITH)
    goals = (
        Goal("p50", of=("gRPC",), most=2.0),
        Goal("p99", of=("gRPC",)),
        Goal("p50", of=("gRPC",), side="JSON", label="JSON"),
    )
    return Case(f"{SMALL}x{SMALL}", (ours, text, unary), goals, {"calls": 200})


def _files(http: str) -> Case:
    gigabytes = answer_bytes(LARGE) / 1e9
    ours = Side("npy", f"{HTTP}:files", {"http": http, "side": LARGE}, WITH, units=gigabytes)
    unary = Side("gRPC", GRPC, {"side": LARGE}, WITH, units=gigabytes)
    return Case(f"{LARGE}x{LARGE} as .npy", (ours, unary), (Goal("rate", of=("gRPC",), least=0.6),), {"calls": 5})


def _beside(side: int, sessions: bool, calls: int) -> Case:
    arguments = {"side": side, "sessions": sessions}
    sides = tuple(Side(server, GRPC, arguments, server, host=server) for server in (WITH, WITHOUT))
    name = f"{side}x{side} by {'a session' if sessions else 'gRPC'} of a server with --http"
    return Case(name, sides, (Goal("p50", of=(WITHOUT,), most=1.02),), {"calls": calls})


def _memory() -> Case:
    side = Side("grown", f"{HTTP}:grown", {}, kind="ours")
    return Case(
        "memory of a server at rest", (side,), (Goal("MiB more", most=40.0),), {"calls": 1}, warm=False, rounds=1
    )


if __name__ == "__main__":
    main()
