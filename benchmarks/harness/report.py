"""Rows as text and as JSON."""

from __future__ import annotations

import math
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.harness.build import NEW, Build
from benchmarks.harness.case import Case
from benchmarks.harness.row import Comparison, Measured, Row, figure, geometric_mean

__all__ = ["details_of", "document", "head", "line_of", "machine", "milliseconds", "summary"]

WIDTHS = (56, 17, 7, 20, 7, 7, 12)
COMPARED = ("noise", "time", "proc.", "memory")
FIGURES = ("p50", "p99", "rate", "per unit", "processor")
PACKAGES = ("grpcio", "numpy", "protobuf", "torch", "jax")


def machine() -> dict[str, Any]:
    """What it was measured on."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "packages": versions,
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.machine()


def head(*, beside_old: bool) -> str:
    """The head of the table; with another build the noise comes first, then new to old, where more is worse."""
    cells = ("case", "figure", "ours", "beside", "ratio", "goal", "")
    return _joined(cells) + ("".join(name.rjust(8) for name in COMPARED) if beside_old else "")


def line_of(row: Row) -> str:
    """A row as a line of the table."""
    beside = f"{row.of} {_short(row.of_value)}" if row.of else ""
    cells = (
        row.case,
        row.statistic,
        _short(row.value),
        beside,
        _short(row.ratio) if row.of else "",
        row.limit,
        row.verdict,
    )
    return _joined(cells) + _comparison(row.noise, row.to_old)


def _joined(cells: Sequence[str]) -> str:
    first, *others = zip(cells, WIDTHS, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)])


def _comparison(noise: Comparison | None, to_old: Comparison | None) -> str:
    if to_old is None:
        return ""
    numbers = (noise.time if noise else float("nan"), *to_old)
    return "".join("-".rjust(8) if math.isnan(number) else f"{number:8.2f}" for number in numbers)


def _short(number: float) -> str:
    if math.isnan(number):
        return "-"
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.2f}" if abs(number) >= 1 else f"{number:.3g}"


def milliseconds(ms: float) -> str:
    """A time as tables for readers have it, with two digits at least."""
    return f"{ms:.0f} ms" if ms >= 100 else f"{ms:#.2g}".rstrip(".") + " ms"


def details_of(case: Case, measured: Measured) -> Iterator[str]:
    """A line for each side of a case: times, rate, and what it used in this build."""
    for side in case.sides:
        turns = measured.get((NEW, side.name), ())
        if not turns:
            continue
        p50, p99, rate = (figure(turns, name, side.units) for name in ("p50", "p99", "rate"))
        calls = sum(len(turn.block.latencies) for turn in turns)
        parts = [f"p50 {_short(p50)} ms, p99 {_short(p99)}, {_short(rate)}/s"] if calls else []
        if calls:
            parts.append(
                "µs of processor: "
                + _by_role({role: 1e6 * sum(t.used[role] for t in turns) / calls for role in turns[0].used})
            )
        parts.append("MiB: " + _by_role({role: max(t.peaks[role] for t in turns) for role in turns[0].peaks}))
        parts += [f"{name} {_short(figure(turns, name))}" for name in turns[0].block.figures]
        yield f"    {side.name}: {'; '.join(parts)}"


def _by_role(numbers: Mapping[str, float]) -> str:
    return ", ".join(f"{role} {number:.0f}" for role, number in numbers.items())


def summary(rows: Sequence[Row]) -> str:
    """How many goals were met, and the geometric means of new to old."""
    verdicts = [row.verdict for row in rows if row.verdict]
    text = ", ".join(f"{verdicts.count(each)} {each}" for each in ("met", "missed", "not measured") if each in verdicts)
    beside = [row for row in rows if row.to_old]
    if beside:
        means = [geometric_mean(row.to_old[part] for row in beside if row.to_old) for part in range(3)]
        noise = geometric_mean(row.noise.time for row in beside if row.noise)
        text += f"\ngeometric means over {len(beside)} rows, more than 1 is worse: old beside old {noise:.3f}; "
        text += "new beside old: time {:.3f}, processor {:.3f}, memory {:.3f}".format(*means)
    return text


def document(
    name: str,
    builds: Sequence[Build],
    rounds: int,
    told: Mapping[str, Any],
    done: Sequence[tuple[Case, Measured, list[Row]]],
) -> dict[str, Any]:
    """A run as JSON."""
    return {
        "benchmark": name,
        "command": sys.argv,
        "machine": machine(),
        "builds": {build.label: {"root": str(build.root), "commit": build.describe()} for build in builds},
        "rounds": rounds,
        "told": dict(told),
        "rows": [row_document(row) for *_, rows in done for row in rows],
        "cases": [{"case": case.name, "sides": list(_sides(case, measured))} for case, measured, _ in done],
    }


def row_document(row: Row) -> dict[str, Any]:
    """A row as JSON; what was not measured is null."""
    parts = row._asdict() | {
        name: each and each._asdict() for name, each in (("to_old", row.to_old), ("noise", row.noise))
    }
    known: dict[str, Any] = _without_nan(parts)
    return known


def _sides(case: Case, measured: Measured) -> Iterator[dict[str, Any]]:
    for side in case.sides:
        for (label, name), turns in measured.items():
            if name == side.name and turns:
                figures = {each: figure(turns, each, side.units) for each in (*FIGURES, *turns[0].block.figures)}
                used = {f"processor of the {role}": sum(t.used[role] for t in turns) for role in turns[0].used}
                peaks = {f"peak MiB of the {role}": max(t.peaks[role] for t in turns) for role in turns[0].peaks}
                numbers = _without_nan({**figures, **used, **peaks})
                yield {"side": name, "kind": side.kind, "build": label, "units": side.units, **numbers}


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
