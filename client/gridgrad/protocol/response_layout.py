"""What the numbers of an answer are, as its header says, and where they go: views of a message, memory, or `out`."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from gridgrad.arguments.inputs import FloatArray
from gridgrad.requests.prepare import PreparedCall, out_of_shape
from gridgrad.results.planes import PlaneIndex, plane_index
from gridgrad.results.result_data import ResultSchema
from gridgrad_core.errors import TooLargeError
from gridgrad_core.grid import Derivative, InputSpec, in_step_remedy
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.enums import RESULT_DTYPES
from gridgrad_core.wire.parse import broken

__all__ = [
    "ResponseLayout",
    "View",
    "buffer",
    "destination_of",
    "empty",
    "numbers_of",
    "put",
    "read_header",
    "take_number",
]

View: TypeAlias = Callable[[tuple[int, ...], np.dtype[Any]], FloatArray]
"""Gives a read-only array of this shape and dtype of what a message brings."""

LAYOUTS_KEPT = 512

_DTYPES: dict[int, np.dtype[Any]] = {number: np.dtype(name).newbyteorder("<") for name, number in RESULT_DTYPES.items()}


class ResponseLayout(NamedTuple):
    """A ResultHeader but for its info, in plain Python.

    Args:
        shape: of the buffer: [1 + derivatives, (components,) *grid].
        points: how many the grid has.
        units: names of inputs and components with their units, where the function says them.
        keeps_arrays: whether the server keeps arrays that come with their SHA-256.
    """

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    points: int
    derivatives: tuple[Derivative, ...]
    components: tuple[str, ...]
    tuple_valued: bool
    dtype: np.dtype[Any]
    units: tuple[tuple[str, str], ...] = ()
    keeps_arrays: bool = False

    @property
    def planes(self) -> int:
        """How many numbers a point has."""
        return (1 + len(self.derivatives)) * len(self.components)

    def schema(self, call: PreparedCall) -> ResultSchema:
        """What results to such calls share."""
        lowered, template = call.lowered, call.template
        if lowered is None:
            index: PlaneIndex = plane_index(self.derivatives)
            names = tuple([spec.name for spec, _ in template.inputs])
        else:
            index, names = lowered.stacks.planes, tuple([given.name for given in lowered.inputs])
        about = self.dims, self.components, self.tuple_valued, template.function, self.units
        return ResultSchema(index, names, *about, self.keeps_arrays, template.reduction)


def read_header(header: pb.ResultHeader) -> tuple[ResponseLayout, pb.Info]:
    """A ResultHeader in two: what all results of its shape share, and how this one was computed.

    It loses its info, and the number that it may give, which `take_number` has to take before.
    """
    info = header.info
    header.ClearField("info")
    header.ClearField("bound")
    return _layout(header.SerializeToString()), info


def take_number(header: pb.ResultHeader, call: PreparedCall) -> None:
    """Takes the number that a server gives to what a call shares with later ones, if it gives one."""
    if header.bound and call.number:
        call.number.given(header.bound)


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
        tuple([(each.name, each.unit) for each in header.units]),
        header.keeps_arrays,
    )


def put(view: FloatArray, layout: ResponseLayout, call: PreparedCall) -> FloatArray:
    """The numbers of a message, in `out` where the caller gave one."""
    if call.request.out is None:
        return view
    planes = destination_of(layout, call)
    planes[...] = view
    return planes


def destination_of(layout: ResponseLayout, call: PreparedCall) -> FloatArray:
    """`out` where the caller gave one, else memory.

    Raises:
        RequestError: `out` does not fit the components of the result.
        TooLargeError: there is not so much memory.
    """
    out = call.request.out
    if out is None:
        return empty(layout.shape, layout.dtype, [spec for spec, _ in call.template.inputs])
    if out.shape != layout.shape or out.dtype != layout.dtype:
        raise out_of_shape(out.shape, layout.shape, layout.dtype)
    return out


def empty(shape: tuple[int, ...], dtype: np.dtype[Any], inputs: Sequence[InputSpec] = ()) -> FloatArray:
    """Memory for a result.

    Args:
        shape: its shape.
        dtype: the type of its numbers.
        inputs: those that span its grid, for what to do where there is not so much.

    Raises:
        TooLargeError: there is not so much.
    """
    try:
        return np.empty(shape, dtype)
    except (MemoryError, ValueError):  # numpy refuses what is beyond any address by the latter
        remedies = "give out=numpy.memmap(...), or take it in parts by Client.windows", in_step_remedy(inputs)
        found = f"no memory here for {list(shape)} numbers of {dtype}"
        raise TooLargeError("out", found, "; ".join(filter(None, remedies))) from None


def buffer(raw: bytes, start: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> FloatArray:
    """A read-only view of the numbers at the end of a message.

    Raises:
        InternalError: they are more or fewer.
    """
    if len(raw) - start != math.prod(shape) * dtype.itemsize:
        raise broken(f"{len(raw) - start} bytes for {list(shape)} numbers of {dtype}")
    return np.ndarray(shape, dtype, raw, start)


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
