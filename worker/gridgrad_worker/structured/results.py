"""Where the results of a group of panels go: straight into the slot where their layout allows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from gridgrad_worker.structured.hoist import Known
from gridgrad_worker.structured.levels import Values
from gridgrad_worker.structured.panels import Array, Segment, common_shape
from gridgrad_worker.structured.plan import Plan
from gridgrad_worker.structured.windows import Window

__all__ = ["Results"]


class Results:
    """The results of panels computed together.

    Args:
        plan: says which step computes which plane.
        group: has the places that the planes go to.
        device: where they are computed.
    """

    def __init__(self, plan: Plan, group: Sequence[Segment], device: torch.device) -> None:
        self._plan = plan
        self._group = group
        shape = common_shape(group)
        whole = tuple(slice(0, length) for length in shape)
        self._window = whole if len(group) > 1 else group[0].window
        self._entries = slice(0, len(group))
        self._first = {step: plane for plane, step in reversed(list(enumerate(plan.outputs)))}
        outs = [segment.out for segment in group]
        together = _together(outs) if device.type == "cpu" else None
        self._apart = together is None
        self._out = _beside(outs, [w.stop - w.start for w in self._window], device) if together is None else together

    def destinations(self, tile: Window) -> dict[int, Tensor]:
        """Where in the results the steps of the grid's level may write, for those that compute a plane."""
        out = self._part(tile)
        full = self._plan.full
        return {i: out[plane] for i, plane in self._first.items() if self._plan.steps[i].mask == full}

    def write(self, tile: Window, here: Mapping[int, Values], known: Known) -> None:
        """Writes the planes that no step of the grid's level has written itself.

        Args:
            tile: what of the group was computed.
            here: what the grid's level has computed for it.
            known: what was computed below, for all of the group.
        """
        out = self._part(tile)
        for plane, step in enumerate(self._plan.outputs):
            written = self._first[step] == plane and self._is_operation(step)
            if not written:
                out[plane].copy_(self._value(step, tile, here, known))

    def finish(self) -> None:
        """Brings the results to where they go, if they are not there yet."""
        if self._apart:
            for entry, segment in enumerate(self._group):
                own = self._out[:, entry]
                for dim, length in enumerate(segment.out.shape[1:]):
                    own = own.narrow(dim + 1, 0, length)
                torch.from_numpy(segment.out).copy_(own)

    def _is_operation(self, step: int) -> bool:
        return self._plan.steps[step].mask == self._plan.full and self._plan.steps[step].op not in ("input", "const")

    def _value(self, step: int, tile: Window, here: Mapping[int, Values], known: Known) -> Tensor:
        if self._plan.steps[step].op == "const":
            return torch.tensor(self._plan.steps[step].value, dtype=self._out.dtype)
        return here[step].view if step in here else tile.of(known.view(step))

    def _part(self, tile: Window) -> Tensor:
        if tile.ranges == self._window and tile.entries == self._entries:
            return self._out
        part = self._out[:, tile.entries]
        for dim, (range_, window) in enumerate(zip(tile.ranges, self._window, strict=True)):
            part = part.narrow(dim + 2, range_.start - window.start, range_.stop - range_.start)
        return part


def _together(outs: Sequence[Array]) -> Tensor | None:
    """The places as one tensor [planes, entries, *shape], if they lie at even distances."""
    first = outs[0]
    if len(outs) == 1:
        return torch.from_numpy(first).unsqueeze(1)
    step = _address(outs[1]) - _address(first)
    apart = any(_address(out) - _address(first) != entry * step for entry, out in enumerate(outs))
    if apart or step < 0 or any(out.strides != first.strides or out.shape != first.shape for out in outs):
        return None
    strides = (first.strides[0], step, *first.strides[1:])
    shape = (first.shape[0], len(outs), *first.shape[1:])
    return torch.from_numpy(np.lib.stride_tricks.as_strided(first, shape, strides))


def _beside(outs: Sequence[Array], shape: Sequence[int], device: torch.device) -> Tensor:
    """Memory of its own for all places."""
    like = torch.from_numpy(outs[0])
    return like.new_empty(device=device, size=(outs[0].shape[0], len(outs), *shape))


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
