"""What compiled code keeps: for each level below the grid, rows of numbers, one for each step that is needed later."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from gridgrad_worker.engines.compiled.codegen.array_terms import ArrayTerms
from gridgrad_worker.engines.structured.planning.guard import Guard
from gridgrad_worker.engines.structured.planning.plan import SEPARATED, ExecutionPlan

__all__ = ["LevelLayout", "lay_out", "sides_of"]


class LevelLayout(NamedTuple):
    """A level below the grid.

    Args:
        mask: its dims.
        rows: the steps that are kept, those of lower levels too where a sum needs all its factors in one place. What
            the guard looks at comes first: factors, then divisors, then the arguments of exponentials.
        watched: how many of each of the three.
        steps: what is computed, arguments first.
    """

    mask: int
    rows: tuple[int, ...]
    watched: tuple[int, int, int]
    steps: tuple[int, ...]

    @property
    def last(self) -> int:
        """The dim that vectors lie along."""
        return max(self.mask.bit_length() - 1, 0)


def lay_out(plan: ExecutionPlan, guard: Guard | None, terms: ArrayTerms | None = None) -> tuple[LevelLayout, ...]:
    """The levels below the grid of which anything is kept, in the order to compute them in.

    Args:
        plan: what to compute.
        guard: looks at some of its steps.
        terms: of its sums over arrays, for which levels keep more.
    """
    kept: dict[int, dict[int, None]] = {mask: {} for mask in (terms.kept if terms else ())}
    for mask, step in itertools.chain(_reads(plan), terms.reads() if terms else ()):
        kept.setdefault(mask, {})[step] = None
    watched: dict[int, tuple[list[int], list[int], list[int]]] = {}
    for kind, steps in enumerate(guard.kinds if guard else ()):
        for step in steps:
            watched.setdefault(plan.steps[step].mask, ([], [], []))[kind].append(step)
    levels = []
    own = {level.mask: level for level in plan.levels}
    for mask in sorted({*kept, *watched}, key=lambda mask: (mask.bit_count(), mask)):
        looked_at = watched.get(mask, ([], [], []))
        first = [step for steps in looked_at for step in steps]
        rows = (*first, *(step for step in kept.get(mask, ()) if step not in first))
        computed = (*own[mask].inputs, *own[mask].steps) if mask in own else ()
        counts = (len(looked_at[0]), len(looked_at[1]), len(looked_at[2]))
        levels.append(LevelLayout(mask, rows, counts, computed))
    return tuple(levels)


def sides_of(plan: ExecutionPlan, step: int) -> tuple[int, int]:
    """The masks of the levels that have the factors of a separated sum on the grid, of the left and the right."""
    factors = plan.steps[step].args
    half = len(factors) // 2
    left, right = 0, 0
    for factor in factors[:half]:
        left |= plan.steps[factor].mask
    for factor in factors[half:]:
        right |= plan.steps[factor].mask
    return left, right


def _reads(plan: ExecutionPlan) -> Iterator[tuple[int, int]]:
    """Which level must have kept which step for another one."""
    for level in plan.levels:
        for index in level.steps:
            step = plan.steps[index]
            if step.op == SEPARATED and level.mask == plan.full:
                half = len(step.args) // 2
                left, right = sides_of(plan, index)
                yield from ((left, factor) for factor in step.args[:half])
                yield from ((right, factor) for factor in step.args[half:])
            for read in step.args if step.op != SEPARATED or level.mask != plan.full else ():
                if plan.steps[read].mask != level.mask and plan.steps[read].op != "const":
                    yield plan.steps[read].mask, read
    for output in plan.outputs:
        if plan.steps[output].mask != plan.full and plan.steps[output].op != "const":
            yield plan.steps[output].mask, output
    yield from _copied(plan)


def _copied(plan: ExecutionPlan) -> Iterator[tuple[int, int]]:
    """The factors of sums that are kept in a level above their own: they are read from there."""
    for index in plan.levels[-1].steps:
        step = plan.steps[index]
        if step.op != SEPARATED:
            continue
        half = len(step.args) // 2
        for mask, factors in zip(sides_of(plan, index), (step.args[:half], step.args[half:]), strict=True):
            for factor in factors:
                own = plan.steps[factor]
                if own.mask != mask and own.op != "const":
                    yield own.mask, factor
