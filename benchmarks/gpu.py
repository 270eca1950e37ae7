"""Both tiers on a GPU: the share of its memory's bandwidth when writing large results, and small grids per second.

Float64, the value and both first partials, warm; medians. The floors are measured in the same run: how fast the
GPU fills as much memory with zeros, and how fast it copies as much to pinned memory of the host.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.harness.case import Case, Goal, Kind, Side
from benchmarks.harness.command import parser, run
from benchmarks.harness.stage import Stage

__all__: list[str] = []

WORKLOADS = ("bilinear_quadratic", "black_scholes_call", "nitrogen_helmholtz")
PLANES = 3
LARGE, SMALL, BATCH = 8192, 32, 256
GIGABYTES = 8 * PLANES * LARGE**2 / 1e9
KERNELS = "benchmarks.calls.kernels"
BLOCK = {"calls": 3}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    flags = parser(__doc__, rounds=3)
    flags.add_argument("--device", type=int, default=0, help="which GPU")
    options = flags.parse_args(arguments)
    run("gpu", options, {}, lambda stage: cases(stage, options.device))


def cases(stage: Stage, device: int) -> Iterator[Case]:
    """All that is measured."""
    found = stage.ask(f"{KERNELS}:describe", device=device)
    if not found:
        sys.exit("there is no GPU that this torch can use")
    print(found)
    for workload in WORKLOADS:
        yield large(workload, device)
        yield small(workload, device)


def large(workload: str, device: int) -> Case:
    """8192², as it is computed and left there, and as it comes to the host, in GB/s."""
    sides = []
    for tier in ("compiled", "direct"):
        for stays in (True, False):
            arguments = {"workload": workload, "tier": tier, "side": LARGE, "stays": stays}
            name = f"{tier}, {'computed' if stays else 'on the host'}"
            sides.append(_side(name, "large", {**arguments, "device": device}))
    size = {"planes": PLANES, "side": LARGE, "device": device}
    floors = [_side(name, name, size, "floor") for name in ("zeros", "copy")]
    goals = [
        Goal("rate", of=("zeros" if side.arguments["stays"] else "copy",), side=side.name, label=side.name)
        for side in sides
    ]
    return Case(f"{workload} {LARGE}²", (*sides, *floors), tuple(goals), BLOCK)


def small(workload: str, device: int) -> Case:
    """32² alone, in a batch, and one grid of as many points, each on the host at the end."""
    sides = []
    for tier in ("compiled", "direct"):
        each = {"workload": workload, "tier": tier, "device": device}
        batch = {**each, "side": SMALL, "grids": BATCH}
        sides.append(_side(f"{tier}, batch", "small", batch, units=BATCH))
        sides.append(_side(f"{tier}, one", "small", {**batch, "grids": 1}, units=1))
        whole = {**batch, "side": 16 * SMALL, "grids": 1}
        sides.append(_side(f"{tier}, one of {16 * SMALL}²", "small", whole, units=BATCH))
    goals = [Goal("rate", side=side.name, label=side.name) for side in sides]
    return Case(f"{workload} {SMALL}²", tuple(sides), tuple(goals), {"calls": 20})


def _side(name: str, call: str, arguments: Mapping[str, object], kind: Kind = "ours", units: float = GIGABYTES) -> Side:
    return Side(name, f"{KERNELS}:{call}", arguments, kind=kind, role="worker", units=units, host="gpu")


if __name__ == "__main__":
    main()
