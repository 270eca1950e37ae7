"""From the messages of an answer to a `Result`, without a copy where one message holds it all."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from gridgrad.arguments.inputs import FloatArray
from gridgrad.progress import Progress
from gridgrad.protocol.error_mapping import EntryFailed
from gridgrad.requests.prepare import PreparedCall, out_of_shape
from gridgrad.results.info import info_of
from gridgrad.results.planes import PlaneIndex, plane_index
from gridgrad.results.result import Result
from gridgrad.results.result_data import ResultSchema
from gridgrad_core.errors import TooLargeError
from gridgrad_core.grid import Derivative
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.buffer import Split, split
from gridgrad_core.wire.enums import DTYPES
from gridgrad_core.wire.parse import broken, parse

__all__ = [
    "Assembly",
    "ResponseLayout",
    "StreamMessage",
    "View",
    "buffer",
    "empty",
    "numbers_of",
    "put",
    "read_header",
    "read_message",
    "read_pack",
]

View: TypeAlias = Callable[[tuple[int, ...], np.dtype[Any]], FloatArray]

LAYOUTS_KEPT = 512

_DTYPES: dict[int, np.dtype[Any]] = {number: np.dtype(name).newbyteorder("<") for name, number in DTYPES.items()}
_STRIDE = 64
"""Results that follow each other in a message begin at multiples of this many bytes."""


class ResponseLayout(NamedTuple):
    """A ResultHeader but for its info, in plain Python.

    Args:
        shape: of the buffer: [1 + derivatives, (components,) *grid].
        points: how many the grid has.
    """

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    points: int
    derivatives: tuple[Derivative, ...]
    components: tuple[str, ...]
    tuple_valued: bool
    dtype: np.dtype[Any]

    @property
    def planes(self) -> int:
        """How many numbers a point has."""
        return (1 + len(self.derivatives)) * len(self.components)

    def schema(self, call: PreparedCall) -> ResultSchema:
        """What results to such calls share."""
        lowered, plan = call.lowered, call.template
        if lowered is None:
            index: PlaneIndex = plane_index(self.derivatives)
            names = tuple([spec.name for spec, _ in plan.inputs])
        else:
            index, names = lowered.stacks.planes, tuple([given.name for given in lowered.inputs])
        return ResultSchema(index, names, self.dims, self.components, self.tuple_valued, plan.function)


class StreamMessage(NamedTuple):
    """A message of a stream.

    Args:
        message: the message without its buffer.
        raw: its bytes.
        parts: where the buffer lies in them.
    """

    message: pb.StreamGridGradientsResponse
    raw: bytes
    parts: Split

    def view(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> FloatArray:
        """Its buffer as a read-only array.

        Raises:
            InternalError: it is none of that shape.
        """
        return buffer(self.raw, self.parts.data_start, shape, dtype)


def read_message(raw: bytes) -> StreamMessage:
    """Reads a message of a stream, all but its buffer."""
    parts = split(raw)
    return StreamMessage(parse(pb.StreamGridGradientsResponse(), raw[: parts.header_end]), raw, parts)


def read_pack(part: StreamMessage, calls: Sequence[PreparedCall | None]) -> Iterator[Result]:
    """The results of several entries that one message answers; views of its bytes, or of `out` where there is one.

    Args:
        part: the message.
        calls: what it answers; None for what nobody waits for any more.

    Raises:
        InternalError: the buffer does not fit the header.
        RequestError: `out` does not fit the components of the result.
    """
    message, raw, parts = part
    layout, own = read_header(message.header)
    info, numbers = info_of(own), math.prod(layout.shape)
    stride = -(-numbers * layout.dtype.itemsize // _STRIDE) * _STRIDE // layout.dtype.itemsize
    block = buffer(raw, parts.data_start, (len(calls), stride), layout.dtype)[:, :numbers]
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

    def feed(self, part: StreamMessage) -> Result | None:
        """Takes one message of the entry.

        Returns:
            The result once it is complete, else None.

        Raises:
            EntryFailed: the message says that the entry failed.
            InternalError: a window lies outside the buffer, or the last message came too early.
            RequestError: `out` does not fit the components of the result.
        """
        message = part.message
        if message.HasField("status"):
            raise EntryFailed(message.status)
        if message.HasField("header"):
            self._layout, self._info = read_header(message.header)
        window = message.window if message.HasField("window") else None
        return self._take(window, part.view, message.last)

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
            self._planes = _destination(layout, self._call)
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


def numbers_of(window: pb.Window, view: View, layout: ResponseLayout) -> tuple[slice, slice, FloatArray]:
    """The numbers of a window of a buffer [planes, points], and which planes and points they are.

    Raises:
        InternalError: they do not fit the window, or it lies outside the buffer.
    """
    rows = slice(window.first_plane, window.first_plane + window.planes)
    columns = slice(window.first_point, window.first_point + window.points)
    sizes = rows.start, columns.start, window.planes, window.points
    if min(sizes) < 0 or rows.stop > layout.planes or columns.stop > layout.points:
        raise broken(f"a window {sizes} outside of a buffer of {(layout.planes, layout.points)}")
    return rows, columns, view((window.planes, window.points), layout.dtype)


def read_header(header: pb.ResultHeader) -> tuple[ResponseLayout, pb.Info]:
    """A ResultHeader in two: what all results of its shape share, and how this one was computed."""
    info = header.info
    header.ClearField("info")
    return _layout(header.SerializeToString()), info


@functools.lru_cache(LAYOUTS_KEPT)
def _layout(raw: bytes) -> ResponseLayout:
    """Reads a ResultHeader without its info: callers in a loop get the same one again and again."""
    header = pb.ResultHeader.FromString(raw)
    dtype = _DTYPES.get(header.dtype)
    if dtype is None:
        raise broken(f"numbers of the unknown dtype {header.dtype}")
    derivatives, grid = tuple([tuple(derivative.wrt) for derivative in header.derivatives]), tuple(header.shape)
    components = (len(header.components),) if header.tuple_valued else ()
    return ResponseLayout(
        tuple(header.dims),
        (1 + len(derivatives), *components, *grid),
        math.prod(grid),
        derivatives,
        tuple(header.components),
        header.tuple_valued,
        dtype,
    )


def put(view: FloatArray, layout: ResponseLayout, call: PreparedCall) -> FloatArray:
    """The numbers of a message, in `out` where the caller gave one."""
    if call.request.out is None:
        return view
    planes = _destination(layout, call)
    planes[...] = view
    return planes


def _destination(layout: ResponseLayout, call: PreparedCall) -> FloatArray:
    out = call.request.out
    if out is None:
        return empty(layout.shape, layout.dtype)
    if out.shape != layout.shape or out.dtype != layout.dtype:
        raise out_of_shape(out.shape, layout.shape, layout.dtype)
    return out


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> FloatArray:
    """Memory for a result.

    Raises:
        TooLargeError: there is not so much.
    """
    try:
        return np.empty(shape, dtype)
    except (MemoryError, ValueError) as error:  # numpy refuses what is beyond any address by the latter
        remedy = "give out=numpy.memmap(...), or take it in parts by Client.windows"
        raise TooLargeError("out", f"no memory here for {list(shape)} numbers of {dtype}", remedy) from error


def buffer(raw: bytes, start: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> FloatArray:
    """A read-only view of the numbers at the end of a message.

    Raises:
        InternalError: they are more or fewer.
    """
    if len(raw) - start != math.prod(shape) * dtype.itemsize:
        raise broken(f"{len(raw) - start} bytes for {list(shape)} numbers of {dtype}")
    return np.ndarray(shape, dtype, raw, start)
