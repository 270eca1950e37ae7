"""Places: where a window's results are computed, and how they come to where the caller wants them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from gridgrad_worker.devices.device import Device
from gridgrad_worker.devices.transfers import Part, ResultTransfers
from gridgrad_worker.engines.structured.execution.panels import Array, Segment, common_shape
from gridgrad_worker.engines.structured.execution.windows import PanelWindow

__all__ = ["Destination", "destination_of"]


class Destination(Protocol):
    """Where the results of a group go."""

    def open(self, window: PanelWindow) -> Tensor:
        """Where to compute a window: [planes, requests, *shape of the window]."""

    def close(self, window: PanelWindow) -> None:
        """A window is computed, or will be by what is queued."""

    def finish(self) -> None:
        """All windows are computed."""


def destination_of(group: Sequence[Segment], device: Device) -> Destination:
    """The place for the results of a group.

    Args:
        group: has the arrays that they go to.
        device: where they are computed.
    """
    wanted = tuple(slice(0, length) for length in common_shape(group)) if len(group) > 1 else group[0].window
    if device.transfers is not None:
        return _Sent(group, wanted, device.transfers)
    together = _together([segment.out for segment in group])
    return _Beside(group, wanted) if together is None else _InPlace(together, wanted)


class _InPlace:
    """On the host, in the results themselves.

    Args:
        out: [planes, requests, *shape].
        wanted: which part of the panels it is for.
    """

    def __init__(self, out: Tensor, wanted: tuple[slice, ...]) -> None:
        self._out = out
        self._wanted = wanted

    def open(self, window: PanelWindow) -> Tensor:
        """The part of the results."""
        if window.ranges == self._wanted and window.shape[0] == self._out.shape[1]:
            return self._out
        part = self._out[:, window.requests]
        for dim, (range_, wanted) in enumerate(zip(window.ranges, self._wanted, strict=True)):
            part = part.narrow(dim + 2, range_.start - wanted.start, range_.stop - range_.start)
        return part

    def close(self, window: PanelWindow) -> None:
        """Nothing: the results are where they go."""

    def finish(self) -> None:
        """Nothing."""


class _Beside(_InPlace):
    """On the host, in memory of its own: the results do not lie at even distances.

    Args:
        group: has the arrays that they go to.
        wanted: which part of the panels it is for.
    """

    def __init__(self, group: Sequence[Segment], wanted: tuple[slice, ...]) -> None:
        like = torch.from_numpy(group[0].out)
        super().__init__(like.new_empty((len(like), len(group), *(w.stop - w.start for w in wanted))), wanted)
        self._group = group

    def finish(self) -> None:
        """Copies the results."""
        for request, segment in enumerate(self._group):
            own = self._out[:, request]
            for dim, length in enumerate(segment.out.shape[1:]):
                own = own.narrow(dim + 1, 0, length)
            torch.from_numpy(segment.out).copy_(own)


class _Sent:
    """On a device, in a buffer that is sent to the results while the next window is computed.

    Args:
        group: has the arrays that they go to.
        wanted: which part of the panels it is for.
        transfers: of the device.
    """

    def __init__(self, group: Sequence[Segment], wanted: tuple[slice, ...], transfers: ResultTransfers[Any]) -> None:
        self._group = group
        self._wanted = wanted
        self._transfers = transfers
        out = torch.from_numpy(group[0].out)
        self._planes, self._dtype = len(out), out.dtype

    def open(self, window: PanelWindow) -> Tensor:
        """A buffer for the window."""
        self._buffer = self._transfers.buffer((self._planes, *window.shape), self._dtype)
        return self._buffer

    def close(self, window: PanelWindow) -> None:
        """Sends the window."""
        self._transfers.send(self._buffer, list(self._parts(window)))

    def finish(self) -> None:
        """Nothing: the transfers are drained at the end of the batch."""

    def _parts(self, window: PanelWindow) -> Iterator[Part]:
        every = slice(None)
        for request, segment in enumerate(self._group[window.requests]):
            own, there = [], []
            for range_, wanted, length in zip(window.ranges, self._wanted, segment.out.shape[1:], strict=True):
                first = range_.start - wanted.start
                end = min(range_.stop - wanted.start, length)
                own.append(slice(0, end - first))
                there.append(slice(first, end))
            yield (every, request, *own), segment.out[(every, *there)]


def _together(outs: Sequence[Array]) -> Tensor | None:
    """The arrays as one tensor [planes, requests, *shape], if they lie at even distances."""
    first = outs[0]
    if len(outs) == 1:
        return torch.from_numpy(first).unsqueeze(1)
    step = _address(outs[1]) - _address(first)
    apart = any(_address(out) - _address(first) != request * step for request, out in enumerate(outs))
    if apart or step < 0 or any(out.strides != first.strides or out.shape != first.shape for out in outs):
        return None
    strides = (first.strides[0], step, *first.strides[1:])
    shape = (first.shape[0], len(outs), *first.shape[1:])
    return torch.from_numpy(np.lib.stride_tricks.as_strided(first, shape, strides))


def _address(array: Array) -> int:
    address: int = array.__array_interface__["data"][0]
    return address
