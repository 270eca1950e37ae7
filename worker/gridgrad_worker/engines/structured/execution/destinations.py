"""Places: where a tile's results are computed, and how they come to where the caller wants them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from gridgrad_worker.devices.device import Device
from gridgrad_worker.devices.transfers import Outbox, Part
from gridgrad_worker.engines.structured.execution.panels import Array, Segment, common_shape
from gridgrad_worker.engines.structured.execution.windows import Window

__all__ = ["Place", "place_of"]


class Place(Protocol):
    """Where the results of a group go."""

    def open(self, tile: Window) -> Tensor:
        """Where to compute a tile: [planes, entries, *shape of the tile]."""

    def close(self, tile: Window) -> None:
        """A tile is computed, or will be by what is queued."""

    def finish(self) -> None:
        """All tiles are computed."""


def place_of(group: Sequence[Segment], device: Device) -> Place:
    """The place for the results of a group.

    Args:
        group: has the arrays that they go to.
        device: where they are computed.
    """
    window = tuple(slice(0, length) for length in common_shape(group)) if len(group) > 1 else group[0].window
    if device.outbox is not None:
        return _Sent(group, window, device.outbox)
    together = _together([segment.out for segment in group])
    return _Beside(group, window) if together is None else _InPlace(together, window)


class _InPlace:
    """On the host, in the results themselves.

    Args:
        out: [planes, entries, *shape].
        window: which part of the panels it is for.
    """

    def __init__(self, out: Tensor, window: tuple[slice, ...]) -> None:
        self._out = out
        self._window = window

    def open(self, tile: Window) -> Tensor:
        """The part of the results."""
        if tile.ranges == self._window and tile.shape[0] == self._out.shape[1]:
            return self._out
        part = self._out[:, tile.entries]
        for dim, (range_, window) in enumerate(zip(tile.ranges, self._window, strict=True)):
            part = part.narrow(dim + 2, range_.start - window.start, range_.stop - range_.start)
        return part

    def close(self, tile: Window) -> None:
        """Nothing: the results are where they go."""

    def finish(self) -> None:
        """Nothing."""


class _Beside(_InPlace):
    """On the host, in memory of its own: the results do not lie at even distances.

    Args:
        group: has the arrays that they go to.
        window: which part of the panels it is for.
    """

    def __init__(self, group: Sequence[Segment], window: tuple[slice, ...]) -> None:
        like = torch.from_numpy(group[0].out)
        super().__init__(like.new_empty((len(like), len(group), *(w.stop - w.start for w in window))), window)
        self._group = group

    def finish(self) -> None:
        """Copies the results."""
        for entry, segment in enumerate(self._group):
            own = self._out[:, entry]
            for dim, length in enumerate(segment.out.shape[1:]):
                own = own.narrow(dim + 1, 0, length)
            torch.from_numpy(segment.out).copy_(own)


class _Sent:
    """On a device, in a buffer that is sent to the results while the next tile is computed.

    Args:
        group: has the arrays that they go to.
        window: which part of the panels it is for.
        outbox: of the device.
    """

    def __init__(self, group: Sequence[Segment], window: tuple[slice, ...], outbox: Outbox[Any]) -> None:
        self._group = group
        self._window = window
        self._outbox = outbox
        out = torch.from_numpy(group[0].out)
        self._planes, self._dtype = len(out), out.dtype

    def open(self, tile: Window) -> Tensor:
        """A buffer for the tile."""
        self._buffer = self._outbox.buffer((self._planes, *tile.shape), self._dtype)
        return self._buffer

    def close(self, tile: Window) -> None:
        """Sends the tile."""
        self._outbox.send(self._buffer, list(self._parts(tile)))

    def finish(self) -> None:
        """Nothing: the outbox is drained at the end of the batch."""

    def _parts(self, tile: Window) -> Iterator[Part]:
        every = slice(None)
        for entry, segment in enumerate(self._group[tile.entries]):
            own, there = [], []
            for range_, window, length in zip(tile.ranges, self._window, segment.out.shape[1:], strict=True):
                first = range_.start - window.start
                end = min(range_.stop - window.start, length)
                own.append(slice(0, end - first))
                there.append(slice(first, end))
            yield (every, entry, *own), segment.out[(every, *there)]


def _together(outs: Sequence[Array]) -> Tensor | None:
    """The arrays as one tensor [planes, entries, *shape], if they lie at even distances."""
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


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
