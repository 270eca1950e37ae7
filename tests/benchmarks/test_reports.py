"""What benchmarks write, and what is made of several runs."""

from __future__ import annotations

import json
import math

import pytest

from benchmarks.compare import medians_of, worse_than_allowed
from benchmarks.goals import BENCHMARKS, lines_of
from benchmarks.harness.build import HERE
from benchmarks.harness.report import head, line_of, row_document, summary
from benchmarks.harness.row import Comparison, Row


def row(*, time: float = 1.0, verdict: str = "met") -> Row:
    to_old, noise = Comparison(time, 1.5, math.nan), Comparison(0.5, 1.0, 1.0)
    return Row("a case", "p50", "ours", 3.0, "raw", 2.0, 1.5, "<= 1.5", verdict, to_old, noise)


def document(*rows: Row) -> dict[str, object]:
    return {"benchmark": "service", "rows": [json.loads(json.dumps(row_document(each))) for each in rows]}


def test_a_line_has_the_cells_of_its_head() -> None:
    cells = line_of(row()).split()
    assert cells == ["a", "case", "p50", "3.00", "raw", "2.00", "1.50", "<=", "1.5", "met", "0.50", "1.00", "1.50", "-"]
    assert len(line_of(row())) == len(head(beside_old=True))
    assert len(line_of(row()._replace(to_old=None))) == len(head(beside_old=False))


def test_what_was_not_measured_is_null() -> None:
    assert row_document(row())["to_old"] == {"time": 1.0, "processor": 1.5, "memory": None}
    assert row_document(row()._replace(noise=None))["noise"] is None


def test_the_summary_counts_goals_and_takes_means() -> None:
    text = summary([row(time=0.5), row(time=2.0, verdict="missed"), row(verdict="")])
    assert "1 met, 1 missed" in text
    assert "time 1.000, processor 1.500, memory nan" in text


def test_of_several_runs_the_median_counts() -> None:
    [medians] = medians_of([document(row(time=1.0)), document(row(time=9.0)), document(row(time=1.05))])
    assert medians.row == ("service", "a case", "ours", "p50")
    assert medians.new["time"] == 1.05
    assert medians.noise == 0.5
    assert math.isnan(medians.new["memory"])


@pytest.mark.parametrize(
    ("times", "failures"), [((1.0, 1.0), 0), ((1.06, 0.9), 0), ((1.08, 0.9), 1), ((1.03, 1.03), 1), ((1.2, 1.2), 3)]
)
def test_what_is_worse_than_allowed(times: tuple[float, float], failures: int) -> None:
    rows = [row(time=time)._replace(case=f"case {number}") for number, time in enumerate(times)]
    assert len(worse_than_allowed(medians_of([document(*rows)]))) == failures


def test_goals_are_listed_as_met_missed_or_not_measured() -> None:
    missed = row(verdict="missed")._replace(ratio=math.nan)
    lines = list(lines_of({"service": document(row(), missed, row(verdict="")), "gpu": None}))
    assert len(lines) == 5
    assert lines[1].split()[-4:] == ["1.5", "<=", "1.5", "met"]
    assert lines[2].split()[-4:] == ["-", "<=", "1.5", "missed"]
    assert "not measured here" in lines[3]
    assert lines[4] == "1 met, 1 missed, 0 not measured"


def test_every_benchmark_is_among_the_goals() -> None:
    modules = {path.stem for path in (HERE / "benchmarks").glob("*.py")}
    assert modules - {"__init__", "compare", "goals"} == set(BENCHMARKS)
