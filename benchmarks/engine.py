"""The structured engine, as a worker runs it, beside `jax.jit` of the same functions and the functional engine.

Float64, two threads each, warm; medians. Blocks of calls alternate between all, so that what the machine does
besides meets all; inputs and results alternate between two. Each line says what was to be reached. `--jax
PYTHON` names an interpreter that has jax, as `make bench-engine` does.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gridgrad_core.system.malloc import keep_freed_memory
from gridgrad_worker.runtime import process

keep_freed_memory(1 << 28)  # as a worker does
process.spin_briefly()  # before torch starts its threads

import numpy as np  # noqa: E402 - after the process is set up
import torch  # noqa: E402 - after the process is set up

from benchmarks.engine_sides import (  # noqa: E402 - after the process is set up
    Case,
    Engine,
    Jax,
    compiled,
    direct,
    entry,
    first_call,
    functional,
    timed,
)
from gridgrad_worker.engines.compiled.cpu_compiler import CpuTierSettings, open_cpu_tier  # noqa: E402 - after the process is set up
from gridgrad_worker.engines.compiled.tier import Tier  # noqa: E402 - after the process is set up

ROUNDS = 5
NITROGEN, BLACK_SCHOLES, BILINEAR = "nitrogen_helmholtz", "black_scholes_call", "bilinear_quadratic"
AGAINST_JAX = [
    (Case(NITROGEN, 32), 1.0),
    (Case(NITROGEN, 256), 0.4),
    (Case(NITROGEN, 1024), 0.4),
    (Case(NITROGEN, 256, 2), 0.4),
    (Case(BLACK_SCHOLES, 32), None),
    (Case(BLACK_SCHOLES, 256), 0.5),
    (Case(BLACK_SCHOLES, 1024), 0.5),
    (Case(BILINEAR, 32), None),
    (Case(BILINEAR, 256), None),
    (Case(BILINEAR, 1024), 0.5),
]
_FUNCTIONAL_TO = 256
SIDES = (256, 512, 1024, 2048, 4096)

Samples = dict[str, list[float]]


def calls_on(engine: Engine, case: Case) -> Callable[[], object]:
    """Computes one grid, not the one before, since an engine may keep what it knows of the last entry."""
    entries = itertools.cycle([entry(case, case.side, case.side, shift) for shift in (0.0, 0.01)])

    def call() -> object:
        tile, out = next(entries)
        return engine.compute([tile], [out])

    return call


def alternating(calls: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """The median time of each call, in milliseconds."""
    samples: Samples = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            samples[name] += timed(call)
    return {name: 1e3 * statistics.median(taken) for name, taken in samples.items()}


def line(name: str, ratio: float | None, goal: float | None, detail: str) -> None:
    """Prints one measurement beside its goal."""
    reached = f"{ratio:6.2f}" if ratio is not None else f"{'-':>6}"
    wanted = f"<= {goal:4.2f}" if goal is not None else f"{'':7}"
    met = "" if ratio is None or goal is None else "met" if ratio <= goal else "missed"
    print(f"{name:44} {reached}  {wanted} {met:7} {detail}", flush=True)


def compare_with_jax(tier: Tier, jax: Jax | None, only: str) -> None:
    """Prints a line for each case of the table."""
    print("\nmilliseconds a grid of side²; the ratio is that of compiled to jax")
    for case, goal in AGAINST_JAX:
        if only not in case.workload:
            continue
        ready, compile_s = compiled(case, tier)
        calls = {"compiled": calls_on(ready, case), "direct": calls_on(direct(case), case)}
        if case.side <= _FUNCTIONAL_TO and case.order == 1:
            calls["functional"] = calls_on(functional(case), case)
        samples: Samples = {name: [] for name in (*calls, "jax")}
        for _ in range(ROUNDS):
            for name, call in calls.items():
                samples[name] += timed(call)
            if jax:
                samples["jax"] += jax.measured(case, len(samples["compiled"]) // ROUNDS)["calls_s"]
        medians = {name: 1e3 * statistics.median(taken) for name, taken in samples.items() if taken}
        ratio = medians["compiled"] / medians["jax"] if jax else None
        detail = ", ".join(f"{name} {ms:.3f}" for name, ms in medians.items())
        name = f"{case.workload} {case.side}²" + (" to order 2" if case.order > 1 else "")
        line(name, ratio, goal, f"{detail}; compiled after {compile_s:.1f} s")


def compare_with_filling(tier: Tier) -> None:
    """Prints how long three arrays of 1024² take beside filling the same."""
    case = Case(BILINEAR, 1024)
    ready, _ = compiled(case, tier)
    entries = [entry(case, case.side, case.side, shift) for shift in (0.0, 0.01)]
    ours, filled = itertools.cycle(entries), itertools.cycle([torch.from_numpy(out) for _, out in entries])

    def compute() -> object:
        tile, out = next(ours)
        return ready.compute([tile], [out])

    medians = alternating({"compiled": compute, "filling": lambda: next(filled).fill_(1.0)})
    detail = ", ".join(f"{name} {ms:.3f}" for name, ms in medians.items())
    line("bilinear_quadratic 1024² to filling", medians["compiled"] / medians["filling"], 1.5, detail)


def compare_shapes(tier: Tier) -> None:
    """Prints the first grids of shapes that were not seen before beside the second ones, another shape between them."""
    case = Case(NITROGEN, 256)
    ready, _ = compiled(case, tier)
    other = entry(case, 256, 256)
    samples: Samples = {"unseen": [], "repeated": []}
    for rows in range(200, 240):
        new = entry(case, rows, 65536 // rows)
        for taken in samples.values():
            ready.compute([other[0]], [other[1]])
            started_at = time.perf_counter()
            ready.compute([new[0]], [new[1]])
            taken.append((time.perf_counter() - started_at) / new[0].subgrid.points)
    medians = {name: 1e9 * statistics.median(taken) for name, taken in samples.items()}
    detail = ", ".join(f"{name} {ns:.2f} ns a point" for name, ns in medians.items())
    line("nitrogen, a shape not seen before", medians["unseen"] / medians["repeated"], 1.2, detail)


def compare_first_calls(jax: Jax | None) -> None:
    """Prints the first call ever of nitrogen with all six functions."""
    case = Case(NITROGEN, 256, 2)
    ours = min(first_call(case, direct) for _ in range(2))
    theirs = jax.measured(case, 1)["first_s"] if jax else None
    detail = f"{1e3 * ours:.0f} ms" + (f", jax {1e3 * theirs:.0f} ms" if theirs else "")
    line("nitrogen to order 2, first call", ours / theirs if theirs else None, 0.25, detail)


def compare_batches(tier: Tier, workload: str) -> None:
    """Prints 256 small grids beside one grid of as many points."""
    case = Case(workload, 512)
    ready, _ = compiled(case, tier)
    random = np.random.default_rng(0)
    for name, sides in (("32²", np.full((256, 2), 32)), ("20² to 44²", random.integers(20, 45, (256, 2)))):
        entries = [entry(case, int(rows), int(columns)) for rows, columns in sides]
        tiles, outs = [tile for tile, _ in entries], [out for _, out in entries]
        points = sum(tile.subgrid.points for tile in tiles)

        def together(tiles: list[object] = tiles, outs: list[object] = outs) -> object:  # type: ignore[assignment] # bound now
            return ready.compute(tiles, outs)  # type: ignore[arg-type] # what they are

        medians = alternating({"batch": together, "one of 512²": calls_on(ready, case)})
        ratio = (medians["batch"] / points) / (medians["one of 512²"] / 512**2)
        detail = ", ".join(f"{each} {ms:.3f}" for each, ms in medians.items())
        line(f"{workload} 256 grids of {name}", ratio, 1.2, detail)


def compare_sizes(tier: Tier, workload: str) -> None:
    """Prints the time a point takes from 256² to 4096²."""
    cases = [Case(workload, side) for side in SIDES]
    ready, _ = compiled(cases[0], tier)
    medians = alternating({str(case.side): calls_on(ready, case) for case in cases}, rounds=3)
    per_point = {side: 1e6 * ms / int(side) ** 2 for side, ms in medians.items()}
    detail = ", ".join(f"{side}² {ns:.2f}" for side, ns in per_point.items()) + " ns a point"
    line(f"{workload} longest to shortest", max(per_point.values()) / min(per_point.values()), 1.25, detail)


def restart(root: Path) -> None:
    """In a process of its own: makes the engine with a full cache, computes a grid, and prints the seconds."""
    case = Case(NITROGEN, 256)
    tile, out = entry(case, 256, 256)
    started_at = time.perf_counter()
    tier = open_cpu_tier(CpuTierSettings(root=root))
    ready = tier.lookup(tier.add(case.ordered, direct(case)))
    assert ready is not None, "the cache has it"
    ready.compute([tile], [out])
    print(time.perf_counter() - started_at)
    tier.close()


def compare_restart(root: Path) -> None:
    """Prints after how long a restarted worker has computed its first grid in the compiled tier."""
    command = [sys.executable, "-m", "benchmarks.engine", "--restart", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    line("nitrogen 256², restart with a full cache", float(done.stdout), 1.0, "seconds to the first grid, compiled")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures all cases, or those whose workload's name contains a word."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jax", metavar="PYTHON", help="an interpreter that has jax; by default none is asked")
    parser.add_argument("--only", default="", help="part of a workload's name")
    parser.add_argument("--restart", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.restart:
        restart(options.restart)
        return
    jax = Jax(options.jax) if options.jax else None
    if jax is None:
        print("jax is not installed: give --jax PYTHON, or run `make bench-engine`", file=sys.stderr)
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "compiled"
        tier = open_cpu_tier(CpuTierSettings(root=root))
        compare_with_jax(tier, jax, options.only)
        if options.only in NITROGEN:
            compare_first_calls(jax)
            compare_shapes(tier)
            compare_restart(root)
        if options.only in BILINEAR:
            compare_with_filling(tier)
        for workload in (NITROGEN, BLACK_SCHOLES, BILINEAR):
            if options.only in workload:
                compare_batches(tier, workload)
        for workload in (NITROGEN, BLACK_SCHOLES):
            if options.only in workload:
                compare_sizes(tier, workload)
        tier.close()
    if jax:
        jax.close()


if __name__ == "__main__":
    main()
