"""Runs with `--old` and `--json` together: of each row the median over the runs, and the geometric mean.

    python -m benchmarks.compare service-1.json service-2.json service-3.json

Ratios are new to old, and more than 1 is worse. It ends with status 1 where the new build is worse than allowed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.harness.row import geometric_mean

__all__ = ["Medians", "medians_of", "worse_than_allowed"]

MEAN, EACH = 1.02, 1.07
"""What the geometric mean of the times and the median of a row over three runs or more may be at most."""
PARTS = ("time", "processor", "memory")


class Medians(NamedTuple):
    """A row over several runs.

    Args:
        row: its benchmark, case and figure.
        noise: the old build beside itself.
        new: new beside old, by part: "time", "processor", "memory"; nan where it was not measured.
    """

    row: tuple[str, str, str, str]
    noise: float
    new: dict[str, float]


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("files", nargs="+", type=Path, help="what --json has written")
    files = parser.parse_args(arguments).files
    medians = medians_of(json.loads(file.read_text()) for file in files)
    print(f"{'medians of ' + str(len(files)) + ' files':84}{'noise':>8}{'time':>8}{'proc.':>8}{'memory':>8}")
    for each in medians:
        numbers = (each.noise, *(each.new[part] for part in PARTS))
        print(f"{' '.join(each.row):84}" + "".join(f"{number:8.3f}" for number in numbers))
    means = [geometric_mean(numbers) for numbers in _columns(medians)]
    print(f"{'geometric means':84}" + "".join(f"{mean:8.3f}" for mean in means))
    if failures := worse_than_allowed(medians):
        sys.exit("\n".join(failures))


def _columns(medians: Sequence[Medians]) -> list[list[float]]:
    return [[each.noise for each in medians], *([each.new[part] for each in medians] for part in PARTS)]


def medians_of(documents: Iterable[Mapping[str, Any]]) -> list[Medians]:
    """The rows that were measured beside an old build, each over all runs that have it."""
    taken: dict[tuple[str, str, str, str], list[Mapping[str, Any]]] = {}
    for document in documents:
        for row in document["rows"]:
            if row["to_old"]:
                key = (document["benchmark"], row["case"], row["side"], row["statistic"])
                taken.setdefault(key, []).append(row)
    return [_medians(key, rows) for key, rows in taken.items()]


def _medians(key: tuple[str, str, str, str], rows: Sequence[Mapping[str, Any]]) -> Medians:
    new = {part: _median(row["to_old"][part] for row in rows) for part in PARTS}
    return Medians(key, _median(row["noise"] and row["noise"]["time"] for row in rows), new)


def _median(numbers: Iterable[float | None]) -> float:
    known = [number for number in numbers if number is not None]
    return statistics.median(known) if known else float("nan")


def worse_than_allowed(medians: Sequence[Medians]) -> list[str]:
    """Why the new build is worse than allowed; empty if it isn't."""
    mean = geometric_mean(each.new["time"] for each in medians)
    failures = [f"the geometric mean of the times is {mean:.3f}, more than {MEAN}"] if mean > MEAN else []
    rows = [each for each in medians if each.new["time"] > EACH]
    return failures + [
        f"{' '.join(each.row)} takes {each.new['time']:.3f} of the old, more than {EACH}" for each in rows
    ]


if __name__ == "__main__":
    main()
