"""The arithmetic of the benchmarks' rows, on times that are made up."""

from __future__ import annotations

import math

import pytest

from benchmarks.harness.block import Block
from benchmarks.harness.build import NEW, OLD, OLD_AGAIN
from benchmarks.harness.case import OLD_BUILD, Case, Goal, Side
from benchmarks.harness.row import Measured, Turn, compared, figure, geometric_mean, rows_of, slower


def turn(*latencies_ms: float, used: float = 0.0, peak: float = 100.0, **figures: float) -> Turn:
    """A block of calls."""
    seconds = [each / 1e3 for each in latencies_ms]
    block = Block(seconds, sum(seconds), figures)
    return Turn(
        block, {"client": used / 2, "server": used / 2}, {"server": peak, "worker": 7.0}, {"server": peak - 90.0}
    )


def test_figures_of_a_side() -> None:
    turns = [turn(1.0, 3.0, used=0.004), turn(2.0, 10.0, used=0.008, peak=120.0)]
    assert figure(turns, "p50") == 2.5
    assert figure(turns, "p99") == 3.0  # of four calls the last but one is at or below 99 %
    assert figure(turns, "rate", 8) == pytest.approx(8 * 4 / 0.016)
    assert figure(turns, "per unit", 10) == pytest.approx(2.5e6 / 10)
    assert figure(turns, "processor", 2) == pytest.approx(0.012e6 / 4 / 2)
    assert figure(turns, "server MiB") == 120.0
    assert figure(turns, "server growth MiB") == 30.0
    assert math.isnan(figure(turns, "nobody's"))
    assert math.isnan(figure([], "p50"))


def test_figures_that_blocks_bring() -> None:
    assert figure([turn(1.0, size=3.0), turn(1.0, size=5.0), turn(1.0, size=4.0)], "size") == 4.0
    assert figure([Turn(Block([], 0.0, {"wheel kB": 535.0}), {}, {}, {})], "wheel kB") == 535.0


def test_more_than_one_is_worse_whatever_the_figure() -> None:
    quick, slow = [turn(1.0)], [turn(2.0)]
    assert slower(slow, quick, "p50") == 2.0
    assert slower(slow, quick, "rate") == 2.0
    assert slower(quick, slow, "per unit") == 0.5


def test_a_machine_that_slows_down_meanwhile_counts_for_nothing() -> None:
    new = [turn(1.0), turn(10.0), turn(100.0)]
    old = [turn(1.0), turn(10.0), turn(100.0)]
    assert slower(new, old, "p50") == 1.0
    assert slower(new[1:], old, "p50") == 10.0


def test_what_was_not_measured_is_no_number() -> None:
    assert math.isnan(slower([], [turn(1.0)], "p50"))
    assert math.isnan(slower([turn(1.0)], [turn(1.0)], "size"))
    assert math.isnan(slower([turn(1.0)], [turn(1.0)], "server growth MiB"))
    assert math.isnan(geometric_mean([]))


def test_processor_and_memory_are_compared_too() -> None:
    both = compared([turn(1.0, used=3.0, peak=193.0)], [turn(1.0, used=2.0)], "p50")
    assert both.time == 1.0
    assert both.processor == pytest.approx(1.5)
    assert both.memory == pytest.approx(200.0 / 107.0)


def test_geometric_mean() -> None:
    assert geometric_mean([0.5, 2.0]) == pytest.approx(1.0)
    assert geometric_mean([1.0, float("nan"), 4.0]) == pytest.approx(2.0)


OURS, RAW, STREAM = Side("ours", ""), Side("raw", "", kind="floor"), Side("stream", "", kind="floor")


def case(*goals: Goal) -> Case:
    return Case("a case", (OURS, RAW, STREAM), goals)


MEASURED: Measured = {
    (NEW, "ours"): [turn(3.0)],
    (OLD, "ours"): [turn(2.0)],
    (OLD_AGAIN, "ours"): [turn(2.2)],
    (NEW, "raw"): [turn(2.0)],
    (NEW, "stream"): [turn(4.0)],
}


@pytest.mark.parametrize(
    ("goal", "ratio", "verdict"),
    [
        (Goal("p50", of=("raw", "stream"), most=1.5), 1.5, "met"),
        (Goal("p50", of=("raw", "stream"), most=1.4), 1.5, "missed"),
        (Goal("rate", of=("raw", "stream"), least=0.5), 2 / 3, "met"),
        (Goal("rate", of=("raw",), least=0.7), 2 / 3, "missed"),
        (Goal("p50", most=3.0), 3.0, "met"),
        (Goal("p50", of=("raw",)), 1.5, ""),
        (Goal("p50", of=("jax",), most=1.0), math.nan, "not measured"),
        (Goal("p50", of=(OLD_BUILD,), most=1.5), 1.5, "met"),
        (Goal("rate", of=(OLD_BUILD,), most=1.4), 1.5, "missed"),
        (Goal("p99", of=("raw",), of_statistic="p50", most=3.0), 1.5, "met"),
    ],
)
def test_ratios_and_verdicts(goal: Goal, ratio: float, verdict: str) -> None:
    [row] = rows_of(case(goal), MEASURED)
    assert row.ratio == pytest.approx(ratio, nan_ok=True)
    assert row.verdict == verdict


def test_rows_beside_an_old_build_have_its_noise() -> None:
    [row] = rows_of(case(Goal("p50", of=("raw", "stream"))), MEASURED)
    assert row.of == "raw"
    assert row.to_old is not None
    assert row.to_old.time == pytest.approx(1.5)
    assert row.noise is not None
    assert row.noise.time == pytest.approx(1.1)


def test_rows_without_one_have_none() -> None:
    [row] = rows_of(case(Goal(label="p50")), {(NEW, "ours"): [turn(3.0)]})
    assert (row.case, row.to_old, row.noise) == ("a case, p50", None, None)


def test_a_goal_about_the_old_build_needs_one() -> None:
    [row] = rows_of(case(Goal("p50", of=(OLD_BUILD,), most=1.0)), {(NEW, "ours"): [turn(3.0)]})
    assert row.verdict == "not measured"


def test_a_case_that_failed_has_rows_too() -> None:
    [row] = rows_of(case(Goal("p50", of=("raw",), most=1.0)), {})
    assert row.verdict == "not measured"
