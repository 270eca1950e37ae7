"""Damped Newton steps from a guess, for one unknown or a few.

A step is shortened to a quarter until the residuals become smaller, and lengthened again after each that does (J. E.
Dennis and R. B. Schnabel, "Numerical Methods for Unconstrained Optimization and Nonlinear Equations" (1983), 6.3).
It ends where the residuals are rounding alone, or the step is; one more full step then takes off what the way
there has left. With a single unknown it ends as soon as that step leaves less than rounding (`Residual.is_last`).
Last the slope is looked at as far off as rounding may have moved the root: if it is another one there,
the root can't be told from a double one, and counts as not found. Mostly the last step came from farther off, and from
the same slope, which says as much. (Beside a double root it does not: there steps of Newton's halve the distance, and
the last one is some four times as long as rounding reaches.)
"""

from __future__ import annotations

from typing import NamedTuple

from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.loops.loop import Loop, program_of, state_name
from gridgrad_core.lang.loops.quantity import Quantities, Quantity, all_of, total
from gridgrad_core.lang.loops.residual import Residual, Rounding
from gridgrad_core.lang.program.program import Program

__all__ = ["APART", "LOOSE", "newton", "settled"]

LOOSE = 1024.0
"""Units in the last place: a step that is no larger ends a search that comes no further."""

APART = 16.0
"""How many times as far off as rounding may have moved a root its slope is looked at."""

_LIMIT = 100
_SHORTEST = 2.0**-24
_SEARCHING, _CHECKING, _FOUND, _FAILED = 0.0, 1.0, 2.0, 3.0


def settled(slope: Quantity, before: Quantity) -> Quantity:
    """Whether a slope is about the same in two places, so that a root between them is a simple one."""
    return abs(slope - before * 1.25) < abs(before) * 0.75  # their ratio is between 0.5 and 2


def newton(operation: LocalOperation, rounding: Rounding) -> Loop:
    """The loop of a `solve` with a guess.

    Args:
        operation: the `solve`.
        rounding: of the dtype.
    """
    count = len(operation.names)
    begin, end = Quantities(), Quantities()
    guesses = [begin.input(str(position)) for position in range(count)]
    zero, one = begin.const(0.0), begin.const(1.0)
    first = _State(guesses, [zero] * count, [one] * count, one, begin.const(float("inf")), one, zero, one)
    last = _State.read(end, count)
    found = last.phase.equals(_FOUND).then(last.at[operation.which], float("nan"))
    return Loop(program_of(begin, first.terms), _step(operation, rounding), program_of(end, [found]), _LIMIT)


class _State(NamedTuple):
    """What a search goes on with.

    Args:
        at: the best try so far; once it is looked at, the root.
        step: what is subtracted next, as much of it as `part` says.
        scales: of each residual there, what it is measured by.
        part: of the step, 1 for a full one.
        size: of the residuals there.
        slope: there.
        phase: what is done.
        going: 1 until that is done.
    """

    at: list[Quantity]
    step: list[Quantity]
    scales: list[Quantity]
    part: Quantity
    size: Quantity
    slope: Quantity
    phase: Quantity
    going: Quantity

    @property
    def terms(self) -> list[Quantity]:
        """All of them."""
        return [*self.at, *self.step, *self.scales, self.part, self.size, self.slope, self.phase, self.going]

    @classmethod
    def read(cls, terms: Quantities, count: int) -> _State:
        """The state as inputs of a program."""
        read = [terms.input(state_name(position)) for position in range(3 * count + 5)]
        return cls(read[:count], read[count : 2 * count], read[2 * count : 3 * count], *read[3 * count :])


def _step(operation: LocalOperation, rounding: Rounding) -> Program:
    terms = Quantities()
    old = _State.read(terms, len(operation.names))
    at = [x - old.part * d for x, d in zip(old.at, old.step, strict=True)]
    here = Residual(terms, operation, at, rounding)
    sizes = [abs(value) for value in here.values]
    several = len(at) > 1
    size = total([f / s for f, s in zip(sizes, old.scales, strict=True)]) if several else sizes[0]
    at_rest = all_of([f <= n * 2.0 for f, n in zip(sizes, here.noise, strict=True)])
    arrived = at_rest | all_of([abs(d) <= abs(x) * (2 * rounding.eps) for d, x in zip(here.step, at, strict=True)])
    better = size < old.size
    if not several:
        arrived |= better & settled(here.slope, old.slope) & here.is_last(old.slope, old.part * old.step[0])
    part = better.then((old.part * 4.0).smaller(1.0), old.part * 0.25)
    stuck = all_of([abs(d) <= abs(x) * (LOOSE * rounding.eps) for d, x in zip(old.step, old.at, strict=True)])
    ended = ~better & (part < _SHORTEST)
    rests = ended & stuck & old.size.is_finite()
    phase = (arrived | rests).then(_CHECKING, ended.then(_FAILED, _SEARCHING))
    checked = settled(here.slope, old.slope).then(_FOUND, _FAILED)
    # Where the last step came from farther off than is looked at, the slope there says it already
    far = all_of([r * APART <= abs(old.part * d) for d, r in zip(old.step, here.reach, strict=True)])
    known = arrived & far & settled(here.slope, old.slope)
    searching = old.phase.equals(_SEARCHING)
    polished = [d.is_finite().then(x - d, x) for x, d in zip(at, here.step, strict=True)]

    def next_(arrived_: Quantity, better_: Quantity, old_: Quantity, rests_: Quantity | None = None) -> Quantity:
        kept = old_ if rests_ is None else rests.then(rests_, old_)
        return searching.then(arrived.then(arrived_, better.then(better_, kept)), old_)

    phase = searching.then(known.then(_FOUND, phase), checked)
    scales = [n / rounding.eps for n in here.noise] if several else old.scales
    new = _State(
        at=[next_(*each) for each in zip(polished, at, old.at, strict=True)],
        step=[
            next_(r * -APART, d, o, abs(o) * -APART) for r, d, o in zip(here.reach, here.step, old.step, strict=True)
        ],
        scales=[next_(o, s, o) for o, s in zip(old.scales, scales, strict=True)] if several else scales,
        part=searching.then((arrived | rests).then(1.0, part), old.part),
        size=next_(size, total([f / s for f, s in zip(sizes, scales, strict=True)]) if several else size, old.size),
        slope=next_(here.slope, here.slope, old.slope),
        phase=phase,
        going=(phase < _FOUND).then(1.0, 0.0),
    )
    return program_of(terms, new.terms)
