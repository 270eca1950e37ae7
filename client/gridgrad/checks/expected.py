"""What derivatives should be at points: by mpmath for expressions, by differences of served values for the rest.

By mpmath the program itself is evaluated with 50 digits on both sides of a point, so that finite differences are good
to some 20 digits. Without it, first partials are compared with differences of served values, extrapolated to step 0,
second ones with differences of served first ones, and so on; these err by about 1e-10 and are not given where they
do not converge.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Generator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad.checks.sample import Sample
from gridgrad.requests.request import Request
from gridgrad.results.result import Result
from gridgrad_core.differences import STEPS, estimate, steps
from gridgrad_core.grid import Derivative
from gridgrad_core.lang.program.program import Program

__all__ = ["Expectations", "Expected", "by_differences", "by_mpmath", "has_mpmath"]

Array = NDArray[np.float64]

_SMOOTH = 1e-9  # forward and backward differences with 50 digits agree far better where a function is smooth
_NOISE = 1e-20
_CONVERGED = 1e-4


class Expected(NamedTuple):
    """What a derivative should be at points, [components, points].

    Args:
        served: what was served.
        values: what it should be; nan where that is not known.
        errors: bounds of their own errors.
    """

    served: Array
    values: Array
    errors: Array


class Expectations(NamedTuple):
    """What all derivatives should be, and by what method that was found."""

    method: str
    expected: dict[Derivative, Expected]


def has_mpmath() -> bool:
    """Whether mpmath is installed."""
    return importlib.util.find_spec("mpmath") is not None


def by_mpmath(sample: Sample) -> Expectations:
    """What the value and the derivatives of an expression should be, by finite differences with 50 digits."""
    from gridgrad.checks.mpmath_reference import DIGITS
    from gridgrad.checks.mpmath_tables import calling

    program, tables = sample.program(), [each.table.numbers for each in sample.tables]
    with calling(tables):
        expected = {derivative: _precise(program, sample, derivative) for derivative in sample.served}
    return Expectations(f"finite differences with {DIGITS} digits (mpmath)", expected)


def _precise(program: Program, sample: Sample, derivative: Derivative) -> Expected:
    served = sample.served[derivative]
    points = [sample.point(number) for number in range(sample.points)]
    # The differences of a constant are rounding noise and not 0
    noise = [_NOISE * sample.size(derivative, row) for row in range(len(served))]
    rows = [[_precise_number(program, derivative, p, row, noise[row]) for p in points] for row in range(len(served))]
    return Expected(served, np.array(rows), np.zeros_like(served))


def _precise_number(
    program: Program, derivative: Derivative, point: Mapping[str, float], component: int, noise: float
) -> float:
    """The number; nan where the two sides of the point disagree, or there is none."""
    from gridgrad.checks.mpmath_reference import partial

    try:
        # With steps of two lengths: at a jump, forward and backward differences of one length agree
        above, below = (partial(program, point, derivative, component, reach=reach) for reach in (1, -2))
        smooth = abs(above - below) <= _SMOOTH * max(abs(above), abs(below)) + noise
        return float(above) if smooth else math.nan
    except (ArithmeticError, ValueError):
        return math.nan


def by_differences(sample: Sample) -> Generator[Request, Result, Expectations]:
    """What the derivatives of a function should be, by differences of those of one order less.

    Derivatives of one order less are taken as right here; they are compared with those of one order less in turn.

    Yields:
        Requests for what lies beside the points, to be answered with their results.
    """
    orders = list(dict.fromkeys(wrt[: length + 1] for wrt in sample.served for length in range(len(wrt))))
    used = _used(sample)
    at = yield from _served(sample, {}, [wrt for wrt in orders if used.issuperset(wrt)])
    served = {**at, **sample.served}
    expected = {wrt: Expected(served[wrt], *np.zeros((2, *served[wrt].shape))) for wrt in orders if set(wrt) - used}
    for name in used.intersection(wrt[-1] for wrt in orders):
        x = sample.values(name)
        mine = [wrt for wrt in orders if wrt[-1] == name and used.issuperset(wrt)]
        shifted = np.concatenate([x + steps(x), x - steps(x)]).reshape(-1)
        near = yield from _served(sample, {name: shifted}, [wrt[:-1] for wrt in mine])
        for wrt in mine:
            beside = near[wrt[:-1]].reshape(-1, 2, STEPS, sample.points)
            expected[wrt] = Expected(served[wrt], *_estimated(x, beside, at[wrt[:-1]]))
    return Expectations("finite differences of served values", {wrt: expected[wrt] for wrt in orders})


def _used(sample: Sample) -> set[str]:
    """The inputs that the function uses: an expression may be given axes that only broadcast."""
    names = {*sample.inputs, *sample.scalars}
    return set(sample.program().inputs) if isinstance(sample.function, str) else names


def _served(
    sample: Sample, changed: Mapping[str, Array], wanted: Sequence[Derivative]
) -> Generator[Request, Result, dict[Derivative, Array]]:
    """The value and derivatives at the points, [components, points], as often as the changed input says."""
    times = max((len(values) for values in changed.values()), default=sample.points) // sample.points
    used = _used(sample)
    along = {name: np.tile(values, times) for name, values in sample.inputs.items() if name in used}
    inputs: dict[str, Any] = {name: ("point", values) for name, values in {**along, **changed}.items()}
    inputs |= {name: value for name, value in sample.scalars.items() if name not in changed}
    inputs |= {each.name: each.table for each in sample.tables}
    result = yield Request(sample.function, inputs, derivatives=[wrt for wrt in wanted if wrt], dtype="float64")
    shape = len(sample.components), times * sample.points
    return {wrt: np.broadcast_to(result.d[wrt].reshape(shape[0], -1), shape) for wrt in ((), *wanted)}


def _estimated(x: Array, beside: Array, at: Array) -> tuple[Array, Array]:
    """Slopes and bounds of their errors, [components, points], from values [components, 2, STEPS, points] beside x."""
    values, errors = np.full(at.shape, np.nan), np.zeros(at.shape)
    for component, (above, below) in enumerate(beside):
        found = estimate(x, above, below, at[component])
        with np.errstate(invalid="ignore"):
            noise = 1e-7 * np.abs(beside[component]).max(axis=(0, 1)) / np.maximum(np.abs(x), 0.125)
            usable = found.smooth & (found.error <= np.maximum(_CONVERGED * np.abs(found.slope), noise))
        values[component] = np.where(usable, found.slope, np.nan)
        errors[component] = np.where(usable, 10 * found.error, 0.0)
    return values, errors
