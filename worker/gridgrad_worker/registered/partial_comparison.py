"""The comparison of one partial of a registered function with finite differences."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.differences import estimate
from gridgrad_worker.engines.functional.partials import Derivative
from gridgrad_worker.registered.registration import Registration

__all__ = ["ALTERNATIVES", "Compared", "FindingError", "apart", "compare", "usual_size"]

Array = NDArray[np.float64]

ALTERNATIVES = 'mode="reverse" where torch has no forward derivative, or check=False to serve it unchecked'

_RELATIVE = 1e-8  # a right derivative is nearer than that to converged differences
_RELATIVE_HIGH = 1e-3  # from order 3 on torch rounds much, and is wrong by whole terms where it is wrong
_LOWER_ORDERS = 2
_ABSOLUTE = 1e-10  # of what it usually is
_CONVERGED = 1e-4


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


def compare(registered: Registration, points: Array, order: Derivative, component: int, compared: Compared) -> None:
    """Compares a partial with differences.

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
        if len(order) > _LOWER_ORDERS:  # a second derivative that saturates is flat between steps of its rounding
            usable &= (found.slope != 0) | (np.ptp(near, axis=(0, 1)) == 0)
        relative = _RELATIVE if len(order) <= _LOWER_ORDERS else _RELATIVE_HIGH
        allowed = 10 * found.error + relative * size + blurred + _ABSOLUTE * usual_size(found.slope[usable])
        wrong = usable & ~(np.abs(got - found.slope) <= allowed)
    partial = _named(registered, order, component)
    if wrong.any():
        worst = int(np.flatnonzero(wrong)[0])
        raise FindingError(
            f"{partial} at {_point(registered, points[worst])} is {_differing(got[worst], found.slope[worst])} by "
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


def apart(one: Array, other: Array) -> Array:
    """How far numbers are apart; 0 where one is not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.nan_to_num(np.abs(one - other))


def usual_size(numbers: Array) -> float:
    """How large numbers usually are: what is far smaller, as where a function saturates, is their rounding."""
    finite = np.abs(numbers[np.isfinite(numbers)])
    return float(np.quantile(finite, 0.75)) if finite.size else 0.0


def _differing(got: float, slope: float) -> str:
    """Two numbers with as many digits as tell them apart."""
    digits = next((d for d in (6, 9, 12) if f"{got:.{d}g}" != f"{slope:.{d}g}"), 17)
    return f"{got:.{digits}g} by torch but {slope:.{digits}g}"


def _named(registered: Registration, order: Derivative, component: int) -> str:
    """Such as ∂³f/∂x²∂y."""
    raised = ["", "", "²", "³", "⁴"]
    grouped = [(registered.inputs[i].name, len(list(same))) for i, same in itertools.groupby(order)]
    below = "".join(f"∂{name}{raised[count]}" for name, count in grouped)
    return f"∂{raised[len(order)]}{registered.components[component]}/{below}"


def _point(registered: Registration, point: Array) -> str:
    return ", ".join(f"{each.name}={value:.6g}" for each, value in zip(registered.inputs, point, strict=True))


def _example(registered: Registration) -> str:
    return ", ".join(f"{each.name!r}: [...]" for each in registered.inputs)
