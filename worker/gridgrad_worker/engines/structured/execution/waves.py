"""Waves: the steps of a level that run in one call, since they are of one operation and their arguments are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

import torch

from gridgrad_worker.engines.structured.execution.kernels import OperationCall, binds, make_call
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


_Kind: TypeAlias = tuple[int, str, tuple[float, ...], tuple[int | None, ...]]
"""What the steps of a wave have in common: how many waves come before it at least, their operation, what is constant in
its function, and the masks of their arguments, None for constants."""


def sort_into_waves(steps: Sequence[Step], level: Level, dtype: torch.dtype) -> list[Wave]:
    """The waves of a level, in an order in which all arguments are there.

    Args:
        steps: of the plan.
        level: of one dim or none.
        dtype: computed in.
    """
    depth = dict.fromkeys(level.inputs, 0)
    arguments: dict[int, tuple[int, ...]] = {}
    alike: dict[_Kind, list[int]] = {}
    for i in level.steps:
        op, args, *_ = steps[i]
        depth[i] = before = 1 + max([depth.get(a, 0) for a in args], default=0)
        bound: tuple[float, ...] = ()
        if binds(op):
            call = make_call(steps[i], steps, dtype, columns=True)
            args, bound = call.args, call.bound
        arguments[i] = args
        masks = tuple([steps[a].mask if steps[a].op != "const" else None for a in args])
        alike.setdefault((before, op, bound, masks), []).append(i)
    rows = {False: len(level.inputs), True: 0}
    ordered = sorted(alike.items(), key=lambda item: item[0][0])
    return [_wave(members, arguments, rows, steps, dtype) for _, members in ordered]


def _wave(
    members: list[int],
    arguments: dict[int, tuple[int, ...]],
    rows: dict[bool, int],
    steps: Sequence[Step],
    dtype: torch.dtype,
) -> Wave:
    """A wave whose results go to the next rows of its kind."""
    members.sort(key=arguments.__getitem__)
    call = make_call(steps[members[0]], steps, dtype, columns=True)
    first = rows[call.boolean]
    rows[call.boolean] += len(members)
    return Wave(call, tuple(members), first, tuple(zip(*[arguments[i] for i in members], strict=True)))
