"""Grids as JSON: nested lists, written piece by piece, so that no other call waits for a large one.

Numbers have as many digits as tell them apart, up to 17. What is no number is a string, or null.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.http.grids.whole_result import WholeGrid

__all__ = ["MOST_NUMBERS_AS_TEXT", "NamedArray", "arrays_of", "grid_text", "plane_shape"]

MOST_NUMBERS_AS_TEXT = 1_000_000

_AT_ONCE = 2048
"""Numbers, which take a millisecond."""

_FORMATS = {pb.DTYPE_FLOAT32: ("float32", "f"), pb.DTYPE_FLOAT64: ("float64", "d"), pb.DTYPE_INT64: ("int64", "q")}
_AS_STRINGS = {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}


class NamedArray(NamedTuple):
    """An array of a result.

    Args:
        name: "value", or "d/" and the names that it is a derivative by, as `Result.to_npz` has them.
        shape: of it.
        numbers: one after another.
    """

    name: str
    shape: tuple[int, ...]
    numbers: memoryview[Any]


def arrays_of(grid: WholeGrid) -> Iterator[NamedArray]:
    """The value and the derivatives of a result, one after another."""
    kind: Any = _FORMATS[grid.header.dtype][1]
    numbers = memoryview(grid.planes).cast(kind)
    shapes: list[tuple[str, tuple[int, ...]]]
    if grid.gradient is None:
        names = ["value", *(f"d/{','.join(each.wrt)}" for each in grid.header.derivatives)]
        shapes = [(name, plane_shape(grid.header)) for name in names]
    else:
        shapes = [("value", ()), *((f"d/{name}", shape) for name, shape in grid.gradient)]
    first = 0
    for name, shape in shapes:
        size = math.prod(shape)
        yield NamedArray(name, shape, numbers[first : first + size])
        first += size


def plane_shape(header: pb.ResultHeader) -> tuple[int, ...]:
    """The shape of the value and of each derivative: components come first, where the function has several."""
    components = (len(header.components),) if header.tuple_valued else ()
    return (*components, *header.shape)


def grid_text(grid: WholeGrid, *, nulls: bool) -> Iterator[str]:
    """A result as a JSON object, in pieces.

    Args:
        grid: the result.
        nulls: whether what is no number is null, instead of a string.
    """
    header = grid.header
    is_grid = grid.gradient is None
    dims, sizes = (list(header.dims), list(header.shape)) if is_grid else ([], [])
    value, *derivatives = arrays_of(grid)
    yield f'{{"dims": {json.dumps(dims)}, "shape": {sizes}, "value": '
    yield from _nested(value.numbers, value.shape, nulls)
    yield ', "d": {'
    for position, each in enumerate(derivatives):
        yield f"{', ' if position else ''}{json.dumps(each.name.removeprefix('d/'))}: "
        yield from _nested(each.numbers, each.shape, nulls)
    yield f"}}, {json.dumps(_said(header))[1:]}"


def _said(header: pb.ResultHeader) -> dict[str, object]:
    info = header.info
    told = {"queue_s": info.queue_s, "compute_s": info.compute_s, "engine": info.engine, "tier": info.tier,
            "device": info.device, "version": info.version, "digest": info.digest}  # fmt: skip
    about: dict[str, object] = {"dtype": _FORMATS[header.dtype][0], "info": told}
    if header.tuple_valued:
        about = {"components": list(header.components), **about}
    if header.units:
        about["units"] = {each.name: each.unit for each in header.units}
    return about


def _nested(numbers: memoryview[Any], shape: Sequence[int], nulls: bool) -> Iterator[str]:
    if not shape:
        yield _texts(numbers, nulls)
        return
    if 0 in shape:
        yield _empty(shape)
        return
    # After each row so many lists end as its number has whole multiples of the sizes around it
    sizes = list(itertools.accumulate(reversed(shape[:-1]), int.__mul__))
    length, text = shape[-1], "[" * len(shape)
    for row in range(len(numbers) // length):
        for first in range(row * length, (row + 1) * length, _AT_ONCE):
            end = min(first + _AT_ONCE, (row + 1) * length)
            text += _texts(numbers[first:end], nulls)
            text += "," if end < (row + 1) * length else ""
            if len(text) > 8 * _AT_ONCE:
                yield text
                text = ""
        ended = sum((row + 1) % size == 0 for size in sizes)
        is_last = row + 1 == len(numbers) // length
        text += "]" * len(shape) if is_last else "]" * (1 + ended) + "," + "[" * (1 + ended)
    yield text


def _empty(shape: Sequence[int]) -> str:
    text = "[]"
    for length in reversed(shape[: list(shape).index(0)]):
        text = f"[{','.join([text] * length)}]"
    return text


def _texts(numbers: memoryview[Any], nulls: bool) -> str:
    text = ",".join(map(repr, numbers.tolist()))
    if "n" not in text:  # as in nan and inf, and in no number
        return text
    written = dict.fromkeys(_AS_STRINGS, "null") if nulls else _AS_STRINGS
    return ",".join(written.get(each, each) for each in text.split(","))
