"""Special functions in a worker, in both tiers, beside scipy's values on as many threads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.engine import BLOCK
from benchmarks.harness.case import Case, Goal, Side
from benchmarks.harness.command import parser, run

__all__: list[str] = []

CALLS = "benchmarks.calls.special_functions"
WAYS = ("compiled", "direct", "scipy")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the rows."""
    run("special", parser(__doc__, rounds=5).parse_args(arguments), {}, lambda _: cases())


def cases() -> Iterator[Case]:
    """Functions at a million points with their partials beside scipy's value alone, and a grid of one."""
    yield _at_points("gammainc(2.5, x), value and first partial, 10⁶ points", "shape_known", 1.2)
    yield _at_points("gammainc(a, x), value and both partials, 10⁶ points", "both_partials", 3.0)
    yield _at_points("k0(x), value and first partial, 10⁶ points", "falling", 1.2)
    yield _at_points("jv(2.5, x), value and first partial, 10⁶ points", "real_order", 1.2)
    yield _at_points("ellipk(x), value and first partial, 10⁶ points", "elliptic", 1.2)
    yield _at_points("lambertw(x), value and first partial, 10⁶ points", "lambert", 1.2)
    yield _at_points("j0(sqrt(x**2 + y**2)) to order 2, 512²", "drum", None)


def _at_points(name: str, call: str, most: float | None) -> Case:
    sides = [Side(way, f"{CALLS}:{call}", {"way": way}, role="worker", kind="peer", host=way) for way in WAYS]
    goals = (
        Goal("p50", of=("scipy",), most=most, label="of scipy's value alone"),
        Goal("p50", of=("scipy",), side="direct", label="direct"),
    )
    return Case(name, tuple(sides), goals, BLOCK)


if __name__ == "__main__":
    main()
