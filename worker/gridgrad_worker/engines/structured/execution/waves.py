"""Waves: the steps of a level that run in one call, since they are of one operation and their arguments are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch

from gridgrad_worker.engines.structured.execution.kernels import OperationCall, make_call
from gridgrad_worker.engines.structured.planning.plan import Level, Step

__all__ = ["Wave", "sort_into_waves"]


class Wave(NamedTuple):
    """Steps that run in one call.

    Args:
        call: of their operation; its args are those of the first step.
        steps: which.
        first: the first of the table's rows that their results go to, one after another.
        arguments: for each argument of the call, the step of each.
    """

    call: OperationCall
    steps: tuple[int, ...]
    first: int
    arguments: tuple[tuple[int, ...], ...]

    def apart(self) -> Iterator[Wave]:
        """Each step as a wave of its own."""
        for n, step in enumerate(self.steps):
            arguments = tuple((steps[n],) for steps in self.arguments)
            yield self._replace(steps=(step,), first=self.first + n, arguments=arguments)


class _Kind(NamedTuple):
    """What the steps of a wave have in common.

    Args:
        depth: how many waves come before it at least.
        op: their operation.
        bound: what is constant in its function.
        masks: of their arguments; None for constants.
    """

    depth: int
    op: str
    bound: tuple[float, ...]
    masks: tuple[int | None, ...]


def sort_into_waves(steps: Sequence[Step], level: Level, dtype: torch.dtype) -> list[Wave]:
    """The waves of a level, in an order in which all arguments are there.

    Args:
        steps: of the plan.
        level: of one dim or none.
        dtype: computed in.
    """
    depth = dict.fromkeys(level.inputs, 0)
    calls: dict[int, OperationCall] = {}
    alike: dict[_Kind, list[int]] = {}
    for i in level.steps:
        depth[i] = 1 + max([depth.get(a, 0) for a in steps[i].args], default=0)
        calls[i] = make_call(steps[i], steps, dtype, columns=True)
        masks = tuple([steps[a].mask if steps[a].op != "const" else None for a in calls[i].args])
        alike.setdefault(_Kind(depth[i], steps[i].op, calls[i].bound, masks), []).append(i)
    ordered = sorted(alike.items(), key=lambda item: item[0].depth)
    rows = {False: len(level.inputs), True: 0}
    return [_wave(members, calls, rows) for _, members in ordered]


def _wave(members: list[int], calls: dict[int, OperationCall], rows: dict[bool, int]) -> Wave:
    """A wave whose results go to the next rows of its kind."""
    members.sort(key=lambda i: calls[i].args)
    call = calls[members[0]]
    first = rows[call.boolean]
    rows[call.boolean] += len(members)
    arguments = zip(*(calls[i].args for i in members), strict=True)
    return Wave(call, tuple(members), first, tuple(arguments))
