"""The structured engine, as a worker runs it, beside `jax.jit` of the same functions and the functional engine.

Float64, two threads each, warm; medians. Blocks of calls alternate between all, so that what the machine does
besides meets all; inputs and results alternate between two. `--jax PYTHON` names an interpreter that has jax, as
`make bench-engine` does.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.harness.case import Case, Goal, Side
from benchmarks.harness.command import need_jax, parser, run

__all__ = ["BLOCK", "NITROGEN", "THREADS", "jax_environment", "jax_side"]

THREADS = 2
NITROGEN, BLACK_SCHOLES, BILINEAR = "nitrogen_helmholtz", "black_scholes_call", "bilinear_quadratic"
WATER = "iapws95_water"
AGAINST_JAX = [
    (NITROGEN, 32, 1, 1.0),
    (NITROGEN, 256, 1, 0.4),
    (NITROGEN, 1024, 1, 0.4),
    (NITROGEN, 256, 2, 0.4),
    (BLACK_SCHOLES, 32, 1, None),
    (BLACK_SCHOLES, 256, 1, 0.5),
    (BLACK_SCHOLES, 1024, 1, 0.5),
    (WATER, 8, 1, None),
    (WATER, 32, 1, None),
    (WATER, 256, 1, 0.4),
    (WATER, 1024, 1, 0.4),
    (BILINEAR, 32, 1, None),
    (BILINEAR, 256, 1, None),
    (BILINEAR, 1024, 1, 0.5),
]
"""Workload, side, order, and what the ratio to jax may be at most."""
FUNCTIONAL_TO = 256
SIDES = (256, 512, 1024, 2048, 4096)
GRIDS, SMALL, WHOLE = 256, 32, 512
BLOCK = {"seconds": 0.15, "least": 5, "most": 200}
SHAPES = 8
TIERS = "benchmarks.calls.tiers"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures all cases, or those whose name contains a word."""
    options = parser(__doc__, rounds=5, jax=True).parse_args(arguments)
    need_jax(options)
    run("engine", options, {}, lambda _: cases(options))


def cases(options: argparse.Namespace) -> Iterator[Case]:
    """All that is measured."""
    for workload, side, order, most in AGAINST_JAX:
        yield against_jax(options, workload, side, order, most)
    yield first_grid(options)
    yield shapes()
    yield restart()
    yield against_filling()
    for workload in (NITROGEN, BLACK_SCHOLES, BILINEAR):
        yield batches(workload)
    for workload in (NITROGEN, BLACK_SCHOLES):
        yield sizes(workload)


def against_jax(options: argparse.Namespace, workload: str, side: int, order: int, most: float | None) -> Case:
    """One grid in each tier and by jax."""
    tiers = ["compiled", "direct", *(["functional"] if side <= FUNCTIONAL_TO and order == 1 else [])]
    sides = [_grid(tier, workload, side, order, tier) for tier in tiers]
    goals = [
        Goal("p50", of=("jax",), most=most),
        *(Goal("p50", of=("jax",), side=each, label=each) for each in tiers[1:]),
    ]
    name = f"{workload} {side}²" + (" to order 2" if order > 1 else "")
    return Case(name, (*sides, *_jax(options, workload, side, order)), tuple(goals), BLOCK)


def first_grid(options: argparse.Namespace) -> Case:
    """The first grid ever of nitrogen with all six functions."""
    ours = _side("direct", "first_grid", {"workload": NITROGEN, "side": 256, "order": 2})
    jax = _jax(options, NITROGEN, 256, 2, first=True)
    goal = Goal("p50", of=("jax, first",), most=0.25)
    return Case(f"{NITROGEN} to order 2, first grid", (ours, *jax), (goal,), {"calls": 1}, warm=False, rounds=2)


def shapes() -> Case:
    """First grids of shapes that were not seen before, beside second ones, another shape between them."""
    first = _side("unseen", "shapes", {"workload": NITROGEN, "seen": False})
    second = _side("repeated", "shapes", {"workload": NITROGEN, "seen": True})
    goal = Goal("p50", of=("repeated",), most=1.2)
    return Case(f"{NITROGEN}, a shape not seen before", (first, second), (goal,), {"calls": SHAPES})


