"""What calls from C cost, by the native library, beside bound calls from Python."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness.case import Case, Goal, Server, Side
from benchmarks.harness.command import parser, run

__all__: list[str] = []

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "build" / "native"
SMALL, LARGE = 32, 1024
IN_FLIGHT = 16
C, PYTHON = "from C", "from Python"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints the table."""
    options = parser(__doc__, rounds=10).parse_args(arguments)
    for command in (
        ["cmake", "-S", str(ROOT / "native"), "-B", str(BUILT), "-DGRIDGRAD_TESTS=ON"],
        ["cmake", "--build", str(BUILT), "--parallel", "2"],
    ):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    library = next(each for each in BUILT.glob("libgridgrad.so*") if not each.is_symlink())
    print(f"the library has {library.stat().st_size / 1000:.0f} kB, of at most 100")
    with tempfile.TemporaryDirectory(prefix="gridgrad-") as folder:
        path = Path(folder) / "sessions"
        flags = ("--listen", "127.0.0.1:0", "--device", "cpu", "--workers", "1", "--session-socket", str(path))
        server = Server("gridgrad_server", flags, warm="benchmarks.calls.single:prepare")
        run("native", options, {"ours": server}, lambda _: cases(path))


def cases(path: Path) -> list[Case]:
    """All that is measured."""
    given = {"path": str(path), "library": str(BUILT / "tests" / "libbench.so")}

    def from_c(name: str, side: int, in_flight: int = 1) -> Side:
        return Side(name, "benchmarks.calls.native:bound", {**given, "side": side, "in_flight": in_flight}, host=name)

    python = Side(PYTHON, "benchmarks.calls.inner:bound", {"sessions": True}, "ours", host=PYTHON)
    size = f"{SMALL}x{SMALL}"
    return [
        Case(
            f"{size} bound",
            (from_c(C, SMALL), python),
            (
                Goal("p50", of=(PYTHON,), most=0.6),
                Goal("p99", of=(PYTHON,), most=0.6),
                Goal("processor of the client us", most=8),
                Goal("held KiB", most=1000),
            ),
            {"calls": 500},
        ),
        Case(
            f"{size}, {IN_FLIGHT} in flight",
            (from_c(f"{IN_FLIGHT} in flight", SMALL, IN_FLIGHT), from_c("one", SMALL)),
            (Goal("rate", of=("one",), least=2),),
            {"calls": 2000},
        ),
        Case(f"{LARGE}x{LARGE}", (from_c(C, LARGE),), (Goal("call per computing", most=1.25),), {"calls": 10}),
    ]


if __name__ == "__main__":
    main()
