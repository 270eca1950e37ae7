"""What a check found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gridgrad.results.labels import symbol
from gridgrad_core.grid import Derivative

__all__ = ["CheckReport", "Disagreement"]

_SHOWN = 20


class Disagreement(NamedTuple):
    """A served number that differs from what it should be.

    Args:
        derivative: the names of its inputs, () for the value.
        component: the name of its component.
        point: the inputs there.
        position: where in the grid that is.
        served: the number that was served.
        expected: what it should be.
        bound: by how much they may differ.
    """

    derivative: Derivative
    component: str
    point: Mapping[str, float]
    position: tuple[int, ...]
    served: float
    expected: float
    bound: float

    def __str__(self) -> str:
        at = ", ".join(f"{name}={value:.6g}" for name, value in self.point.items()) or "the single point"
        name = symbol(self.component, self.derivative)
        off = abs(self.served - self.expected)
        return f"{name} at {at}: {self.served:.10g}, expected {self.expected:.10g}, off by {off:.2g} > {self.bound:.2g}"


class CheckReport(NamedTuple):
    """What a check found; `str(report)` says it in words, and `bool(report.ok)` whether all is well.

    Args:
        disagreements: what differs, in the order of the derivatives.
        compared: at how many points each derivative was compared, by component and derivative.
        points: how many points of the grid were sampled.
        method: what was compared with.
        tolerance: the relative difference allowed.
        remarks: what makes derivatives other than one may expect, where the function is an expression.
    """

    disagreements: tuple[Disagreement, ...]
    compared: Mapping[tuple[str, Derivative], int]
    points: int
    method: str
    tolerance: float
    remarks: tuple[str, ...] = ()

    @property
    def unchecked(self) -> tuple[tuple[str, Derivative], ...]:
        """Components and derivatives that could be compared at no point, since they are not smooth or not finite."""
        return tuple(key for key, count in self.compared.items() if not count)

    @property
    def ok(self) -> bool:
        """Whether everything was compared somewhere and nothing differs."""
        return not self.disagreements and not self.unchecked

    def __str__(self) -> str:
        lines = [f"Checked at {self.points} points of the grid by {self.method}, to {self.tolerance:g}:"]
        width = max(len(symbol(*key)) for key in self.compared)
        for key, count in self.compared.items():
            lines.append(f"  {symbol(*key):{width}}  {self._verdict(key, count)}")
        lines += _listed(self.disagreements)
        lines += [f"Remark: {remark}" for remark in self.remarks]
        return "\n".join(lines)

    def _verdict(self, key: tuple[str, Derivative], count: int) -> str:
        wrong = sum(1 for each in self.disagreements if (each.component, each.derivative) == key)
        if not count:
            return "NOT COMPARED: not smooth or not finite at any of them"
        left_out = f", {self.points - count} not comparable" if count < self.points else ""
        return f"{f'{wrong} of {count} DIFFER' if wrong else f'{count} agree'}{left_out}"


def _listed(disagreements: Sequence[Disagreement]) -> list[str]:
    lines = [f"{each}" for each in disagreements[:_SHOWN]]
    more = len(disagreements) - len(lines)
    return [*lines, *([f"... and {more} more"] if more else [])]
