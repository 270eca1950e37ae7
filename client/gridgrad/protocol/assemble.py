"""From the messages of an answer to a `Result`, without a copy where one message holds it all.

Invariants:
* The numbers of one result are of one build, one engine and one tier, though its answer was broken off and another
  server has sent the rest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from gridgrad.arguments.inputs import FloatArray
from gridgrad.progress import Progress
from gridgrad.protocol.error_mapping import EntryFailed
from gridgrad.protocol.response_cache import ResponseTemplate
from gridgrad.protocol.response_layout import (
    ResponseLayout,
    View,
    buffer,
    destination_of,
    numbers_of,
    put,
    read_header,
    take_number,
)
from gridgrad.requests.prepare import PreparedCall
from gridgrad.results.info import info_of
from gridgrad.results.result import Result
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.buffer import split
from gridgrad_core.wire.parse import broken, parse

__all__ = ["AnotherBuild", "Assembly", "StreamMessage", "pack_results", "read_message", "read_pack"]

_PARTS = 4096
"""In how many parts a grid is looked at for what is missing."""
_STRIDE = 64
"""Results that follow each other in a message begin at multiples of this many bytes."""


class StreamMessage(NamedTuple):
    """A message of a stream.

    Args:
        fields: all but its buffer.
        raw: its bytes.
        data_start: where the buffer begins in them.
    """

    fields: pb.StreamGridGradientsResponse
    raw: bytes
    data_start: int

    def view(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> FloatArray:
        """Its buffer as a read-only array.

        Raises:
            InternalError: it is none of that shape.
        """
        return buffer(self.raw, self.data_start, shape, dtype)


def read_message(raw: bytes) -> StreamMessage:
    """Reads a message of a stream, all but its buffer."""
    header_end, data_start, _ = split(raw)
    return StreamMessage(parse(pb.StreamGridGradientsResponse(), raw[:header_end]), raw, data_start)


def read_pack(message: StreamMessage, calls: Sequence[PreparedCall | None]) -> Iterator[Result]:
    """The results of several requests that one message answers; views of its bytes, or of `out` where there is one.

    Args:
        message: the message.
        calls: what it answers; None for what nobody waits for any more.

    Raises:
        InternalError: the buffer does not fit the header.
        RequestError: `out` does not fit the components of the result.
    """
    layout, own = read_header(message.fields.header)
    info = info_of(own)
    for planes, call in zip(_planes_of_each(message.view, layout, len(calls)), calls, strict=True):
        if call:
            yield Result(put(planes, layout, call), layout.schema(call), info, call)


def pack_results(view: View, template: ResponseTemplate, info: bytes, calls: Sequence[PreparedCall]) -> list[Result]:
    """The results of several calls whose numbers lie together, views of these.

    Args:
        view: gives a read-only array of the shape and dtype of all of them.
        template: of the answer.
        info: in it.
        calls: what it answers.

    Raises:
        InternalError: what lies there is of another size.
    """
    planes = _planes_of_each(view, template.layout, len(calls))
    return [template.result(own, info, call) for own, call in zip(planes, calls, strict=True)]


def _planes_of_each(view: View, layout: ResponseLayout, count: int) -> FloatArray:
    """The numbers of results that follow each other, [results, 1 + derivatives, (components,) *grid]."""
    numbers = math.prod(layout.shape)
    stride = numbers
    if count > 1:
        stride = -(-numbers * layout.dtype.itemsize // _STRIDE) * _STRIDE // layout.dtype.itemsize
    return view((count, stride), layout.dtype)[:, :numbers].reshape(count, *layout.shape)


class AnotherBuild(Exception):  # noqa: N818 - never leaves the client, which asks for the whole grid
    """The rest of a grid would come from a server whose numbers do not belong to those that are there."""


class _Missing:
    """How many numbers are missing of a buffer [planes, points], by parts of whole rows of its first dim."""

    def __init__(self, layout: ResponseLayout) -> None:
        rows = layout.shape[len(layout.shape) - len(layout.dims)] if layout.dims else 1
        self._part_rows = max(1, -(-rows // _PARTS))
        self._part_points = max(1, layout.points // max(1, rows) * self._part_rows)
        self._points, self._planes = layout.points, layout.planes
        self._numbers = np.zeros(-(-layout.points // self._part_points), np.int64)
        self.forget(0)

    def forget(self, row: int) -> None:
        """Takes in that all is missing from a row on, the first of a part."""
        self._numbers[row // self._part_rows :] = self._part_points * self._planes
        if self._numbers.size:  # the last part may be shorter
            self._numbers[-1] -= (self._numbers.size * self._part_points - self._points) * self._planes
        self.total = int(self._numbers.sum())

    def take(self, planes: int, first: int, stop: int) -> None:
        """Takes in that these planes of a range of points have come."""
        if stop == first:
            return
        self.total -= planes * (stop - first)
        size = self._part_points
        for part in {first // size, (stop - 1) // size}:
            self._numbers[part] -= planes * (min(stop, (part + 1) * size) - max(first, part * size))
        self._numbers[first // size + 1 : (stop - 1) // size] -= planes * size

    @property
    def first_row(self) -> int:
        """Before which nothing is missing."""
        return int(np.argmax(self._numbers > 0)) * self._part_rows


class Assembly:
    """Puts the windows of one result into their places.

    Args:
        call: what they answer.
        progress: called with the points that have come so far and the points of the grid.

    Attributes:
        asked: the call to send next: the whole one, or what is left of it.
    """

    def __init__(self, call: PreparedCall, progress: Progress | None = None) -> None:
        self.asked = self._call = call
        self._progress = progress
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.asked = self._call
        self._layout: ResponseLayout | None = None  # of the messages that come
        self._whole: ResponseLayout | None = None
        self._info = pb.Info()
        self._planes: FloatArray | None = None
        self._missing: _Missing | None = None
        self._first_row = self._first_point = 0

    @property
    def is_of_rest(self) -> bool:
        """Whether what is asked for is the rest of a grid."""
        return self.asked is not self._call

    def break_off(self, *, keep: bool = True) -> bool:
        """Takes in that no more comes, and has what is missing asked for.

        Args:
            keep: whether what has come may stay.

        Returns:
            Whether the grid is further than when it was broken off before.
        """
        from gridgrad.requests.rest import rest_of  # seldom needed, and all callers would wait for its import

        first = self._missing.first_row if self._missing and self._missing.total else 0
        if not keep or not first or self._whole is None or self._missing is None:
            self._begin_anew()
            return False
        further = first > self._first_row
        self.asked, self._first_row, self._layout = rest_of(self._call, first, self._info.tier), first, None
        self._missing.forget(first)
        self._first_point = first * (self._whole.points // self._call.template.grid.shape[0])
        return further

    def feed(self, message: StreamMessage) -> Result | None:
        """Takes one message of the answer.

        Returns:
            The result once it is complete, else None.

        Raises:
            EntryFailed: the message says that the request failed.
            InternalError: a window lies outside the buffer, or the last message came too early.
            RequestError: `out` does not fit the components of the result.
        """
        fields = message.fields
        if fields.HasField("status"):
            raise EntryFailed(fields.status)
        if fields.HasField("header"):
            self._begin(*read_header(fields.header))
        window = fields.window if fields.HasField("window") else None
        return self._take(window, message.view, fields.last)

    def feed_leased(self, message: pb.SessionResponse, view: View) -> Result | None:
        """Takes an answer of a session that brings a window; as `feed`.

        Args:
            message: the answer.
            view: gives a read-only array of the shape and dtype of what it brings.
        """
        if message.response:
            header = parse(pb.GridGradientResponse(), message.response).header
            take_number(header, self._call)
            self._begin(*read_header(header))
        return self._take(message.window, view, message.last)

    def _begin(self, layout: ResponseLayout, info: pb.Info) -> None:
        if self._whole is None:
            self._whole = layout
        elif self.is_of_rest and not self._continues(layout, info):
            raise AnotherBuild(f"the rest came from version {info.version}, by {info.tier or info.engine}")
        self._layout, self._info = layout, info

    def _continues(self, layout: ResponseLayout, info: pb.Info) -> bool:
        """Whether an answer is the rest, which 0.1.0 does not know, by the same build."""
        rest = layout.points == self.asked.template.grid.points
        return rest and self._whole is not None and _build(layout, info) == _build(self._whole, self._info)

    def _take(self, window: pb.Window | None, view: View, last: bool) -> Result | None:
        layout = self._layout
        if layout is None:
            raise broken("the first message of an entry without a header")
        if window is None and not self.is_of_rest:
            self._planes = put(view(layout.shape, layout.dtype), layout, self._call)
        else:
            window = window or pb.Window(planes=layout.planes, points=layout.points)
            self._place(window, view, layout)
        whole = self._whole or layout
        if self._progress and self._planes is not None:
            missing = self._missing.total if self._missing else 0
            self._progress(whole.points - -(-missing // whole.planes), whole.points)
        return self._finish(whole) if last else None

    def _place(self, window: pb.Window, view: View, layout: ResponseLayout) -> None:
        whole, rest = self._whole or layout, self._first_point
        if self._planes is None or self._missing is None:
            self._planes, self._missing = destination_of(whole, self._call), _Missing(whole)
        rows, columns, part = numbers_of(window, view, layout)
        first, stop = columns.start + rest, columns.stop + rest
        self._planes.reshape(whole.planes, whole.points)[rows, first:stop] = part
        self._missing.take(window.planes, first, stop)

    def _finish(self, layout: ResponseLayout) -> Result:
        missing = self._missing.total if self._missing else 0
        if self._planes is None or missing:
            raise broken(f"an entry that ended with {missing} numbers missing")
        if self._call.request.out is None:
            self._planes.flags.writeable = False
        return Result(self._planes, layout.schema(self._call), info_of(self._info), self._call)


def _build(layout: ResponseLayout, info: pb.Info) -> tuple[object, ...]:
    """What numbers of one result have in common."""
    kind = info.device.partition(":")[0]
    return info.version, info.engine, info.tier, kind, info.digest, layout._replace(shape=layout.shape[:1], points=0)
