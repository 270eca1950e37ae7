"""The levels below the grid, computed by a library: an array for each."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from gridgrad_worker.compiled.layout import LevelLayout
from gridgrad_worker.compiled.libraries import Library
from gridgrad_worker.compiled.threads import threads_for
from gridgrad_worker.compiled.windows import VECTOR, Window, numbers_of
from gridgrad_worker.structured.plan import Plan

__all__ = ["Arrays", "Hoister"]


_CHEAPNESS = 4
"""How many numbers of a level take as long as a point of the grid."""


class Arrays:
    """What has been computed below the grid.

    Args:
        levels: their layout.
        plan: whose steps they are.
        tensors: for each level [rows, entries, one length for each dim].
    """

    def __init__(self, levels: Sequence[LevelLayout], plan: Plan, tensors: Sequence[Tensor]) -> None:
        self.tensors = list(tensors)
        self._plan = plan
        self._by_mask = {level.mask: (level, tensor) for level, tensor in zip(levels, tensors, strict=True)}

    def stacked(self, steps: Sequence[int]) -> Tensor:
        """The results of steps of one level, [steps, entries, ...]: what a guard looks at comes first."""
        level, tensor = self._by_mask[self._plan.steps[steps[0]].mask]
        if level.rows[: len(steps)] == tuple(steps):
            return tensor[: len(steps)]
        return tensor[[level.rows.index(step) for step in steps]]


class Hoister:
    """Computes the levels.

    Args:
        plan: what to compute.
        levels: their layout.
        library: of `HoistGraph`; not needed if there are no levels.
        dtype: computed in.
    """

    def __init__(self, plan: Plan, levels: Sequence[LevelLayout], library: Library | None, dtype: torch.dtype) -> None:
        self._plan = plan
        self._levels = levels
        self._library = library
        self._dtype = dtype
        self._numpy_dtype = torch.empty(0, dtype=dtype).numpy().dtype
        self._last: dict[Hashable, Tensor] = {}

    def forget(self) -> None:
        """Drops what is kept for the windows of one entry."""
        self._last.clear()

    def arrays(self, windows: Sequence[Window], shape: Sequence[int]) -> Arrays:
        """Computes all levels over windows.

        Args:
            windows: what to compute; levels that are as for the last ones of the same entry are taken from there.
            shape: that they are computed in.
        """
        if self._library is None:
            return Arrays((), self._plan, ())
        found = [self._last.get((place, *_seen(level, windows, shape))) for place, level in enumerate(self._levels)]
        targets: list[Tensor] = []
        inputs: list[Tensor] = []
        given: dict[int, Tensor] = {}
        for level, known in zip(self._levels, found, strict=True):
            lengths = (len(windows), *(n if level.mask >> dim & 1 else 1 for dim, n in enumerate(shape)))
            count = math.prod(lengths) if known is None else 0  # nothing is computed where there are no numbers
            targets.append(torch.empty(len(level.rows), _whole(count), dtype=self._dtype))
            for step in level.inputs:
                if count and step not in given:
                    given[step] = self._given(step, windows, shape)
                inputs.append(
                    _filled(given[step].expand(lengths), _whole(count)) if count else targets[-1].new_empty(0)
                )
        with threads_for(sum(target.numel() for target in targets) // _CHEAPNESS):
            self._library([*targets, *inputs])
        tensors = []
        for place, (level, known, target) in enumerate(zip(self._levels, found, targets, strict=True)):
            lengths = (len(windows), *(n if level.mask >> dim & 1 else 1 for dim, n in enumerate(shape)))
            tensors.append(_shaped(target, lengths) if known is None else known)
            if len(windows) == 1:
                self._last[(place, *_seen(level, windows, shape))] = tensors[-1]
        return Arrays(self._levels, self._plan, tensors)

    def _given(self, step: int, windows: Sequence[Window], shape: Sequence[int]) -> Tensor:
        """The values of an input over windows."""
        _, _, mask, position = self._plan.steps[step]
        return torch.from_numpy(numbers_of(windows, int(position or 0), mask, shape, self._numpy_dtype))

    def size(self, shape: Sequence[int]) -> int:
        """How many numbers the arrays of an entry of this shape have."""
        return sum(
            len(level.rows) * math.prod(n for dim, n in enumerate(shape) if level.mask >> dim & 1)
            for level in self._levels
        )


def _seen(level: LevelLayout, windows: Sequence[Window], shape: Sequence[int]) -> tuple[Hashable, ...]:
    """What tells the array of a level over a window from others of the same batch; nothing is like several windows."""
    if len(windows) != 1:
        return ()
    (window,) = windows
    mine = [dim for dim in range(len(shape)) if level.mask >> dim & 1]
    return window.piece, *(window.box.start[dim] for dim in mine), *(shape[dim] for dim in mine)


def _whole(count: int) -> int:
    """So many numbers that no vector is cut: how the rest of one is computed can differ in the last digit."""
    return -(-count // VECTOR) * VECTOR


def _filled(values: Tensor, length: int) -> Tensor:
    """Values end to end, the last of them again and again up to a length."""
    count = values.numel()
    if count == length:
        return values.contiguous().view(-1)
    filled = values.new_empty(length)
    filled[:count].view(values.shape).copy_(values)
    filled[count:] = filled[count - 1].item()
    return filled


def _shaped(target: Tensor, lengths: tuple[int, ...]) -> Tensor:
    return target[:, : math.prod(lengths)].contiguous().view(len(target), *lengths)
