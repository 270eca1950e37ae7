"""The levels below the grid, computed by a library: an array for each."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gridgrad_worker.compiled.layout import LevelLayout
from gridgrad_worker.compiled.libraries import Library
from gridgrad_worker.compiled.threads import threads_for
from gridgrad_worker.compiled.windows import Window, numbers_of
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
        self._last: dict[int, tuple[object, Tensor]] = {}

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
        tensors, targets, inputs = [], [], []
        given: dict[int, Tensor] = {}
        for place, level in enumerate(self._levels):
            tensor, new = self._array(place, level, windows, shape)
            tensors.append(tensor)
            targets.append(tensor.flatten(1) if new else tensor.new_empty(len(level.rows), 0))
            for step in level.inputs:
                if new and step not in given:
                    given[step] = self._given(step, windows, shape)
                inputs.append(
                    given[step].expand(tensor.shape[1:]).contiguous().view(-1) if new else tensor.new_empty(0)
                )
        with threads_for(sum(target.numel() for target in targets) // _CHEAPNESS):
            self._library([*targets, *inputs])
        return Arrays(self._levels, self._plan, tensors)

    def _given(self, step: int, windows: Sequence[Window], shape: Sequence[int]) -> Tensor:
        """The values of an input over windows."""
        _, _, mask, position = self._plan.steps[step]
        return torch.from_numpy(numbers_of(windows, int(position or 0), mask, shape, self._numpy_dtype))

    def _array(
        self, place: int, level: LevelLayout, windows: Sequence[Window], shape: Sequence[int]
    ) -> tuple[Tensor, bool]:
        """The array of a level, and whether it is to be computed."""
        seen = None
        if len(windows) == 1:
            start = tuple(n for dim, n in enumerate(windows[0].box.start) if level.mask >> dim & 1)
            lengths = tuple(n for dim, n in enumerate(shape) if level.mask >> dim & 1)
            seen = (windows[0].piece, start, lengths)
            known = self._last.get(place)
            if known is not None and known[0] == seen:
                return known[1], False
        lengths = tuple(n if level.mask >> dim & 1 else 1 for dim, n in enumerate(shape))
        tensor = torch.empty(len(level.rows), len(windows), *lengths, dtype=self._dtype)
        self._last[place] = (seen, tensor)
        return tensor, True

    def size(self, shape: Sequence[int]) -> int:
        """How many numbers the arrays of an entry of this shape have."""
        return sum(
            len(level.rows) * math.prod(n for dim, n in enumerate(shape) if level.mask >> dim & 1)
            for level in self._levels
        )
