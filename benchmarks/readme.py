"""The README's table: nitrogen with all partials to second order, by everything one could do instead, in one run.

Ours is the whole call as its caller sees it, in another process than the server: in a session, which callers on the
same machine have by themselves, and by gRPC, as callers from elsewhere go. Raw is a grpc.aio server that computes
nothing and returns as many bytes. JAX and numpy run in their caller's process, and so send nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.engine import BLOCK, NITROGEN, jax_side
from benchmarks.harness.build import NEW
from benchmarks.harness.case import Case, Goal, Server, Side
from benchmarks.harness.command import Done, parser, run
from benchmarks.harness.report import milliseconds
from benchmarks.harness.row import figure
from benchmarks.harness.stage import Stage
from benchmarks.service import LISTEN, RAW, raw_sides

__all__: list[str] = []

SIDES = (32, 256, 1024)
PLANES = 6
TEXT_BYTES = 1800
UNARY_BYTES = 2 << 20
"""What is larger than this goes by a stream, as ours does."""
CALLS = "benchmarks.calls.nitrogen"
COLUMNS = ("Gridgrad on the same machine", "Gridgrad by gRPC", "raw gRPC, as many bytes", "JAX in the caller's process")
MORE = ("JAX, first grid of a shape", "numpy, finite differences")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the rows, and the table as it stands in the README."""
    flags = parser(__doc__, rounds=7, jax=True)
    options = flags.parse_args(arguments)
    if not options.jax:
        flags.error("--jax PYTHON is required: the table has a column for it")
    errors: dict[str, Any] = {}

    def cases(stage: Stage) -> list[Case]:
        errors.update(stage.ask(f"{CALLS}:errors", server="ours"))
        return [grid(side, options.jax) for side in SIDES]

    servers = {"raw": RAW, "ours": Server("gridgrad_server", LISTEN, warm=f"{CALLS}:first_then_prepared")}
    done = run("readme", options, servers, cases)
    print_table(done)
    for name, (median, greatest) in errors.items():
        print(f"Relative error of the worst of six, {name}: median {median:.0e}, greatest {greatest:.0e}")


def grid(side: int, jax: str) -> Case:
    """One size of grid, by everything."""
    near = Side("session", f"{CALLS}:gradient", {"side": side, "sessions": True}, "ours")
    far = Side("gRPC", f"{CALLS}:gradient", {"side": side, "sessions": False}, "ours")
    answer = 8 * PLANES * side**2
    unary, stream = raw_sides(answer, TEXT_BYTES + 16 * side)
    raw = unary if answer <= UNARY_BYTES else stream
    peers = (
        jax_side(jax, NITROGEN, side, 2),
        jax_side(jax, NITROGEN, side, 2, first=True, blocks={"calls": 1}),
        Side("numpy", f"{CALLS}:differences", {"side": side}, kind="peer"),
    )
    goals = [Goal("p50", of=(of,), side=name, label=name) for name in ("session", "gRPC") for of in (raw.name, "jax")]
    return Case(f"{NITROGEN} {side}² to order 2", (near, far, raw, *peers), tuple(goals), BLOCK)


def print_table(done: Done) -> None:
    """The table as Markdown, in milliseconds."""
    heads = ("grid", *COLUMNS, *MORE)
    print(f"\n| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for side, (case, measured, _) in zip(SIDES, done, strict=False):
        times = [figure(measured[NEW, each.name], "p50") for each in case.sides]
        print(f"| {side}² | {' | '.join(map(milliseconds, times))} |")


if __name__ == "__main__":
    main()
