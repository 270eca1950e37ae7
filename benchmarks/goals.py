"""Every row of every benchmark as met or missed.

    python -m benchmarks.goals                      # measures them all, one after another
    python -m benchmarks.goals --from build/goals   # prints what was measured before

What needs what is not here (jax, a GPU, an old build) is printed as not measured. Further flags go to each benchmark.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["BENCHMARKS", "lines_of"]

ROOT = Path(__file__).parents[1]
BENCHMARKS = (
    "service",
    "floods",
    "mixes",
    "engine",
    "readme",
    "watched",
    "cluster",
    "scaling",
    "footprint",
    "first",
    "neighbours",
    "functions",
    "registered",
    "access",
    "by_http",
    "explorer",
    "language",
    "special",
    "fluids",
    "inner_loop",
    "native",
    "gpu",
)
WITH_JAX = ("engine", "readme", "special")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures, unless it was done before, and prints all rows that have a goal."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--from", dest="before", type=Path, metavar="FOLDER", help="take the JSON files there")
    parser.add_argument("--to", type=Path, default=ROOT / "build" / "goals", metavar="FOLDER", help="keep them there")
    parser.add_argument("--benchmarks", default=",".join(BENCHMARKS), help="which, separated by commas")
    options, others = parser.parse_known_args(arguments)
    names = options.benchmarks.split(",")
    folder = options.before or options.to
    if not options.before:
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            _measure(name, folder, others)
    documents = {name: _read(folder / f"{name}.json") for name in names}
    for line in lines_of(documents):
        print(line)


def _measure(name: str, folder: Path, others: Sequence[str]) -> None:
    file = folder / f"{name}.json"
    file.unlink(missing_ok=True)
    jax = ["--jax", sys.executable] if name in WITH_JAX and importlib.util.find_spec("jax") else []
    print(f"\n=== {name}", flush=True)
    subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--json", str(file), *jax, *others], cwd=ROOT, check=False
    )


def _read(file: Path) -> dict[str, Any] | None:
    return json.loads(file.read_text()) if file.exists() else None


def lines_of(documents: Mapping[str, Mapping[str, Any] | None]) -> Iterator[str]:
    """A line for each row with a goal, and at the end how many were met.

    Args:
        documents: what each benchmark wrote; None where it could not run.
    """
    verdicts: list[str] = []
    yield f"\n{'benchmark':10} {'row':66} {'figure':18} {'reached':>9} {'goal':>9}"
    for name, document in documents.items():
        rows = [row for row in document["rows"] if row["verdict"]] if document else []
        if document is None:
            yield f"{name:10} {'not measured here':66}"
        for row in rows:
            verdicts.append(row["verdict"])
            reached = "-" if row["ratio"] is None else f"{row['ratio']:.3g}"
            beside = f"{row['case']}{' to ' + row['of'] if row['of'] else ''}"
            yield f"{name:10} {beside:66} {row['statistic']:18} {reached:>9} {row['limit']:>9}  {row['verdict']}"
    counts = {verdict: verdicts.count(verdict) for verdict in ("met", "missed", "not measured")}
    yield ", ".join(f"{count} {verdict}" for verdict, count in counts.items())


if __name__ == "__main__":
    main()
