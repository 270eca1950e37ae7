"""From the messages of an answer to a `Result`, without a copy where one message holds it all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from gridgrad import wire
from gridgrad.calls import Call, out_of_shape
from gridgrad.failures import EntryFailed
from gridgrad.grid import Derivative
from gridgrad.inputs import FLOAT32, FLOAT64, FloatArray
from gridgrad.messages import broken, parse
from gridgrad.result import Info, Result
from gridgrad.v1 import gridgrad_pb2 as pb

__all__ = ["Assembly", "Part", "read_pack", "read_part", "read_unary"]

_DTYPES: dict[int, np.dtype[Any]] = {pb.DTYPE_FLOAT32: FLOAT32, pb.DTYPE_FLOAT64: FLOAT64}
_STRIDE = 64
"""Results that follow each other in a message begin at multiples of this many bytes."""


class Layout(NamedTuple):
    """A ResultHeader in plain Python."""

    dims: tuple[str, ...]
    grid: tuple[int, ...]
    derivatives: tuple[Derivative, ...]
    components: tuple[str, ...]
    tuple_valued: bool
    dtype: np.dtype[Any]
    info: Info

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the buffer: [1 + derivatives, (components,) *grid]."""
        components = (len(self.components),) if self.tuple_valued else ()
        return (1 + len(self.derivatives), *components, *self.grid)

    def result(self, planes: FloatArray, call: Call) -> Result:
        """The result in a buffer of that shape."""
        return Result(
            planes,
            derivatives=self.derivatives,
            dims=self.dims,
            components=self.components,
            tuple_valued=self.tuple_valued,
            info=self.info,
            request=call.request,
            sent=call.inputs,
        )


def read_unary(raw: bytes, call: Call) -> Result:
    """The result in a GridGradientResponse: views of its bytes, or of `out` where the caller gave one.

    Args:
        raw: the message.
        call: what it answers.

    Raises:
        InternalError: the message is none, or its buffer does not fit its header.
        RequestError: `out` does not fit the components of the result.
    """
    parts = wire.split(raw)
    layout = _layout(parse(pb.GridGradientResponse(), raw[: parts.header_end]).header)
    return layout.result(_whole(raw, parts, layout, call), call)


class Part(NamedTuple):
    """A message of a stream.

    Args:
        message: the message without its buffer.
        raw: its bytes.
        parts: where the buffer lies in them.
    """

    message: pb.StreamGridGradientsResponse
    raw: bytes
    parts: wire.Split


def read_part(raw: bytes) -> Part:
    """Reads a message of a stream, all but its buffer."""
    parts = wire.split(raw)
    return Part(parse(pb.StreamGridGradientsResponse(), raw[: parts.header_end]), raw, parts)


def read_pack(part: Part, calls: Sequence[Call | None]) -> Iterator[Result]:
    """The results of several entries that one message answers; views of its bytes, or of `out` where there is one.

    Args:
        part: the message.
        calls: what it answers; None for what nobody waits for any more.

    Raises:
        InternalError: the buffer does not fit the header.
        RequestError: `out` does not fit the components of the result.
    """
    message, raw, parts = part
    layout = _layout(message.header)
    stride = -(-math.prod(layout.shape) * layout.dtype.itemsize // _STRIDE) * _STRIDE
    numbers = stride // layout.dtype.itemsize
    block = _buffer(raw, parts, (len(calls), numbers), layout.dtype)[:, : math.prod(layout.shape)]
    for planes, call in zip(block.reshape(len(calls), *layout.shape), calls, strict=True):
        if call:
            yield layout.result(_put(planes, layout, call), call)


class Assembly:
    """Puts the windows of one entry of a stream into their places.

    Args:
        call: what they answer.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._layout: Layout | None = None
        self._planes: FloatArray | None = None
        self._missing = 0

    def feed(self, part: Part) -> Result | None:
        """Takes one message of the entry.

        Returns:
            The result once it is complete, else None.

        Raises:
            EntryFailed: the message says that the entry failed.
            InternalError: a window lies outside the buffer, or the last message came too early.
            RequestError: `out` does not fit the components of the result.
        """
        message, raw, parts = part
        if message.HasField("status"):
            raise EntryFailed(message.status)
        if message.HasField("header"):
            self._layout = _layout(message.header)
        layout = self._layout
        if layout is None:
            raise broken("the first message of an entry without a header")
        if not message.HasField("window"):
            self._planes, self._missing = _whole(raw, parts, layout, self._call), 0
        else:
            self._place(message.window, raw, parts, layout)
        return self._finish(layout) if message.last else None

    def _place(self, window: pb.Window, raw: bytes, parts: wire.Split, layout: Layout) -> None:
        if self._planes is None:
            self._planes = _destination(layout, self._call)
            self._missing = self._planes.size
        points = math.prod(layout.grid)
        planes = self._planes.reshape(-1, points) if points else self._planes.reshape(self._planes.shape[0], 0)
        rows = slice(window.first_plane, window.first_plane + window.planes)
        columns = slice(window.first_point, window.first_point + window.points)
        sizes = rows.start, columns.start, window.planes, window.points
        if min(sizes) < 0 or rows.stop > planes.shape[0] or columns.stop > points:
            raise broken(f"a window {sizes} outside of a buffer of {planes.shape}")
        part = _buffer(raw, parts, (window.planes, window.points), layout.dtype)
        planes[rows, columns] = part
        self._missing -= part.size

    def _finish(self, layout: Layout) -> Result:
        if self._planes is None or self._missing:
            raise broken(f"an entry that ended with {self._missing} numbers missing")
        if self._call.request.out is None:
            self._planes.flags.writeable = False
        return layout.result(self._planes, self._call)


def _layout(header: pb.ResultHeader) -> Layout:
    dtype, info = _DTYPES.get(header.dtype), header.info
    if dtype is None:
        raise broken(f"numbers of the unknown dtype {header.dtype}")
    return Layout(
        tuple(header.dims),
        tuple(header.shape),
        tuple([tuple(derivative.wrt) for derivative in header.derivatives]),
        tuple(header.components),
        header.tuple_valued,
        dtype,
        Info(
            info.queue_s,
            info.compute_s,
            info.batch_size,
            info.engine,
            info.tier,
            info.device,
            info.version,
            info.digest,
        ),
    )


def _whole(raw: bytes, parts: wire.Split, layout: Layout, call: Call) -> FloatArray:
    return _put(_buffer(raw, parts, layout.shape, layout.dtype), layout, call)


def _put(view: FloatArray, layout: Layout, call: Call) -> FloatArray:
    """The numbers of a message, in `out` where the caller gave one."""
    if call.request.out is None:
        return view
    planes = _destination(layout, call)
    planes[...] = view
    return planes


def _destination(layout: Layout, call: Call) -> FloatArray:
    out = call.request.out
    if out is None:
        return np.empty(layout.shape, layout.dtype)
    if out.shape != layout.shape or out.dtype != layout.dtype:
        raise out_of_shape(out.shape, layout.shape, layout.dtype)
    return out


def _buffer(raw: bytes, parts: wire.Split, shape: tuple[int, ...], dtype: np.dtype[Any]) -> FloatArray:
    """A read-only view of the numbers in a message."""
    wanted = math.prod(shape) * dtype.itemsize
    if parts.data_end - parts.data_start != wanted:
        raise broken(f"{parts.data_end - parts.data_start} bytes for {list(shape)} numbers of {dtype}")
    return np.ndarray(shape, dtype, raw, parts.data_start if wanted else 0)
