"""Newton steps between two bounds with a change of sign, bisected where they leave the bracket or shrink too little.

W. H. Press, S. A. Teukolsky, W. T. Vetterling and B. P. Flannery, "Numerical Recipes", 3rd ed. (2007), 9.4 (`rtsafe`).
It ends as a search from a guess does (`newton.py`). A change of sign at a pole or a jump is no root: a step of Newton's
is as short as the bracket there, but the residual is not smaller than at the bounds.
"""

from __future__ import annotations

from typing import NamedTuple

from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.loops.loop import Loop, program_of, state_name
from gridgrad_core.lang.loops.newton import APART, settled
from gridgrad_core.lang.loops.quantity import Quantities, Quantity
from gridgrad_core.lang.loops.residual import Residual, Rounding
from gridgrad_core.lang.program.program import Program

__all__ = ["bracket"]

_LIMIT = 200
_AT_LOWER, _AT_UPPER, _SEARCHING, _CHECKING, _FOUND, _FAILED = map(float, range(6))


class _State(NamedTuple):
    """What a search goes on with.

    Args:
        at: where the residual is computed next.
        below, above: the ends of the bracket, where the residual is negative and positive.
        step: the last one, whichever it was.
        least: the size of the residual at the bounds, the smaller one; at first that at the lower bound, signed.
        root: once it is found.
        slope: there.
        phase: what is done.
        going: 1 until that is done.
    """

    at: Quantity
    below: Quantity
    above: Quantity
    step: Quantity
    least: Quantity
    root: Quantity
    slope: Quantity
    phase: Quantity
    going: Quantity

    @classmethod
    def read(cls, terms: Quantities) -> _State:
        """The state as inputs of a program."""
        return cls(*[terms.input(state_name(position)) for position in range(len(cls._fields))])


def bracket(operation: LocalOperation, rounding: Rounding) -> Loop:
    """The loop of a `solve` between bounds.

    Args:
        operation: the `solve`.
        rounding: of the dtype.
    """
    begin, end = Quantities(), Quantities()
    lower, upper, zero = begin.input("0"), begin.input("1"), begin.const(0.0)
    is_range = (lower < upper) & (upper - lower).is_finite()
    phase, going = is_range.then(_AT_LOWER, _FAILED), is_range.then(1.0, 0.0)
    first = _State(lower, lower, upper, upper - lower, zero, zero, zero, phase, going)
    last = _State.read(end)
    found = last.phase.equals(_FOUND).then(last.root, float("nan"))
    return Loop(program_of(begin, first), _step(operation, rounding), program_of(end, [found]), _LIMIT)


def _step(operation: LocalOperation, rounding: Rounding) -> Program:
    terms = Quantities()
    old = _State.read(terms)
    lower, upper = terms.input("0"), terms.input("1")
    here = Residual(terms, operation, [old.at], rounding)
    value, newton = here.values[0], here.step[0]
    first, second, searching = (old.phase.equals(each) for each in (_AT_LOWER, _AT_UPPER, _SEARCHING))
    # The ends of the bracket, with what was computed just now
    rising = old.least < 0.0
    below = second.then(rising.then(lower, upper), (searching & (value < 0.0)).then(old.at, old.below))
    above = second.then(rising.then(upper, lower), (searching & (value > 0.0)).then(old.at, old.above))
    changes = ((old.least < 0.0) & (value > 0.0)) | ((old.least > 0.0) & (value < 0.0))
    # Where to go
    middle = below + (above - below) * 0.5
    tried = old.at - newton
    inside = (tried > below.smaller(above)) & (tried < below.larger(above))
    quick = searching & inside & (abs(newton) * 2.0 <= abs(old.step))
    moved = quick.then(tried, middle)
    # Whether it ends
    at_rest = abs(value) <= here.noise[0] * 2.0
    short = (abs(newton) <= abs(old.at) * (2 * rounding.eps)) & (abs(value) < old.least)
    alike = settled(here.slope, old.slope)
    last = alike & inside & here.is_last(old.slope, old.step * 0.5) & (abs(value) < old.least)
    arrived = at_rest | (searching & (short | last))
    nowhere = ~quick & (middle.equals(below) | middle.equals(above))
    lost = (second & ~changes) | (searching & nowhere) | ~(value.equals(value))
    checks = old.phase.equals(_CHECKING)
    on = first.then(_AT_UPPER, _SEARCHING)
    # As in a search from a guess; the first step is said to be twice as long as it is
    known = searching & (here.reach[0] * APART <= abs(old.step) * 0.5) & alike
    phase = arrived.then(known.then(_FOUND, _CHECKING), lost.then(_FAILED, on))
    phase = checks.then(alike.then(_FOUND, _FAILED), phase)
    polished = (inside & searching).then(tried, old.at)
    apart = here.reach[0] * APART
    upwards = (upper - polished) > (polished - lower)  # towards the farther bound, and not beyond
    looked = upwards.then((polished + apart).smaller(upper), (polished - apart).larger(lower))
    new = _State(
        at=arrived.then(looked, first.then(upper, moved)),
        below=below,
        above=above,
        step=second.then(upper - lower, quick.then(newton, (above - below) * 0.5)),
        least=second.then(abs(value).smaller(abs(old.least)), first.then(value, old.least)),
        root=checks.then(old.root, polished),
        slope=checks.then(old.slope, here.slope),
        phase=phase,
        going=(phase < _FOUND).then(1.0, 0.0),
    )
    return program_of(terms, new)
