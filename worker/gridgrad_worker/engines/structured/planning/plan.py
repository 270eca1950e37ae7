"""Plans: the operations of a derived program, each on the dims that it depends on.

A plan is data. Its steps are hash-consed nodes, arguments first; each has a mask, the set of the
grid's dims that it depends on (bit d for dim d). Steps of one mask are a level: the scalars, then
single dims, then several, and last the grid itself. A level runs on the values of its own dims and
no others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gridgrad_core.lang.program.nodes import Node

__all__ = ["SEPARATED", "ExecutionPlan", "Level", "Step", "make_plan", "masks_of"]

SEPARATED = "separated"
"""The one operation that no program has: Σ uᵢvᵢ, its arguments u₁ … uᵣ v₁ … vᵣ, those of u on other dims than of v."""


class Step(NamedTuple):
    """One operation of a plan.

    Args:
        op: as in a program, or `SEPARATED`.
        args: indices of steps before it.
        mask: the dims that it depends on.
        value: the number of a constant, the position of an input, else None.
    """

    op: str
    args: tuple[int, ...]
    mask: int
    value: float | int | None

    @property
    def number(self) -> float:
        """The number of a constant, the sign of a zero included."""
        return 0.0 if self.value is None else float(self.value)


class Level(NamedTuple):
    """The steps of one mask.

    Args:
        mask: their dims.
        inputs: indices of the inputs among them.
        steps: indices of the operations among them, in order.
        operands: indices of the steps of other levels that they use; not constants, nor what is separated.
        kept: indices of those that other levels or the results use.
    """

    mask: int
    inputs: tuple[int, ...]
    steps: tuple[int, ...]
    operands: tuple[int, ...]
    kept: tuple[int, ...]


class ExecutionPlan(NamedTuple):
    """What to compute, level by level.

    Args:
        steps: all operations, arguments first.
        outputs: the index of the step of each plane of the results.
        ndim: how many dims the grid has.
        levels: in the order to run in, that of the whole grid last.
    """

    steps: tuple[Step, ...]
    outputs: tuple[int, ...]
    ndim: int
    levels: tuple[Level, ...]

    @property
    def full(self) -> int:
        """The mask of the whole grid."""
        return (1 << self.ndim) - 1


def masks_of(nodes: Sequence[Node], inputs: Mapping[str, int]) -> list[int]:
    """The mask of every node of a program.

    Args:
        nodes: arguments first.
        inputs: the mask of each input.
    """
    masks: list[int] = []
    for node in nodes:
        mask = inputs[str(node.value)] if node.op == "input" else 0
        for argument in node.args:
            mask |= masks[argument]
        masks.append(mask)
    return masks


def make_plan(
    nodes: Sequence[Node], outputs: Sequence[int], inputs: Mapping[str, int], ndim: int, watched: Sequence[int] = ()
) -> ExecutionPlan:
    """Sorts a program into levels.

    Args:
        nodes: arguments first; those of the op `SEPARATED` too.
        outputs: the node of each plane of the results.
        inputs: the mask of each input, in the order of the inputs of tiles.
        ndim: how many dims the grid has.
        watched: nodes below the grid that are looked at besides.
    """
    positions = {name: position for position, name in enumerate(inputs)}
    masks = masks_of(nodes, inputs)
    steps = tuple(_step(node, mask, positions) for node, mask in zip(nodes, masks, strict=True))
    full = (1 << ndim) - 1
    used = _used(steps, (*outputs, *watched))
    order = sorted({steps[i].mask for i in used} | {full}, key=lambda mask: (mask == full, mask.bit_count(), mask))
    looked_at = {*outputs, *watched}
    looked_at.update(a for i in used for a in steps[i].args if steps[a].mask != steps[i].mask)
    levels = tuple(_level(mask, steps, used, looked_at) for mask in order)
    return ExecutionPlan(steps, tuple(outputs), ndim, levels)


def _step(node: Node, mask: int, positions: Mapping[str, int]) -> Step:
    if node.op == "input":
        return Step("input", (), mask, positions[str(node.value)])
    return Step(node.op, node.args, mask, node.number if node.op == "const" else None)


def _used(steps: Sequence[Step], wanted: Sequence[int]) -> list[int]:
    """The indices of the steps that are wanted, and of all that those need, in order."""
    used = set(wanted)
    for index in range(len(steps) - 1, -1, -1):
        if index in used:
            used.update(steps[index].args)
    return sorted(used)


def _level(mask: int, steps: Sequence[Step], used: Sequence[int], looked_at: set[int]) -> Level:
    mine = [i for i in used if steps[i].mask == mask and steps[i].op != "const"]
    read = (a for i in mine if steps[i].op != SEPARATED for a in steps[i].args)
    operands = {a for a in read if steps[a].mask != mask and steps[a].op != "const"}
    return Level(
        mask=mask,
        inputs=tuple(i for i in mine if steps[i].op == "input"),
        steps=tuple(i for i in mine if steps[i].op != "input"),
        operands=tuple(sorted(operands)),
        kept=tuple(i for i in mine if i in looked_at),
    )
