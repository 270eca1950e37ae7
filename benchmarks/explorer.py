"""The explorer in Chromium: frames while a slider is dragged, beside computing and transfer, and the first paint."""

from __future__ import annotations

import socket
from collections.abc import Sequence

from benchmarks.harness.case import Case, Goal, Server, Side
from benchmarks.harness.command import parser, run
from benchmarks.service import LISTEN

__all__: list[str] = []

PAGE, SERVER = "benchmarks.calls.explorer_page", "the server"
DRAGGED_S = 5.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    options = parser(__doc__, rounds=3).parse_args(arguments)
    with socket.create_server(("127.0.0.1", 0)) as free:
        http = f"127.0.0.1:{free.getsockname()[1]}"
    server = Server("gridgrad_server", (*LISTEN, "--http", http), of_build=False)
    run("explorer", options, {SERVER: server}, lambda _: cases(http))


def cases(http: str) -> list[Case]:
    """All that is measured.

    Args:
        http: where the server listens by HTTP.
    """
    dragged = Side("page", f"{PAGE}:drag", {"http": http, "seconds": DRAGGED_S}, SERVER)
    painted = Side("page", f"{PAGE}:paint", {"http": http}, SERVER)
    figures = ("requested/s", "answer ms", "compute ms", "draw ms")
    frames = (Goal("frames/s", least=20.0), *(Goal(figure) for figure in figures), Goal("p99"))
    first = (Goal("p50", most=1000.0), Goal("kB", most=1500.0), Goal("to the maps ms"))
    return [
        Case("256x256 with two partials, dragged", (dragged,), frames, {"calls": 1}),
        Case("first paint", (painted,), first, {"calls": 1}),
    ]


if __name__ == "__main__":
    main()
