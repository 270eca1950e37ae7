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
PULLS, FITS = "benchmarks.calls.pullbacks", "benchmarks.calls.fits"
CALLERS = 8
GRIDS = 10_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    options = parser(__doc__, rounds=10).parse_args(arguments)
    ours = Server("gridgrad_server", LISTEN, warm="benchmarks.calls.single:prepare")
    pulls = Server("gridgrad_server", LISTEN, of_build=False, warm=f"{PULLS}:prepare")
    fits = Server("gridgrad_server", LISTEN, warm=f"{FITS}:prepare")
    servers = {"raw": RAW, "ours": ours, "pulls": pulls, "fits": fits}
    asked = {side.server for case in cases() if options.only in case.name for side in case.sides}
    run("inner_loop", options, {name: server for name, server in servers.items() if name in asked}, lambda _: cases())


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
        Case(
            f"map of {GRIDS} grids of {size}, each reduced to 3 sums",
            (Side("ours", f"{FITS}:reduced_many", {"grids": GRIDS, "side": SMALL}, "ours", units=GRIDS),),
            (Goal("rate", of=(OLD_BUILD,), most=1 / 3),),
            {"calls": 1},
        ),
        *_fits(),
        *_gradients_of_sums(),
    ]


def _fits() -> list[Case]:
    """Iterations of a fit of six parameters, beside the old build, which has grids for them, and JAX; memory too."""
    cases = []
    for side, sessions, most in ((200, True, 0.3), (200, False, 0.3), (1024, False, 0.12)):
        ours = Side("ours", f"{FITS}:iteration", {"side": side, "sessions": sessions}, "fits")
        jax = Side("jax.jit", f"{FITS}:in_jax", {"side": side}, kind="peer")
        goals = [Goal("p50", of=(OLD_BUILD,), most=most), Goal("p50", of=(jax.name,), most=0.5 if sessions else None)]
        name = f"fit iteration, {side}x{side}, {'in a session' if sessions else 'by TCP'}"
        cases.append(Case(name, (ours, jax), tuple(goals), {"calls": 20}))
    relayed = Side("ours", f"{FITS}:iteration_by_a_relay", {}, "fits", host="relay")
    goals = [Goal(figure, most=1000) for figure in ("bytes sent", "bytes back")]
    cases.append(Case("fit iteration, 200x200, what travels", (relayed,), tuple(goals), {"calls": 20}, rounds=2))
    large = Side("ours", f"{FITS}:iteration", {"side": 4096, "along": True}, "fits", host="large fit")
    goals = [Goal(f"{each} growth MiB", most=100, label=f"memory of the {each}") for each in ("server", "worker")]
    cases.append(Case("fit iteration, 4096x4096", (large,), (*goals, Goal()), {"calls": 1}, rounds=2))
    return cases


def _gradients_of_sums() -> list[Case]:
    """Beside the sum alone, and what the other way to have it takes; memory too."""
    value, gradient = (
        [Side(f"{name}", f"{PULLS}:{call}", {"gradient": wanted}, "pulls") for call in ("by_coefficients", "by_axes")]
        for name, wanted in (("the sum", False), ("its gradient", True))
    )
    jax = Side("jax.jit(jax.grad)", f"{PULLS}:in_jax", kind="peer")
    of_sum = Goal("p50", of=("the sum",), most=5)
    cases = [
        Case(
            "sum by 100 coefficients, 256x256",
            (gradient[0], value[0], jax),
            (of_sum, Goal("p50", of=(jax.name,), most=0.5)),
            {"calls": 20},
        ),
        Case(
            "sum by both axes, nitrogen, 1024x1024",
            (gradient[1], value[1]),
            (Goal("p50", of=("the sum",), most=3),),
            {"calls": 5},
        ),
    ]
    for given in (False, True):
        side = Side("ours", f"{PULLS}:over_a_large_grid", {"side": 8192, "cotangent": given}, "pulls", host="large")
        goals = [Goal(f"{each} growth MiB", most=100, label=f"memory of the {each}") for each in ("server", "worker")]
        name = f"sum by both axes, 8192x8192, cotangent {'an array' if given else 'none'}"
        cases.append(Case(name, (side,), (*goals, Goal()), {"calls": 1}, rounds=2))
    return cases


def _one(name: str, ours: Side, *goals: Goal) -> Case:
    """One caller in a loop, beside a raw unary call of as many bytes."""
    raw, _ = raw_sides(answer_bytes(SMALL), request_bytes(SMALL))
    return Case(name, (ours, raw), goals, {"calls": 200})


def _several(size: str) -> Case:
    """Tasks of one process that call at once."""
    ours = Side("ours", f"{INNER}:several", {"callers": CALLERS}, "ours", host="several")
    goal = Goal("rate", of=(OLD_BUILD,), most=1 / 3)  # beside an old build more than 1 is worse
    return Case(f"{size}, {CALLERS} callers with bound calls", (ours,), (goal,), {"calls": 100})


def _many(size: str, name: str, call: str) -> Case:
    """Many grids, several in flight."""
    ours = Side("ours", call, {"grids": GRIDS, "side": SMALL}, "ours", units=GRIDS)
    return Case(
        f"{name} of {GRIDS} grids of {size}", (ours,), (Goal("rate", of=(OLD_BUILD,), most=1 / 1.5),), {"calls": 1}
    )


if __name__ == "__main__":
    main()
