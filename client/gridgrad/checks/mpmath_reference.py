"""The language evaluated by mpmath at high precision: what engines, services and checks are compared with.

Values are real: where a function has none, or has a pole, it is nan. Derivatives are mpmath's, by
finite differences with as many digits as they need, so points must not lie at kinks or bounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import mpmath as mp

from gridgrad.checks.mpmath_functions import Number, call
from gridgrad.checks.mpmath_loops import run
from gridgrad_core.lang.program.program import Program

__all__ = ["DIGITS", "evaluate", "partial"]

DIGITS = 50
"""Decimal digits that mpmath works with; the derivatives of ln Φ take more."""


def evaluate(program: Program, inputs: Mapping[str, Number]) -> list[Number]:
    """The components of a program at one point.

    Args:
        program: what to evaluate.
        inputs: the point; floats are taken as they are.

    Returns:
        A number of mpmath for each component.
    """
    # Within a derivative mpmath already works with more digits
    with mp.workdps(max(DIGITS, mp.mp.dps)):
        return run(program, inputs, call)


def partial(
    program: Program,
    inputs: Mapping[str, Number],
    wrt: Sequence[str],
    component: int = 0,
    digits: int = DIGITS,
    reach: int = 0,
) -> Number:
    """A partial derivative of one component at one point.

    Args:
        program: what to differentiate.
        inputs: the point.
        wrt: the inputs to differentiate by, as often as wanted; () for the value.
        component: which of the program's components.
        digits: decimal digits to work with, of the largest value nearby.
        reach: how many steps values may lie away on one side, above or below for a negative number; 0 for both sides.

    Returns:
        A number of mpmath.
    """
    names = sorted(set(wrt))

    def at(*point: Number) -> Number:
        return evaluate(program, {**inputs, **dict(zip(names, point, strict=True))})[component]

    with mp.workdps(digits):
        if not names:
            return at()
        point = tuple(mp.mpf(inputs[name]) for name in names)
        # Central differences err by the square of the step's ratio to x
        step = min((abs(x) for x in point if x), default=1) * mp.ldexp(1, -mp.mp.prec // 2)
        counts = tuple(list(wrt).count(name) for name in names)
        return mp.diff(at, point, counts, h=step * (abs(reach) or 1), direction=(reach > 0) - (reach < 0))
