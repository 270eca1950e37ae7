"""Special functions in a worker, in both tiers, beside scipy's values on as many threads, and what they cost others.

`--jax PYTHON` names an interpreter that has jax; `--old WORKTREE` a build from before them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from benchmarks.engine import BLOCK, NITROGEN, jax_environment
from benchmarks.harness.case import OLD_BUILD, Case, Goal, Side
from benchmarks.harness.command import need_jax, parser, run

__all__: list[str] = []

CALLS = "benchmarks.calls.special_functions"
WAYS = ("compiled", "direct", "scipy")
MOST_MIB, MOST_KB = 64, 3000
UNCHANGED = 1.02


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the rows."""
    options = parser(__doc__, rounds=5, jax=True).parse_args(arguments)
    need_jax(options)
    run("special", options, {}, lambda _: cases(options))


def cases(options: argparse.Namespace) -> Iterator[Case]:
    """Functions at a million points with partials beside scipy's value alone, a grid of one, and what has none."""
    yield _at_points("gammainc(2.5, x), value and first partial, 10⁶ points", "shape_known", 1.2)
    yield _at_points("gammainc(a, x), value and both partials, 10⁶ points", "both_partials", 3.0)
    yield _at_points("k0(x), value and first partial, 10⁶ points", "falling", 1.2)
    yield _at_points("jv(2.5, x), value and first partial, 10⁶ points", "real_order", 1.2)
    yield _at_points("ellipk(x), value and first partial, 10⁶ points", "elliptic", 1.2)
    yield _at_points("lambertw(x), value and first partial, 10⁶ points", "lambert", 1.2)
    yield _at_points("j0(sqrt(x**2 + y**2)) to order 2, 512²", "drum", None, options.jax)
    yield from _without()
    yield _wheel()


def _at_points(name: str, call: str, most: float | None, jax: str = "") -> Case:
    sides = [Side(way, f"{CALLS}:{call}", {"way": way}, role="worker", kind="peer", host=way) for way in WAYS]
    goals = [
        Goal("p50", of=("scipy",), most=most, label="of scipy's value alone"),
        Goal("p50", of=("scipy",), side="direct", label="direct"),
        *(Goal("worker growth MiB", most=MOST_MIB, side=way, label=f"memory, {way}") for way in WAYS[:2]),
    ]
    if jax:
        peer = "benchmarks.peers.jax_functions:drum"
        sides.append(Side("jax", peer, kind="peer", host="jax", python=jax, environment=jax_environment()))
    if most is None:
        goals.append(Goal("p50", of=("jax",), most=0.5, label="of jax.jit with its own Bessel function"))
    return Case(name, tuple(sides), tuple(goals), BLOCK)


def _without() -> Iterator[Case]:
    """A formula without such functions, beside the build that had none."""
    grid = Side(
        "compiled", "benchmarks.calls.tiers:grid", {"workload": NITROGEN, "side": 512, "tier": "compiled"},
        role="worker", host="engine",
    )  # fmt: skip
    yield Case("a formula without these, run", (grid,), (Goal("p50", of=(OLD_BUILD,), most=UNCHANGED),), BLOCK)
    prepared = Side("ours", "benchmarks.calls.first_calls:preparation", {"workload": NITROGEN, "order": 2})
    goal = Goal("p50", of=(OLD_BUILD,), most=UNCHANGED)
    yield Case("a formula without these, compiled", (prepared,), (goal,), {"calls": 1}, warm=False)


def _wheel() -> Case:
    """All that the wheel has of them but for their rows in the language, packed."""
    side = Side("ours", "benchmarks.calls.starts:wheel")
    goals = (Goal("library kB", most=MOST_KB, label="the library"), Goal("wheel kB", of=(OLD_BUILD,), label="in all"))
    return Case("the wheel", (side,), goals, warm=False, rounds=1)


if __name__ == "__main__":
    main()
