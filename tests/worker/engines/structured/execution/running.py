"""What the tests of execution share: plans of expressions, and groups of whole requests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.engines.structured.execution.panels import Segment, segments
from gridgrad_worker.engines.structured.planning.plan import ExecutionPlan, make_plan
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile

__all__ = ["DIMS", "Array", "axes_of", "group_of", "plan_of", "whole_group"]

Array = NDArray[np.floating]

DIMS = {"x": 1, "y": 2, "a": 0}
"""The inputs of plans, and their masks."""


def plan_of(text: str) -> ExecutionPlan:
    """The plan of an expression as it is written."""
    program = parse(text, list(DIMS))
    return make_plan(program.nodes, program.outputs, DIMS, 2)


def axes_of(rows: int, columns: int, seed: int = 0) -> tuple[Array, Array, Array]:
    """x, y and a of a request."""
    random = np.random.default_rng(seed)
    return random.uniform(0.5, 2, rows), random.uniform(0.5, 2, columns), np.array(random.uniform(1, 2))


def group_of(axes: Sequence[tuple[Array, Array, Array]], outs: Sequence[Array]) -> list[Segment]:
    """Whole requests as segments, one for each.

    Args:
        axes: of each request.
        outs: [planes, rows, columns] of each.
    """
    group: list[Segment] = []
    for (x, y, a), out in zip(axes, outs, strict=True):
        values = (ArrayValues(x, (0,), 2), ArrayValues(y, (1,), 2), ArrayValues(a, (), 2))
        shape = (len(x), len(y))
        tile = Tile(values, Subgrid((0, 0), shape))
        group += segments(tile, shape, shape, out.reshape(len(out), -1))
    return group


def whole_group(planes: int, *shapes: tuple[int, int]) -> tuple[list[tuple[Array, Array, Array]], list[Array]]:
    """The axes of requests of some shapes, and where their results go."""
    axes = [axes_of(*shape, seed) for seed, shape in enumerate(shapes)]
    return axes, [np.full((planes, *shape), 12345.0) for shape in shapes]
