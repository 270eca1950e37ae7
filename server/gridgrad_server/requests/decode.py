"""Requests off the wire: bytes to checked values, before anything is allocated for them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from gridgrad_core.errors import RequestError, TooLargeError, UnsupportedError
from gridgrad_core.grid import MAX_DERIVATIVES, Grid, InputSpec, check_counts, grid_of
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.version import __version__
from gridgrad_core.wire.enums import DTYPE_NAMES, ITEM_BYTES, TIER_NAMES
from gridgrad_core.wire.features import check_features
from gridgrad_core.wire.table_specs import spec_of
from gridgrad_core.wire.unknown_fields import first_unknown, has_unknown
from gridgrad_server.arrays.named_arrays import NO_ARRAYS, HeldArrays
from gridgrad_server.reductions.reduction import read_reduction
from gridgrad_server.requests.decoded import (
    MAX_GRIDS,
    MAX_TABLE_BYTES,
    DecodedArray,
    DecodedFunction,
    DecodedInput,
    DecodedLinspace,
    DecodedRequest,
    DecodedTable,
)
from gridgrad_server.requests.size_guard import (
    EXPLAIN,
    GRID_GRADIENT,
    PREPARE,
    SESSION,
    SMALL_BYTES,
    STREAM_GRID_GRADIENTS,
    Bulk,
    check_structure,
)

__all__ = ["decode", "read", "read_plan", "read_several", "too_many_derivatives"]


_MOST_LISTED = 16 * MAX_DERIVATIVES  # before duplicates collapse
_MAX_NAME = 200

_TIERS = {**TIER_NAMES, pb.TIER_UNSPECIFIED: ""}

_BULK: dict[type[Message], Bulk] = {
    pb.GridGradientRequest: GRID_GRADIENT,
    pb.StreamGridGradientsRequest: STREAM_GRID_GRADIENTS,
    pb.PrepareRequest: PREPARE,
    pb.ExplainRequest: EXPLAIN,
    pb.SessionRequest: SESSION,
}

M = TypeVar("M", bound=Message)


def decode(message: type[M], raw: bytes) -> M:
    """Parses bytes from a caller.

    Raises:
        RequestError: they are no such message.
        UnsupportedError: they have a field that this version does not know.
    """
    check_structure(raw, _BULK.get(message, {}))
    try:
        parsed = message.FromString(raw)
        if len(raw) > SMALL_BYTES:
            _check_known(parsed)
        elif has_unknown(parsed):
            _check_known(message.FromString(raw))
    except DecodeError:
        raise RequestError(
            "", f"{len(raw)} bytes that are no {message.DESCRIPTOR.full_name}", "send the whole serialized message"
        ) from None
    return parsed


def _check_known(message: Message) -> None:
    """Refuses a message with unknown fields, by the features that it lists where it does."""
    found = first_unknown(message)
    if found is None:
        return
    request = message.request if isinstance(message, pb.StreamGridGradientsRequest) else message
    if isinstance(request, pb.GridGradientRequest):
        check_features(request.features)
    path, number, name = found
    raise UnsupportedError(
        path,
        f"field {number} of {name}, which the server's version {__version__} does not know",
        "leave it out, or update the server; GetServerInfo.features has what it knows",
    )


def read_several(message: pb.StreamGridGradientsRequest, arrays: HeldArrays = NO_ARRAYS) -> DecodedRequest:
    """Checks what comes on a stream, one grid or several; see `read`."""
    if not 0 <= message.entries <= MAX_GRIDS:
        raise RequestError("entries", f"{message.entries}", f"put 1 to {MAX_GRIDS} entries into a message")
    return read(message.request, message.entries, arrays)


def read(request: pb.GridGradientRequest, grids: int = 0, arrays: HeldArrays = NO_ARRAYS) -> DecodedRequest:
    """Checks all of a request that can be checked without its function.

    Args:
        request: the request.
        grids: how many it asks for with arrays for each of them; 0 for one as it stands.
        arrays: that were taken out of it.

    Raises:
        RequestError: something in it is wrong; the error names the field.
        TooLargeError: it lists too many derivatives.
    """
    check_features(request.features)
    if request.bound:
        found = "a request by number in a stream"
        raise RequestError(
            "bound", found, "send the whole there; a message of several entries says once what they share"
        )
    kind, text = _function(_asked(request))
    plain = [(i, each) for i, each in enumerate(request.inputs) if not each.HasField("table")]
    tables = _tables(request.inputs, arrays)
    _check_counts([each for _, each in plain])
    inputs = tuple(_input(f"inputs[{i}]", each, grids, arrays) for i, each in plain)
    grid = grid_of([given.spec for given in inputs])
    named = tuple((given.spec.name, given.spec.dims) for given in inputs)
    derivatives, dtype = _derivatives(request.derivatives), _dtype(request.dtype, inputs)
    reduction = read_reduction(request.reduction, grid) if request.HasField("reduction") else None
    function = DecodedFunction(kind, text, named, dtype, derivatives, request.ignore_unused, tables, reduction)
    first_row = _first_row(request, grid, grids)
    return DecodedRequest(function, inputs, grid, _tier(request.tier), max(1, grids), arrays, first_row=first_row)


def _first_row(request: pb.GridGradientRequest, grid: Grid, grids: int) -> int:
    first: int = request.first_row
    if first and (grids or request.HasField("reduction")):
        beside = "several entries" if grids else "a reduction"
        raise RequestError("first_row", f"{first} beside {beside}", "leave it out: it is for one whole grid")
    if first and first >= (grid.shape[0] if grid.shape else 1):
        found = f"{first} of a grid of shape {[*grid.shape]}"
        raise RequestError("first_row", found, "give an index of its first dim, or leave it out")
    return first


def read_plan(plan: pb.Plan, arrays: HeldArrays = NO_ARRAYS) -> DecodedFunction:
    """Checks all of a plan that can be checked without its function.

    Args:
        plan: the plan.
        arrays: that were taken out of it.

    Raises:
        RequestError: something in it is wrong; the error names the field.
        TooLargeError: it lists too many derivatives.
    """
    kind, text = _function(plan.function)
    plain = [each for each in plan.inputs if not each.HasField("table")]
    tables = _tables(plan.inputs, arrays)
    _check_counts(plain)
    for position, each in enumerate(plan.inputs):
        _check_names(f"inputs[{position}]", each.name, each.dims)
    inputs = tuple((each.name, tuple(each.dims)) for each in plain)
    grid_of([InputSpec(name, dims, (1,) * len(dims)) for name, dims in inputs])
    derivatives, dtype = _derivatives(plan.derivatives), _dtype(plan.dtype, ())
    return DecodedFunction(kind, text, inputs, dtype, derivatives, tables=tables)


def _tables(inputs: Sequence[pb.Input | pb.PlanInput], arrays: HeldArrays) -> tuple[DecodedTable, ...]:
    """The tables among inputs.

    Raises:
        RequestError: one is none as far as that shows, or has dims.
        TooLargeError: they have too many numbers together.
    """
    tables = []
    for position, each in enumerate(inputs):
        if not each.HasField("table"):
            continue
        field = f"inputs[{position}]"
        if each.dims:
            raise RequestError(f"{field}.dims", f"dims {[*each.dims]} of a table", "leave them out")
        spec = spec_of(f"{field}.table", each.name, each.table, lambda array: len(arrays.data_of(array)))
        tables.append(DecodedTable(spec, each.table, arrays))
    if sum(table.nbytes for table in tables) > MAX_TABLE_BYTES:
        found = f"tables of {sum(table.nbytes for table in tables):,} bytes"
        raise TooLargeError(
            "inputs", found, f"give at most {MAX_TABLE_BYTES:,}: fewer knots, or fewer tables at a time"
        )
    return tuple(tables)


def _check_counts(inputs: Sequence[pb.Input | pb.PlanInput]) -> None:
    check_counts(sum(1 for given in inputs if given.dims), len(inputs))


def _asked(request: pb.GridGradientRequest) -> pb.Function:
    """The function of a request, which stands in its reduction where there is one."""
    if not request.HasField("reduction"):
        return request.function
    if request.HasField("function"):
        raise RequestError("function", "a function beside the one in reduction", "set reduction.function alone")
    return request.reduction.function


def _function(function: pb.Function) -> tuple[str, str]:
    kind = function.WhichOneof("kind")
    if kind is None:
        raise RequestError(
            "function",
            "neither an expression nor a registered name",
            "set function.expression, such as 't*k', or function.registered",
        )
    text: str = getattr(function, kind)
    if not text and kind == "registered":
        raise RequestError("function.registered", "empty text", "write a name that ListFunctions gives")
    return kind, text


def _input(field: str, given: pb.Input, grids: int, arrays: HeldArrays) -> DecodedInput:
    name, dims = given.name, tuple(given.dims)
    _check_names(field, name, dims)
    kind = given.WhichOneof("values")
    if kind == "array":
        return _array(f"{field}.array", name, dims, given.array, grids, arrays)
    if kind == "linspace":
        return _linspace(f"{field}.linspace", name, dims, given.linspace)
    raise RequestError(field, f"no values for {name!r}", "set array, or linspace for evenly spaced values")


def _check_names(field: str, name: str, dims: Iterable[str]) -> None:
    if not (name.isascii() and name.isidentifier() and len(name) <= _MAX_NAME):
        raise RequestError(
            f"{field}.name", repr(name), "use an ASCII identifier: letters, digits and _, not beginning with a digit"
        )
    for dim in dims:
        if not dim or len(dim) > _MAX_NAME:
            raise RequestError(f"{field}.dims", f"the dim {dim!r}", f"give it a name of 1 to {_MAX_NAME} characters")


def _array(
    field: str, name: str, dims: tuple[str, ...], array: pb.Array, grids: int, arrays: HeldArrays
) -> DecodedInput:
    dtype = DTYPE_NAMES.get(array.dtype or pb.DTYPE_FLOAT64)
    if dtype is None:
        raise _unknown_dtype(f"{field}.dtype", array.dtype)
    shape, data = tuple(array.shape), arrays.data_of(array)
    _check_size(field, shape, dtype, len(data))
    stacked = grids > 0 and len(shape) == len(dims) + 1
    if stacked and shape[0] != grids:
        raise RequestError(
            f"{field}.shape", f"{shape[0]} arrays for {grids} entries", "send one for each, or one for all of them"
        )
    return DecodedInput(InputSpec(name, dims, shape[1:] if stacked else shape), DecodedArray(dtype, data, stacked))


def _check_size(field: str, shape: tuple[int, ...], dtype: str, size: int) -> None:
    if shape and min(shape) < 0:
        raise RequestError(f"{field}.shape", str(list(shape)), "give lengths of 0 or more")
    wanted = math.prod(shape) * ITEM_BYTES[dtype]
    if size != wanted:
        raise RequestError(
            f"{field}.data",
            f"{size} bytes for shape {list(shape)} of {dtype}",
            f"send {wanted} bytes: the product of the shape times {ITEM_BYTES[dtype]}",
        )


def _linspace(field: str, name: str, dims: tuple[str, ...], linspace: pb.Linspace) -> DecodedInput:
    if len(dims) != 1:
        raise RequestError(
            field, f"evenly spaced values of {name!r} with dims {list(dims)}", "give it one dim, or send an array"
        )
    if linspace.num < 0:
        raise RequestError(f"{field}.num", str(linspace.num), "give a count of 0 or more")
    values = DecodedLinspace(linspace.start, linspace.stop, linspace.num)
    return DecodedInput(InputSpec(name, dims, (linspace.num,)), values)


def _dtype(number: int, inputs: tuple[DecodedInput, ...]) -> str:
    if number:
        dtype = DTYPE_NAMES.get(number)
        if dtype is None:
            raise _unknown_dtype("dtype", number)
        return dtype
    arrays = {given.values.dtype for given in inputs if isinstance(given.values, DecodedArray)}
    return "float32" if arrays == {"float32"} else "float64"


def _unknown_dtype(field: str, number: int) -> RequestError:
    return RequestError(field, f"the unknown dtype {number}", "use DTYPE_FLOAT32 (1) or DTYPE_FLOAT64 (2)")


def _tier(number: int) -> str:
    tier = _TIERS.get(number)
    if tier is None:
        raise RequestError("tier", f"the unknown tier {number}", "use TIER_DIRECT (1) or TIER_COMPILED (2)")
    return tier


def _derivatives(listed: Sequence[pb.Derivative]) -> tuple[tuple[str, ...], ...]:
    count = len(listed)
    if count > _MOST_LISTED:
        raise too_many_derivatives(count)
    derivatives = tuple(tuple(each.wrt) for each in listed)
    if () in derivatives:
        raise RequestError(
            f"derivatives[{derivatives.index(())}]",
            "a derivative with respect to nothing",
            "leave it out: the value is always returned",
        )
    return derivatives


def too_many_derivatives(count: int, most: int = MAX_DERIVATIVES) -> TooLargeError:
    """The error for more derivatives than there may be."""
    return TooLargeError(
        "derivatives",
        f"{count} derivatives, {count + 1} planes with the value",
        f"ask for at most {most} at a time: a lower order, or fewer inputs in wrt",
    )
