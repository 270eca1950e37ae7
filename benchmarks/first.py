"""First calls: a long expression's first answer, its compilation, what verifying takes of it, and its derivation.

Goals are beside the old build's, but for shares. Each answer and each `prepare` is that of a server of its own, with an
empty cache; what starts it is not counted. The expression is four properties of nitrogen, p, cv, cp and w, from its
Helmholtz energy, with all first partials.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.engine import BLACK_SCHOLES, NITROGEN
from benchmarks.harness.case import OLD_BUILD, Case, Goal, Side
from benchmarks.harness.command import parser, run

__all__: list[str] = []

CALLS = "benchmarks.calls.first_calls"
PROPERTIES = "nitrogen_properties"
LINES = 7300
ONCE = {"calls": 1}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    options = parser(__doc__, rounds=3).parse_args(arguments)
    run("first", options, {}, lambda _: cases())


def cases() -> list[Case]:
    """All that is measured; the goals are about the old build."""
    return [
        Case(
            "four properties, first answer",
            (Side("ours", f"{CALLS}:answer", {"workload": PROPERTIES}),),
            (Goal("p50", of=(OLD_BUILD,), most=0.25),),
            ONCE,
            warm=False,
        ),
        preparation("four properties, prepare", PROPERTIES, 1, most=0.25),
        preparation("nitrogen to order 2, prepare", NITROGEN, 2, most=1.0),
        preparation("Black-Scholes to order 2, prepare", BLACK_SCHOLES, 2, most=1.0),
        *(
            Case(
                f"{name}, verified",
                (Side("ours", f"{CALLS}:compilation", {"workload": workload, "order": order}),),
                (Goal("verifying %", most=10.0, label="share of compiling"),),
                ONCE,
                warm=False,
            )
            for name, workload, order in (
                ("four properties", PROPERTIES, 1),
                ("nitrogen to order 2", NITROGEN, 2),
                ("Black-Scholes to order 2", BLACK_SCHOLES, 2),
            )
        ),
        Case(
            "22,000 operations, derived",
            (Side("ours", f"{CALLS}:derivation", {"lines": LINES}),),
            (
                Goal("p50", of=(OLD_BUILD,), most=0.12),
                Goal("deriving MiB", of=(OLD_BUILD,), most=0.5, label="memory"),
            ),
            ONCE,
            warm=False,
        ),
    ]


def preparation(name: str, workload: str, order: int, *, most: float) -> Case:
    """Until an expression is compiled, and the memory of all processes that this takes."""
    side = Side("ours", f"{CALLS}:preparation", {"workload": workload, "order": order})
    memory = Goal("compiling MiB", most=600.0, label="memory")
    return Case(name, (side,), (Goal("p50", of=(OLD_BUILD,), most=most), memory), ONCE, warm=False)


if __name__ == "__main__":
    main()
