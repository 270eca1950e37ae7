"""The comparison of one partial of a registered function with finite differences."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.differences import estimate, steps
from gridgrad_worker.engines.functional.partials import Derivative
from gridgrad_worker.registered.registration import Registration

__all__ = [
    "ALTERNATIVES",
    "Compared",
    "FindingError",
    "apart",
    "compare",
    "differing",
    "partial_name",
    "point_name",
    "usual_size",
]

Array = NDArray[np.float64]

ALTERNATIVES = 'mode="reverse" where torch has no forward derivative, or check=False to serve it unchecked'

_CONVERGED = 1e-4
_LOWER_ORDERS = 2


class _Tolerance(NamedTuple):
    """How far a right derivative may be from them: in their errors, relative to it, or to what it usually is."""

    errors: float
    relative: float
    absolute: float


_TOLERANCE = _Tolerance(10, 1e-8, 1e-10)
_TOLERANCE_HIGH = _Tolerance(100, 1e-3, 1e-8)  # from order 3 on much is rounded, and what is wrong lacks whole terms


class FindingError(Exception):
    """What is wrong with a function, and what its author can do."""

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(found)
        self.found = found
        self.remedy = remedy


class Compared(NamedTuple):
    """What a partial is compared with.

    Args:
        x: what it is by, at the points.
        lower: what is differentiated, at the points.
        got: the partial.
        blurred: how much that changes when the points do by some units in the last place.
        near: what is differentiated, beside the points [2, STEPS, points].
        rounded_at: the size of the numbers whose rounding is in what is differentiated.
    """

    x: Array
    lower: Array
    got: Array
    blurred: Array
    near: Array
    rounded_at: float


def compare(
    registered: Registration, points: Array, order: Derivative, component: int, compared: Compared, by: str = "torch"
) -> None:
    """Compares a partial with differences.

    Args:
        registered: the function.
        points: [points, inputs].
        order: the partial.
        component: of the function.
        compared: its numbers.
        by: what has computed them.

    Raises:
        FindingError: it differs, or could be compared nowhere.
    """
    x, lower, got, blurred, near, rounded_at = compared
    found = estimate(x, near[0], near[1], lower, rounded_at)
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.fmax(np.abs(got), np.abs(found.slope))
        size = np.where(np.isfinite(size), size, np.abs(found.slope))
        # Where the slope is 0 the error is measured by what the function usually is nearby
        usual = np.fmax(np.median(np.abs(near), axis=(0, 1)), rounded_at) / np.maximum(np.abs(x), 0.125)
        scale = np.fmax(_CONVERGED * np.abs(found.slope), 1e-7 * usual)
        usable = found.smooth & np.isfinite(lower) & np.isfinite(found.slope) & (found.error <= scale)
        if len(order) > _LOWER_ORDERS:
            usable &= ~_on_a_stair(x, near, got, found.slope)
        errors, relative, absolute = _TOLERANCE if len(order) <= _LOWER_ORDERS else _TOLERANCE_HIGH
        allowed = errors * found.error + relative * size + blurred + absolute * usual_size(found.slope[usable])
        wrong = usable & ~(np.abs(got - found.slope) <= allowed)
    partial = partial_name(registered, order, component)
    if wrong.any():
        worst = int(np.flatnonzero(wrong)[0])
        numbers = differing(got[worst], found.slope[worst], by)
        raise FindingError(
            f"{partial} at {point_name(registered, points[worst])} is {numbers} by "
            f"finite differences (within {found.error[worst]:.1g})",
            "torch has no right derivative of an operation in it: "
            f"use others, or give the decorator samples={{...}} within its domain, {ALTERNATIVES}",
        )
    if not usable.any():
        raise FindingError(
            f"{partial} could not be checked, since at none of {len(x)} sample points do finite differences converge",
            f"give the decorator samples={{...}} where it is smooth, such as samples={{{_example(registered)}}}, "
            "or check=False to serve it unchecked",
        )


def _on_a_stair(x: Array, near: Array, got: Array, slope: Array) -> NDArray[np.bool_]:
    """Where what is differentiated is a staircase of its rounding, as high derivatives are that saturate.

    Its stairs have another slope than it has over some of them; where it is flat on them, or the partial is the latter,
    the slope that was found says nothing.
    """
    over_stairs = (near[0] - near[1]) / (2 * steps(x))
    is_partial = np.abs(over_stairs - got) <= 0.01 * np.abs(got)
    differs = np.abs(over_stairs - slope) > 0.1 * np.abs(slope)
    flat = (slope == 0) & (np.ptp(near, axis=(0, 1)) > 0)
    found: NDArray[np.bool_] = flat | (is_partial & differs).any(axis=0)
    return found


def apart(one: Array, other: Array) -> Array:
    """How far numbers are apart; 0 where one is not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.nan_to_num(np.abs(one - other))


def usual_size(numbers: Array) -> float:
    """How large numbers usually are: what is far smaller, as where a function saturates, is their rounding."""
    finite = np.abs(numbers[np.isfinite(numbers)])
    return float(np.quantile(finite, 0.75)) if finite.size else 0.0


def differing(got: float, slope: float, by: str) -> str:
    """Two numbers with as many digits as tell them apart, and what the first is by."""
    digits = next((d for d in (6, 9, 12) if f"{got:.{d}g}" != f"{slope:.{d}g}"), 17)
    return f"{got:.{digits}g} by {by} but {slope:.{digits}g}"


def partial_name(registered: Registration, order: Derivative, component: int) -> str:
    """Such as ∂³f/∂x²∂y; of no order the component itself."""
    if not order:
        return registered.components[component]
    raised = ["", "", "²", "³", "⁴"]
    grouped = [(registered.inputs[i].name, len(list(same))) for i, same in itertools.groupby(order)]
    below = "".join(f"∂{name}{raised[count]}" for name, count in grouped)
    return f"∂{raised[len(order)]}{registered.components[component]}/{below}"


def point_name(registered: Registration, point: Array) -> str:
    """Such as x=1, y=2."""
    return ", ".join(f"{each.name}={value:.6g}" for each, value in zip(registered.inputs, point, strict=True))


def _example(registered: Registration) -> str:
    return ", ".join(f"{each.name!r}: [...]" for each in registered.inputs)
