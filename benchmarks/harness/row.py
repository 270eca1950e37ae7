"""The arithmetic of rows: figures of sides, ratios, verdicts, and new beside old."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from benchmarks.harness.block import Block, percentile
from benchmarks.harness.build import NEW, OLD, OLD_AGAIN
from benchmarks.harness.case import OLD_BUILD, Case, Goal

__all__ = ["Comparison", "Measured", "Row", "Turn", "compared", "figure", "geometric_mean", "rows_of", "slower"]

HIGHER_IS_BETTER = {"rate"}
POOLED = {"p99"}
"""Figures that need all calls: those of one block tell too little."""


class Turn(NamedTuple):
    """One block of one side in one build.

    Args:
        block: what it showed.
        used: seconds of a processor, by "client", "server" and "worker".
        peaks: the largest resident memory in MiB, likewise.
        grown: by how much that is more than before the block.
    """

    block: Block
    used: Mapping[str, float]
    peaks: Mapping[str, float]
    grown: Mapping[str, float]


Measured: TypeAlias = Mapping[tuple[str, str], Sequence[Turn]]
"""What a case showed, by the labels of builds and the names of sides."""


class Comparison(NamedTuple):
    """A build beside the old one: ratios, where more than 1 is worse.

    Args:
        time: of what the row is about.
        processor: of the time of a processor that a call takes in all processes.
        memory: of their peak memory.
    """

    time: float
    processor: float
    memory: float


class Row(NamedTuple):
    """A line of the report.

    Args:
        case: the name of the case, and what the row is about where it has several.
        statistic: which figure.
        side: whose.
        value: the figure.
        of: what it was divided by; empty for nothing.
        of_value: the figure of that.
        ratio: the figure or the ratio that counts.
        limit: the goal as text; may be empty.
        verdict: "met", "missed", "not measured", or empty where there is no limit.
        to_old: new beside old.
        noise: the old build beside itself.
    """

    case: str
    statistic: str
    side: str
    value: float
    of: str
    of_value: float
    ratio: float
    limit: str
    verdict: str
    to_old: Comparison | None = None
    noise: Comparison | None = None


NAN = float("nan")


def figure(turns: Sequence[Turn], name: str, units: float = 1.0) -> float:
    """A figure of a side, as `Goal.statistic` names them; nan where it was not measured."""
    if not turns:
        return NAN
    block = Block.of(turn.block for turn in turns)
    if name in block.figures or not block.latencies:
        return block.figures.get(name, NAN)
    if name.endswith(" MiB"):
        kind, _, growth = name.removesuffix(" MiB").partition(" ")
        return max((turn.grown if growth else turn.peaks).get(kind, NAN) for turn in turns)
    if name == "processor":
        return 1e6 * sum(sum(turn.used.values()) for turn in turns) / (units * len(block.latencies))
    times = {
        "p50": lambda: 1e3 * statistics.median(block.latencies),
        "p99": lambda: 1e3 * percentile(block.latencies, 0.99),
        "per unit": lambda: 1e9 * statistics.median(block.latencies) / units,
        "rate": lambda: units * len(block.latencies) / block.elapsed_s,
    }
    return times[name]() if name in times else NAN


def slower(new: Sequence[Turn], old: Sequence[Turn], name: str) -> float:
    """By how much a figure is worse than another: 1 is equal, more is worse.

    Blocks that ran one after the other are compared, and of these ratios the median is taken, so that a
    machine that slows down meanwhile counts for nothing. Growth of memory has limits; ratios of what is about nothing
    say nothing.
    """
    if name.endswith("growth MiB"):
        return NAN
    pairs = [(new, old)] if name in POOLED else [([one], [other]) for one, other in zip(new, old, strict=False)]
    ratios = [_divided(figure(one, name), figure(other, name)) for one, other in pairs]
    known = [ratio for ratio in ratios if ratio > 0]  # and not nan
    if not known:
        return NAN
    ratio = statistics.median(known)
    return 1 / ratio if name in HIGHER_IS_BETTER else ratio


def _divided(one: float, other: float) -> float:
    return one / other if other else NAN


def compared(new: Sequence[Turn], old: Sequence[Turn], name: str) -> Comparison:
    """A build beside another."""
    memory = [max((sum(turn.peaks.values()) for turn in turns), default=NAN) for turns in (new, old)]
    return Comparison(slower(new, old, name), slower(new, old, "processor"), _divided(*memory))


def geometric_mean(ratios: Iterable[float]) -> float:
    """The geometric mean of what was measured; nan for nothing."""
    known = [ratio for ratio in ratios if ratio > 0]
    return statistics.geometric_mean(known) if known else NAN


def rows_of(case: Case, measured: Measured) -> list[Row]:
    """The rows of a case."""
    return [_row(case, goal, measured) for goal in case.goals]


def _row(case: Case, goal: Goal, measured: Measured) -> Row:
    units = {side.name: side.units for side in case.sides}
    side = goal.side or case.sides[0].name
    builds = [measured.get((label, side), ()) for label in (NEW, OLD, OLD_AGAIN)]
    value = figure(builds[0], goal.statistic, units[side])
    of, of_value = _base(goal, measured, units, builds[1], side)
    ratio = slower(builds[0], builds[1], goal.statistic) if goal.of == (OLD_BUILD,) else _ratio(goal, value, of_value)
    name = f"{case.name}, {goal.label}" if goal.label else case.name
    line = Row(name, goal.statistic, side, value, of, of_value, ratio, goal.limit(), _verdict(goal, ratio))
    if not builds[1]:
        return line
    to_old, noise = (compared(each, builds[1], goal.statistic) if each else None for each in (builds[0], builds[2]))
    return line._replace(to_old=to_old, noise=noise)


def _base(
    goal: Goal, measured: Measured, units: Mapping[str, float], old: Sequence[Turn], side: str
) -> tuple[str, float]:
    statistic = goal.of_statistic or goal.statistic
    if goal.of == (OLD_BUILD,):
        return OLD_BUILD, figure(old, statistic, units[side])
    known = {name: figure(measured[NEW, name], statistic, units[name]) for name in goal.of if (NEW, name) in measured}
    if not known:
        return " or ".join(goal.of), NAN
    best = (max if statistic in HIGHER_IS_BETTER else min)(known, key=known.__getitem__)
    return best, known[best]


def _ratio(goal: Goal, value: float, of_value: float) -> float:
    return _divided(value, of_value) if goal.of else value


def _verdict(goal: Goal, ratio: float) -> str:
    if not goal.limit():
        return ""
    if math.isnan(ratio):
        return "not measured"
    return "met" if goal.met_by(ratio) else "missed"