def restart() -> Case:
    """After how long a restarted worker has computed its first grid in the compiled tier."""
    ours = _side("compiled", "restart", {"workload": NITROGEN, "side": 256})
    goal = Goal("p50", most=1000.0)
    return Case(f"{NITROGEN} 256², restart with a full cache", (ours,), (goal,), {"calls": 1}, warm=False, rounds=2)


def against_filling() -> Case:
    """Three arrays of 1024² beside filling the same."""
    ours = _grid("compiled", BILINEAR, 1024)
    floor = Side(
        "filling", f"{TIERS}:filling", {"planes": 3, "side": 1024}, kind="floor", role="worker", host="filling"
    )
    return Case(f"{BILINEAR} 1024² to filling", (ours, floor), (Goal("p50", of=("filling",), most=1.5),), BLOCK)


def batches(workload: str) -> Case:
    """256 small grids in a batch beside one grid of as many points, a point."""
    source = random.Random(0)  # noqa: S311 - no secret
    ragged = [(source.randint(20, 44), source.randint(20, 44)) for _ in range(GRIDS)]
    batches = {f"batch of {SMALL}²": [(SMALL, SMALL)] * GRIDS, "batch of 20² to 44²": ragged}
    names: dict[str, dict[str, Any]] = {
        name + ("" if known else ", as it comes first"): {"workload": workload, "shapes": shapes, "known": known}
        for name, shapes in batches.items()
        for known in (True, False)
    }
    sides = [
        _side(name, "batch", each, units=sum(rows * columns for rows, columns in each["shapes"]))
        for name, each in names.items()
    ]
    whole = _grid(f"one of {WHOLE}²", workload, WHOLE)
    goals = tuple(
        Goal("per unit", of=(whole.name,), most=1.2 if each["known"] else None, side=name, label=name)
        for name, each in names.items()
    )
    return Case(f"{workload}, {GRIDS} grids", (*sides, whole), goals, BLOCK)


def sizes(workload: str) -> Case:
    """The time a point takes from 256² to 4096², each beside the shortest."""
    sides = [_grid(f"{side}²", workload, side) for side in SIDES]
    names = tuple(side.name for side in sides)
    goals = tuple(Goal("per unit", of=names, most=1.25, side=name, label=name) for name in names)
    return Case(f"{workload}, size", tuple(sides), goals, BLOCK, rounds=3)


def _grid(name: str, workload: str, side: int, order: int = 1, tier: str = "compiled") -> Side:
    return _side(name, "grid", {"workload": workload, "side": side, "order": order, "tier": tier}, units=side**2)


def _side(name: str, call: str, arguments: dict[str, object], units: float = 1.0) -> Side:
    return Side(name, f"{TIERS}:{call}", arguments, role="worker", units=units, host="engine")


def _jax(options: argparse.Namespace, *case: object, first: bool = False) -> Iterator[Side]:
    if options.jax:
        yield jax_side(options.jax, *case, first=first)  # type: ignore[arg-type] # workload, side and order


def jax_environment() -> dict[str, str]:
    """What has JAX use as many threads as ours."""
    flags = f"--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads={THREADS}"
    return {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}


def jax_side(
    python: str,
    workload: str,
    side: int,
    order: int,
    *,
    first: bool = False,
    blocks: Mapping[str, object] | None = None,
) -> Side:
    """JAX, on as many threads as ours.

    Args:
        python: an interpreter that has it.
        workload: the name of a file of tests/workloads.
        side: of the grid.
        order: all partials up to it.
        first: whether each call compiles anew.
        blocks: what its blocks do, where that isn't what the case says.
    """
    arguments = {"workload": workload, "side": side, "order": order, "first": first}
    return Side(
        "jax, first" if first else "jax",
        "benchmarks.peers.jax_functions:derivatives",
        arguments,
        kind="peer",
        host="jax",
        environment=jax_environment(),
        python=python,
        order=blocks,
    )


if __name__ == "__main__":
    main()
