"""How a plan's numbers are handed to compiled code: one array for each level below the grid, a row for each step."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from gridgrad_worker.structured.plan import Level, Plan

__all__ = ["LevelLayout", "digest_of", "lay_out"]


class LevelLayout(NamedTuple):
    """A level below the grid.

    Args:
        mask: its dims.
        rows: the steps that are kept, in the order of the rows; what a guard watches comes first.
        steps: all steps that they need, arguments first, those of other levels computed again.
        inputs: the steps among them that are inputs.
    """

    mask: int
    rows: tuple[int, ...]
    steps: tuple[int, ...]
    inputs: tuple[int, ...]


def lay_out(plan: Plan, watched: tuple[int, ...]) -> tuple[LevelLayout, ...]:
    """The levels below the grid of which anything is kept.

    Args:
        plan: what to compute.
        watched: the steps that a guard looks at, in its order.
    """
    return tuple(_level(plan, level, watched) for level in plan.levels[:-1] if level.kept)


def _level(plan: Plan, level: Level, watched: tuple[int, ...]) -> LevelLayout:
    kept = set(level.kept)
    first = [step for step in watched if step in kept]
    rows = tuple(dict.fromkeys((*first, *level.kept)))
    needed = set(rows)
    for index in range(max(rows), -1, -1):
        if index in needed:
            needed.update(plan.steps[index].args)
    steps = tuple(sorted(needed))
    return LevelLayout(level.mask, rows, steps, tuple(i for i in steps if plan.steps[i].op == "input"))


def digest_of(plan: Plan, levels: tuple[LevelLayout, ...]) -> str:
    """What a package and its caller must agree on, SHA-256, hex."""
    return hashlib.sha256(repr((plan, levels)).encode()).hexdigest()
