"""What equations in the language cost, beside what is written without them and peers, and tables beside scipy.

`--jax PYTHON` and `--coolprop PYTHON` name interpreters that have these.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence

from benchmarks.engine import BLOCK, THREADS
from benchmarks.harness.case import Case, Goal, Server, Side
from benchmarks.harness.command import parser, run
from benchmarks.service import LISTEN

__all__: list[str] = []

CALLERS = "benchmarks.calls.equations"
PEERS = "benchmarks.peers.densities"
LOOKUPS = "benchmarks.calls.lookups"
KEPT = "benchmarks.calls.kept"
SUMS = "benchmarks.calls.sums"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the rows."""
    flags = parser(__doc__, rounds=5, jax=True)
    flags.add_argument("--coolprop", metavar="PYTHON", default="", help="an interpreter that has CoolProp")
    options = flags.parse_args(arguments)
    servers = {
        "ours": Server("gridgrad_server", LISTEN, of_build=False, warm=f"{CALLERS}:prepare"),
        "summing": Server("gridgrad_server", LISTEN, of_build=False, warm=f"{SUMS}:prepare"),
    }
    run("language", options, servers, lambda _: [density(options), volatility(), arrays(), *tables(), kept()])


def density(options: argparse.Namespace) -> Case:
    """A solved grid beside the function itself, at as many points and on a grid of them, and beside peers.

    Args:
        options: which interpreters have them.
    """
    sides = (
        Side("solve", f"{CALLERS}:density", {"way": "solved"}, "ours"),
        Side("points", f"{CALLERS}:density", {"way": "points"}, "ours"),
        Side("grid", f"{CALLERS}:density", {"way": "grid"}, "ours"),
        *_peers(options),
    )
    goals = (
        Goal("p50", of=("points",), most=12.0, label="of the pressure and one partial at points"),
        Goal("p50", of=("grid",), label="of the same on a grid, which separates"),
        Goal("p50", of=("jax",), most=0.4, label="of Newton in jax.jit(vmap)"),
        Goal("p50", of=("CoolProp",), most=0.2, label="of CoolProp's PropsSI"),
    )
    return Case("nitrogen 300², density from (T, p) with both partials", sides, goals, {"calls": 3})


def _peers(options: argparse.Namespace) -> Iterator[Side]:
    if options.jax:
        flags = f"--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads={THREADS}"
        environment = {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags}
        yield Side("jax", f"{PEERS}:newton", kind="peer", host="jax", environment=environment, python=options.jax)
    if options.coolprop:
        once = {"calls": 1}
        yield Side("CoolProp", f"{PEERS}:coolprop", kind="peer", host="CoolProp", order=once, python=options.coolprop)


def volatility() -> Case:
    """Solved volatilities beside ten steps that are written out."""
    sides = (
        Side("solve", f"{CALLERS}:volatility", {"way": "solved"}, "ours"),
        Side("unrolled", f"{CALLERS}:volatility", {"way": "unrolled"}, "ours"),
    )
    goals = (
        Goal("p50", of=("unrolled",), most=0.25, label="of ten steps written out"),
        Goal("processor", of=("unrolled",), label="in the worker"),
    )
    return Case("205,000 implied volatilities with two derivatives", sides, goals, {"calls": 2})


def arrays() -> Case:
    """A sum over arrays beside the same written out, whose powers that repeat are taken once."""
    sides = (
        Side("arrays", f"{SUMS}:terms", {"way": "arrays"}, "summing"),
        Side("written", f"{SUMS}:terms", {"way": "written"}, "summing"),
    )
    goals = (
        Goal("p50", of=("written",), most=1.1, label="of the same written out"),
        Goal("processor", of=("written",), label="in the worker"),
    )
    return Case("56 terms by sum over arrays, 256², both partials", sides, goals, {"calls": 50})


def tables() -> Iterator[Case]:
    """Tables as a worker looks them up, in both tiers, beside scipy in its own process."""
    yield _tabulated("potential of 37 knots times a damping, and force, 10⁶ points", "potential", 0.25)
    yield _tabulated("table of 200² on axes of 1024, value and both partials", "plane", 0.2)


def _tabulated(name: str, call: str, most: float) -> Case:
    ways = ("compiled", "direct", "scipy")
    # An old build has no tables
    sides = [Side(way, f"{LOOKUPS}:{call}", {"way": way}, role="worker", kind="peer", host=way) for way in ways]
    goals = (Goal("p50", of=("scipy",), most=most), Goal("p50", of=("scipy",), side="direct", label="direct"))
    return Case(name, tuple(sides), goals, BLOCK)


def kept() -> Case:
    """The second call with a large table beside the first, by TCP, with the bytes that are sent beside the axis."""
    sides = (
        Side("second", f"{KEPT}:table", {"way": "second"}, "ours"),
        Side("first", f"{KEPT}:table", {"way": "first"}, "ours"),
    )
    goals = (
        Goal("kB", most=1.0, label="sent"),
        Goal("kB", side="first", label="sent by the first"),
        Goal("p50", of=("first",), label="of the first"),
    )
    return Case("table of 10⁶ values, the second call by TCP", sides, goals, {"calls": 2})


if __name__ == "__main__":
    main()
