"""Points at which what a program compares is equal: there conventions about slopes show.

Sides are looked at that torch computes as the program does, to the last digit: inputs, numbers, and one operation on
these. Between points at which one side is larger and points at which the other is, the tie is found by bisection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gridgrad_core.lang.program.nodes import Builder, Node
from gridgrad_core.lang.program.operations import COMPARISONS
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.torch_ops.evaluate import torch_function

__all__ = ["tie_points"]

Array = NDArray[np.float64]
Sides = Callable[[Array], Array]

_PLAIN = frozenset({"input", "const"})
_EXACT = frozenset({"add", "sub", "mul", "div", "neg"})
_MOST_COMPARISONS = 16
_MOST_BASES = 3
_HALVINGS = 200


def tie_points(program: Program, names: Sequence[str], points: Array) -> Array:
    """Points [ties, inputs] at which two sides of a comparison are equal.

    Args:
        program: compares them.
        names: of the inputs, in the order of those of points.
        points: [points, inputs], among which ties are looked for.
    """
    differences = _differences(program)
    if not differences.outputs:
        return np.empty((0, len(names)))
    evaluated = torch_function(differences, names, torch.float64)

    def sides(at: Array) -> Array:
        found = evaluated(*torch.from_numpy(np.ascontiguousarray(at.T)))
        return np.stack([np.broadcast_to(each.numpy(), len(at)) for each in found])

    brackets = list(_brackets(sides, points, len(differences.outputs)))
    if not brackets:
        return np.empty((0, len(names)))
    which, low, high = (np.stack(each) for each in zip(*brackets, strict=True))
    return _bisected(sides, which, low, high)


def _differences(program: Program) -> Program:
    """What both sides of each comparison differ by."""
    builder = Builder()
    for node in program.nodes:
        builder.take(node)
    compared = [node for node in program.nodes if node.op in COMPARISONS and _is_exact(program, node)]
    outputs = tuple(dict.fromkeys(builder.op("sub", *node.args) for node in compared[:_MOST_COMPARISONS]))
    names = tuple(f"d{place}" for place in range(len(outputs)))
    return Program(tuple(builder.nodes), outputs, names, tuple_valued=True, inputs=program.inputs)


def _is_exact(program: Program, comparison: Node) -> bool:
    sides = [program.nodes[argument] for argument in comparison.args]
    parts = [program.nodes[argument] for side in sides for argument in side.args]
    plain = all(side.op in _PLAIN or side.op in _EXACT for side in sides)
    return plain and all(part.op in _PLAIN for part in parts)


def _brackets(sides: Sides, points: Array, count: int) -> Iterator[tuple[NDArray[np.int64], Array, Array]]:
    """For a comparison and an input, points that differ in that input alone and have the tie between them."""
    finite = points[np.isfinite(points).all(axis=1)]
    for base in finite[:: max(1, len(finite) // _MOST_BASES)][:_MOST_BASES]:
        for place in range(points.shape[1]):
            line = np.repeat(base[None], len(finite), axis=0)
            line[:, place] = np.sort(finite[:, place])
            signs = np.sign(sides(line))
            for which in range(count):
                changes = np.flatnonzero(signs[which, :-1] * signs[which, 1:] < 0)[:2]
                yield from ((np.array(which), line[change], line[change + 1]) for change in changes)


def _bisected(sides: Sides, which: NDArray[np.int64], low: Array, high: Array) -> Array:
    """Those of the ties between points that numbers of float64 have."""
    rows = np.arange(len(which))
    below = np.sign(sides(low)[which, rows])
    for _ in range(_HALVINGS):
        middle = low + 0.5 * (high - low)
        sign = np.sign(sides(middle)[which, rows])
        is_low = (sign == below)[:, None]
        low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
        if (high - low <= np.spacing(np.abs(low))).all():
            break
    found = np.concatenate([low, high])
    exact = sides(found)[np.tile(which, 2), np.arange(len(found))] == 0
    return np.unique(found[exact], axis=0)
