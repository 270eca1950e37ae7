"""How a large grid and floods go faster with 1, 2, 4 and 8 workers in a Ray cluster, whose devices are only waited for.

What is measured is the server, the cluster and the way between them: a device takes 50 ms for each piece of the large
grid and 2 ms for each batch of a flood, and the processor nothing. Workers are reached by sockets, as those of other
machines are.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.calls.simulated import BATCH_GRIDS, PIECE_COST
from benchmarks.harness.case import Case, Goal, Server, Side
from benchmarks.harness.command import parser, run

__all__: list[str] = []

COUNTS = (1, 2, 4, 8)
LARGE = 8192
STORE_MIB = 512
GROWTH_MIB = 300
GRIDS = 4000
GRID_COST = 2048
"""What a small grid counts for its batch."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    options = parser(__doc__, rounds=1).parse_args(arguments)
    flags = ("--cpus", str(sum(COUNTS)), "--store-mib", str(STORE_MIB))
    servers = {"nodes": Server("benchmarks.peers.ray_nodes", flags, of_build=False)}
    servers |= {_name(count): _server(count) for count in COUNTS}
    run("scaling", options, servers, lambda _: [_grid(), _flood()])


def _name(count: int) -> str:
    return f"{count} worker{'s' if count > 1 else ''}"


def _server(count: int) -> Server:
    flags = ["--listen", "127.0.0.1:0", "--device", "cpu", "--ray", "{nodes}", "--workers", str(count)]
    flags += ["--ray-channel", "socket"]
    flags += ["--functions", "benchmarks.calls.simulated", "--piece-cost", str(PIECE_COST)]
    flags += ["--batch-cost", str(BATCH_GRIDS * GRID_COST)]
    return Server("gridgrad_server", tuple(flags), of_build=False, warm="benchmarks.calls.simulated:await_workers")


def _grid() -> Case:
    """A grid of 0.5 GB of values, in pieces that take 50 ms each; its memory with 8 workers."""
    goals = [*_efficiencies(), Goal("server growth MiB", most=GROWTH_MIB, side=_name(8), label="memory of the server")]
    return Case(
        f"{LARGE}x{LARGE}, 50 ms a piece", _sides("grid", {"side": LARGE}), tuple(goals), {"calls": 1}, warm=False
    )


def _flood() -> Case:
    """`map` of small grids, in batches that take 2 ms each."""
    sides = _sides("flood", {"grids": GRIDS})
    return Case(f"map of {GRIDS} grids, 2 ms a batch of {BATCH_GRIDS}", sides, tuple(_efficiencies()), {"calls": 1})


def _sides(call: str, arguments: dict[str, int]) -> tuple[Side, ...]:
    most_first = sorted(COUNTS, reverse=True)
    return tuple(
        Side(_name(n), f"benchmarks.calls.simulated:{call}", arguments, _name(n), units=1 / n) for n in most_first
    )


def _efficiencies() -> list[Goal]:
    """Rates a worker beside that of one alone."""
    return [Goal("rate", of=(_name(1),), least=0.9, side=_name(n), label=_name(n)) for n in COUNTS[1:]]


if __name__ == "__main__":
    main()
