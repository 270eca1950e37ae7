"""From the messages of an answer to a `Result`, without a copy where one message holds it all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from gridgrad.arguments.inputs import FloatArray
from gridgrad.progress import Progress
from gridgrad.protocol.error_mapping import EntryFailed
from gridgrad.protocol.response_layout import (
    ResponseLayout,
    View,
    buffer,
    destination_of,
    numbers_of,
    put,
    read_header,
)
from gridgrad.requests.prepare import PreparedCall
from gridgrad.results.info import info_of
from gridgrad.results.result import Result
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.buffer import split
from gridgrad_core.wire.parse import broken, parse

__all__ = ["Assembly", "StreamMessage", "read_message", "read_pack"]

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
    info, numbers = info_of(own), math.prod(layout.shape)
    stride = -(-numbers * layout.dtype.itemsize // _STRIDE) * _STRIDE // layout.dtype.itemsize
    block = buffer(message.raw, message.data_start, (len(calls), stride), layout.dtype)[:, :numbers]
    for planes, call in zip(block.reshape(len(calls), *layout.shape), calls, strict=True):
        if call:
            yield Result(put(planes, layout, call), layout.schema(call), info, call)


class Assembly:
    """Puts the windows of one result into their places.

    Args:
        call: what they answer.
        progress: called with the points that have come so far and the points of the grid.
    """

    def __init__(self, call: PreparedCall, progress: Progress | None = None) -> None:
        self._call = call
        self._progress = progress
        self._layout: ResponseLayout | None = None
        self._info = pb.Info()
        self._planes: FloatArray | None = None
        self._missing = 0

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
            self._layout, self._info = read_header(fields.header)
        window = fields.window if fields.HasField("window") else None
        return self._take(window, message.view, fields.last)

    def feed_leased(self, message: pb.SessionResponse, view: View) -> Result | None:
        """Takes an answer of a session that brings a window; as `feed`.

        Args:
            message: the answer.
            view: gives a read-only array of the shape and dtype of what it brings.
        """
        if message.response:
            self._layout, self._info = read_header(parse(pb.GridGradientResponse(), message.response).header)
        return self._take(message.window, view, message.last)

    def _take(self, window: pb.Window | None, view: View, last: bool) -> Result | None:
        layout = self._layout
        if layout is None:
            raise broken("the first message of an entry without a header")
        if window is None:
            self._planes, self._missing = put(view(layout.shape, layout.dtype), layout, self._call), 0
        else:
            self._place(window, view, layout)
        if self._progress and self._planes is not None:
            planes = self._planes.size // layout.points if layout.points else 1
            self._progress(layout.points - -(-self._missing // planes), layout.points)
        return self._finish(layout) if last else None

    def _place(self, window: pb.Window, view: View, layout: ResponseLayout) -> None:
        if self._planes is None:
            self._planes = destination_of(layout, self._call)
            self._missing = self._planes.size
        rows, columns, part = numbers_of(window, view, layout)
        self._planes.reshape(layout.planes, layout.points)[rows, columns] = part
        self._missing -= part.size

    def _finish(self, layout: ResponseLayout) -> Result:
        if self._planes is None or self._missing:
            raise broken(f"an entry that ended with {self._missing} numbers missing")
        if self._call.request.out is None:
            self._planes.flags.writeable = False
        return Result(self._planes, layout.schema(self._call), info_of(self._info), self._call)
