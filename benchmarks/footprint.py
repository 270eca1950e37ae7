"""What it takes before the first call: imports, starting, memory at rest, and the size of the wheel."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.harness.case import OLD_BUILD, Case, Goal, Server, Side
from benchmarks.harness.command import parser, run
from benchmarks.service import LISTEN

__all__: list[str] = []

STARTS = "benchmarks.calls.starts"
NOT_WORSE = 1.05
BESIDE_LIBRARIES = 1.4
ROLES = ("client", "server", "worker")
PROGRAMS = {
    "import gridgrad": "import gridgrad",
    "import gridgrad, a client": "import gridgrad; gridgrad.Client",
    "import gridgrad, both clients": "import gridgrad, gridgrad.aio; gridgrad.Client",
}
EVAL = """
try:
    from gridgrad.cli.main import main
except ImportError:  # as 0.1 had it
    from gridgrad.cli import main
sys.argv = ["gridgrad", "eval", "t*k", "--axis", "t=1,2,4", "--axis", "k=0:1:5"]
main()
"""
LIBRARIES = "import numpy, grpc"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    options = parser(__doc__, rounds=8).parse_args(arguments)
    run("footprint", options, {"ours": Server("gridgrad_server", LISTEN)}, lambda _: cases())


def cases() -> list[Case]:
    """All that is measured; the goals are about the old build."""
    return [
        *(_program(name, code) for name, code in PROGRAMS.items()),
        _command(),
        Case(
            "gridgrad-server, until it serves",
            (Side("ours", f"{STARTS}:server"),),
            (Goal("p50", of=(OLD_BUILD,), most=NOT_WORSE),),
            {"calls": 1},
        ),
        Case(
            "the wheel",
            (Side("ours", f"{STARTS}:wheel"),),
            (Goal("wheel kB", of=(OLD_BUILD,), most=NOT_WORSE),),
            warm=False,
            rounds=1,
        ),
        Case(
            "server and worker at rest",
            (Side("ours", "benchmarks.calls.single:gradient", server="ours", order={"calls": 1}),),
            tuple(
                Goal(f"{role} MiB", of=(OLD_BUILD,), most=NOT_WORSE, label=role)
                for role in ("client", "server", "worker")
            ),
        ),
    ]


def _program(name: str, code: str, floor: tuple[str, str] = ("python", ""), *goals: Goal) -> Case:
    """A Python that starts, does something and ends; beside one that does nothing, or another that is named."""
    name_of_floor, code_of_floor = floor
    ours = Side("ours", f"{STARTS}:program", {"code": code}, "ours")
    beside = Side(name_of_floor, f"{STARTS}:program", {"code": code_of_floor}, kind="floor")
    of_old = (
        Goal("processor ms", of=(OLD_BUILD,), most=NOT_WORSE),
        Goal("p50", of=(OLD_BUILD,), label="time"),
        Goal("peak MiB", of=(OLD_BUILD,), most=NOT_WORSE, label="memory"),
    )
    return Case(name, (ours, beside), (*of_old, *goals), {"calls": 2})


def _command() -> Case:
    """The command at a server that runs, beside the import of the libraries that it can't do without."""
    goal = Goal("processor ms", of=(LIBRARIES,), most=BESIDE_LIBRARIES, label="beside the libraries")
    return _program("gridgrad eval", EVAL, (LIBRARIES, LIBRARIES), goal)


if __name__ == "__main__":
    main()
