"""Windows: the part of a panel, or of several panels of one shape, that a level runs on at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor

from gridgrad_worker.engines.structured.execution.products import Factors, write_product

__all__ = ["PanelWindow", "cut"]


class PanelWindow(NamedTuple):
    """Requests and ranges along each dim.

    Args:
        requests: which of the requests.
        ranges: which values of each dim of the panel; slice(0, 1) of a dim that the level has not.
        panel: the lengths of the panel's dims, 1 of those that the level has not.
    """

    requests: slice
    ranges: tuple[slice, ...]
    panel: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """[requests, one length for each dim]."""
        return (_length(self.requests), *map(_length, self.ranges))

    def of(self, values: Tensor) -> Tensor:
        """The part of what is known over the panels that lies in the window."""
        if values.dim() == 0:  # a constant
            return values
        part = values[self.requests] if values.shape[0] > 1 else values
        for dim, (range_, length) in enumerate(zip(self.ranges, self.panel, strict=True)):
            if values.shape[dim + 1] > 1 and _length(range_) < length:
                part = part.narrow(dim + 1, range_.start, _length(range_))
        return part

    def write_product(self, factors: Factors, split: int, out: Tensor) -> None:
        """Computes the window of a separated sum whose factors on the right begin at dim `split`."""
        rows, columns = self._range(0, split), self._range(split, len(self.ranges))
        planes = (_length(self.requests), _length(rows), _length(columns))
        try:
            flat = out.view(planes)
        except RuntimeError:  # its dims lie too far apart to be seen as one
            flat = out.new_empty(planes)
        write_product(factors, flat, self.requests, rows, columns)
        if flat.data_ptr() != out.data_ptr():
            out.copy_(flat.view(out.shape))

    def _range(self, first: int, end: int) -> slice:
        """The range of dims `first` to `end` seen as one; contiguous in C order, as windows are."""
        start, length = 0, 1
        for range_, panel in zip(self.ranges[first:end], self.panel[first:end], strict=True):
            start = start * panel + range_.start
            length *= _length(range_)
        return slice(start, start + length)


def cut(window: PanelWindow, points: int) -> Iterator[PanelWindow]:
    """Cuts a window into windows, aligned to the panel's origin.

    Args:
        window: of one request, or whole panels of several.
        points: how many a window has at most, unless one row has more.
    """
    per_request = math.prod(window.shape[1:])
    if _length(window.requests) > 1 or per_request <= points:
        step = max(1, points // max(1, per_request))
        for requests in _aligned(window.requests, step):
            yield window._replace(requests=requests)
        return
    yield from _cut_dims(window, points, 0)


def _cut_dims(window: PanelWindow, points: int, dim: int) -> Iterator[PanelWindow]:
    after = math.prod(window.shape[dim + 2 :])
    step = max(1, points // after)
    for range_ in _aligned(window.ranges[dim], step):
        ranges = (*window.ranges[:dim], range_, *window.ranges[dim + 1 :])
        part = window._replace(ranges=ranges)
        if after > points:
            yield from _cut_dims(part, points, dim + 1)
        else:
            yield part


def _aligned(range_: slice, step: int) -> Iterator[slice]:
    for start in range(range_.start // step * step, range_.stop, step):
        yield slice(max(start, range_.start), min(start + step, range_.stop))


def _length(range_: slice) -> int:
    length: int = range_.stop - range_.start
    return length
