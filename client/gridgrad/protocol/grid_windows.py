"""A grid in windows: parts that are contiguous in C order, filled from the messages of a stream. Does no I/O itself.

A window has length 1 in its first dims, a range of one dim, and all of the dims after it. The windows that are
partly filled are few, since the server computes a grid from its beginning to its end, a few pieces at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gridgrad.arguments.inputs import FloatArray
from gridgrad.protocol.assemble import StreamMessage
from gridgrad.protocol.error_mapping import EntryFailed
from gridgrad.protocol.response_layout import ResponseLayout, View, empty, numbers_of, read_header
from gridgrad.requests.prepare import PreparedCall
from gridgrad.results.info import info_of
from gridgrad.results.result import Result
from gridgrad_core.errors import RequestError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.parse import broken

__all__ = ["WINDOW_BYTES", "GridWindows", "points_of"]

WINDOW_BYTES = 16 << 20
"""About how large a window is when nothing is said."""


class _Cut(NamedTuple):
    """How a grid is cut.

    Args:
        shape: of the grid.
        dim: the one that windows have ranges of.
        rows: how long these are, but for the last.
    """

    shape: tuple[int, ...]
    dim: int
    rows: int

    @property
    def inner(self) -> int:
        """How many points lie at one index of the dim."""
        return math.prod(self.shape[self.dim + 1 :])

    def window_at(self, point: int) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
        """The window that has a point: its first point, its first index in each dim, and its shape."""
        if not self.shape:
            return 0, (), ()
        leading, within = divmod(point, self.shape[self.dim] * self.inner)
        row = within // self.inner // self.rows * self.rows
        rows = min(self.rows, self.shape[self.dim] - row)
        ahead = tuple(int(i) for i in np.unravel_index(leading, self.shape[: self.dim])) if self.dim else ()
        start = (*ahead, row, *(0,) * (len(self.shape) - self.dim - 1))
        first = (leading * self.shape[self.dim] + row) * self.inner
        return first, start, (*(1,) * self.dim, rows, *self.shape[self.dim + 1 :])


class _Window:
    """A window that is being filled."""

    def __init__(self, start: tuple[int, ...], shape: tuple[int, ...], layout: ResponseLayout) -> None:
        self.start = start
        ahead = layout.shape[: len(layout.shape) - len(layout.dims)]
        self.planes = empty((*ahead, *shape), layout.dtype)
        self.flat: FloatArray = self.planes.reshape(layout.planes, math.prod(shape))
        self.missing = self.planes.size


class GridWindows:
    """Puts the messages of one request on a stream into windows of its grid.

    Args:
        call: what they answer.
        points: most points of a window, unless one index of the last dim has more; None for about 16 MiB.

    Attributes:
        call: what they answer, as it is sent for the whole grid.
        complete: whether all windows were given.

    Raises:
        RequestError: points is no positive number.
    """

    def __init__(self, call: PreparedCall, points: int | None) -> None:
        if points is not None and (not isinstance(points, int) or points < 1):
            raise RequestError("points", f"{points!r}", "give how many points a window may have, 1 or more")
        self.call = call
        self._most = points
        self._layout: ResponseLayout | None = None  # of the messages that come
        self._cut: _Cut | None = None  # of the whole grid
        self._first_row = 0  # of the messages that come
        self._may_rest = True
        self._info = pb.Info()
        self._given: set[int] = set()  # by their first points
        self._open: dict[int, _Window] = {}
        self.complete = False

    def break_off(self) -> None:
        """Takes in that no more comes: `rest` is expected next, and windows that were given are not given again."""
        self._open.clear()
        self._layout = None

    def rest(self) -> PreparedCall:
        """The call for what no window was given of, from an index of the first dim on; the whole where that is all."""
        from gridgrad.requests.rest import rest_of  # seldom needed, and all callers would wait for its import

        self._first_row = first = self._rows_given() if self._may_rest else 0
        return rest_of(self.call, first) if first else self.call

    def without_rest(self) -> bool:
        """Takes in that a server does not know rests: `rest` is the whole from now on.

        Returns:
            Whether it was asked for one.
        """
        self._may_rest = False
        return self._first_row > 0

    def _rows_given(self) -> int:
        """Up to which index of the first dim all windows were given; less than there are, so that an end comes."""
        cut, point = self._cut, 0
        if cut is None or not self._given or not cut.shape:
            return 0
        while point in self._given:
            point += math.prod(cut.window_at(point)[2])
        return min(point // math.prod(cut.shape[1:]), cut.shape[0] - 1)

    def feed(self, message: StreamMessage) -> Iterator[Result]:
        """Takes one message, and gives the windows that it completes.

        Raises:
            EntryFailed: the message says that the request failed.
            InternalError: a window lies outside the grid, or the last message came too early.
        """
        fields = message.fields
        if fields.HasField("status"):
            raise EntryFailed(fields.status)
        if fields.HasField("header"):
            self._layout, self._info = read_header(fields.header)
            if self._layout.points == self.call.template.grid.points:
                self._first_row = 0  # 0.1.0 does not know rests, and sends all
        if self._layout is None:
            raise broken("the first message of an entry without a header")
        window = fields.window
        if not fields.HasField("window"):
            window = pb.Window(planes=self._layout.planes, points=self._layout.points)
        yield from self._placed(message.view, window, self._layout)
        if fields.last and self._open:
            raise broken(f"an entry that ended with {len(self._open)} windows incomplete")
        self.complete = fields.last

    def _placed(self, view: View, window: pb.Window, layout: ResponseLayout) -> Iterator[Result]:
        planes, columns, numbers = numbers_of(window, view, layout)
        cut = self._cut = self._cut or _cut(layout, self._most)
        offset = self._first_row * math.prod(cut.shape[1:])
        points = slice(columns.start + offset, columns.stop + offset)
        at = points.start
        while at < points.stop:
            first, start, shape = cut.window_at(at)
            end = min(first + math.prod(shape), points.stop)
            if first not in self._given:
                if first not in self._open:
                    self._open[first] = _Window(start, shape, layout)
                own = self._open[first]
                covered = numbers[:, at - points.start : end - points.start]
                own.flat[planes, at - first : end - first] = covered
                own.missing -= covered.size
                if not own.missing:
                    yield self._finished(first, layout)
            at = end

    def _finished(self, first: int, layout: ResponseLayout) -> Result:
        window = self._open.pop(first)
        self._given.add(first)
        window.planes.flags.writeable = False
        return Result(window.planes, layout.schema(self.call), info_of(self._info), self.call, window.start)


def _cut(layout: ResponseLayout, most: int | None) -> _Cut:
    grid = layout.shape[len(layout.shape) - len(layout.dims) :]
    if most is None:
        most = max(1, WINDOW_BYTES // (layout.planes * layout.dtype.itemsize))
    for dim in range(len(grid)):
        inner = math.prod(grid[dim + 1 :])
        if inner <= most:
            return _Cut(grid, dim, max(1, min(grid[dim], most // max(1, inner))))
    return _Cut(grid, 0, 1)


def points_of(window: Result) -> int:
    """How many points a window has."""
    return math.prod(window.value.shape[window.value.ndim - len(window.dims) :])
