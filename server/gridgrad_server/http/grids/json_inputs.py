"""Inputs as people write them in JSON: numbers, lists, and objects that say what their numbers are."""

from __future__ import annotations

import array
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.functions.tabulated import ARRAY
from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["MOST_LISTS", "is_number", "mapping", "names_of", "read_input", "shape_of", "shown"]

_INPUT = (
    'a number, a list, {"linspace": [0, 1, 5]}, {"geomspace": [1, 100, 5]}, {"dims": ["t"], "values": [1, 2]} '
    'or {"coefficients": [1, 2]}'
)
_NONFINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_MOST_GEOMSPACE = 1 << 13
MOST_LISTS = 1 << 14
"""Lists of numbers in an input, and all in a request: each takes a microsecond."""
_KINDS_OF_NUMBERS = frozenset({int, float})


def read_input(name: str, value: Any) -> pb.Input:
    """An input as the schema has it.

    Args:
        name: of it.
        value: as it was written.

    Raises:
        RequestError: it is none; says where and what to write.
    """
    field = f"inputs.{name[:60]}"
    if is_number(value) or isinstance(value, str):
        return pb.Input(name=name, array=pb.Array(data=_numbers(field, [value])))
    if isinstance(value, list):
        return _with_array(pb.Input(name=name, dims=[name]), field, value)
    given = mapping(field, value, f"write {_INPUT}")
    kinds = [kind for kind in given if kind != "dims"]
    if kinds == ["coefficients"] and "dims" not in given:
        return _coefficients(name, field, given["coefficients"])
    if len(kinds) != 1 or kinds[0] not in _KINDS:
        raise RequestError(field, shown(value), f"write {_INPUT}")
    dims = given.get("dims", [name])
    message = pb.Input(name=name, dims=names_of(f"{field}.dims", [dims] if isinstance(dims, str) else dims))
    return _KINDS[kinds[0]](message, f"{field}.{kinds[0]}", given[kinds[0]])


def _with_array(message: pb.Input, field: str, value: Any) -> pb.Input:
    """Adds numbers that are nested as deeply as there are dims."""
    shape, rows = [], [value]
    for dim in message.dims:
        if not all(isinstance(row, list) for row in rows) or len({len(row) for row in rows}) != 1:
            raise RequestError(field, f"no equally long lists along {dim!r}", _nesting(message))
        shape.append(len(rows[0]))
        if len(shape) < len(message.dims):
            rows = [each for row in rows for each in row]
            if not rows or len(rows) > MOST_LISTS:
                found = f"{len(rows)} lists of numbers"
                raise RequestError(field, found, f"send 1 to {MOST_LISTS}, or binary numbers by application/proto")
    data = b"".join(_numbers(field, row) for row in (rows if message.dims else [rows]))
    message.array.CopyFrom(pb.Array(shape=shape, data=data))
    return message


def _coefficients(name: str, field: str, value: Any) -> pb.Input:
    if not isinstance(value, list) or not value or any(isinstance(each, list) for each in value):
        remedy = 'write {"coefficients": [1, 2]}, one list of numbers, over which the function sums'
        raise RequestError(field, shown(value), remedy)
    numbers = pb.Array(dtype=pb.DTYPE_FLOAT64, shape=[len(value)], data=_numbers(field, value))
    return pb.Input(name=name, table=pb.Table(values=numbers, method=ARRAY))


def shape_of(given: pb.Input) -> tuple[int, ...]:
    """The shape of an input's numbers."""
    if given.HasField("linspace"):
        return (given.linspace.num,)
    return tuple((given.table.values if given.HasField("table") else given.array).shape)


def _nesting(message: pb.Input) -> str:
    depth = len(message.dims)
    return f'nest lists {depth} deep for the dims {json.dumps([*message.dims])}, or name others: {{"dims": [...], ...}}'


def _numbers(field: str, values: list[Any]) -> bytes:
    try:
        if not _KINDS_OF_NUMBERS.issuperset(map(type, values)):
            raise TypeError
        numbers = array.array("d", values)
    except TypeError:
        numbers = array.array("d", [_number(field, position, value) for position, value in enumerate(values)])
    except OverflowError:
        raise RequestError(field, "a number that float64 can't hold", 'write "Infinity" for infinity') from None
    else:
        if math.inf in numbers or -math.inf in numbers:
            raise RequestError(field, "a number that float64 can't hold", 'write "Infinity" for infinity')
    return numbers.tobytes()


def _number(field: str, position: int, value: Any) -> float:
    if is_number(value) and math.isfinite(value):
        return float(value)
    if isinstance(value, str) and value in _NONFINITE:
        return _NONFINITE[value]
    remedy = 'write numbers, or the strings "NaN", "Infinity" and "-Infinity"'
    if isinstance(value, list):
        remedy = 'name a dim for each level of lists: {"dims": ["t", "k"], "values": [[1, 2], [3, 4]]}'
    raise RequestError(f"{field}[{position}]", shown(value), remedy)


def _linspace(message: pb.Input, field: str, value: Any) -> pb.Input:
    start, stop, num = _spaced(field, value)
    message.linspace.CopyFrom(pb.Linspace(start=start, stop=stop, num=num))
    return message


def _geomspace(message: pb.Input, field: str, value: Any) -> pb.Input:
    """Adds numbers with a common ratio; the first and the last are those that are given."""
    start, stop, num = _spaced(field, value)
    if not (start and stop) or (start < 0) != (stop < 0) or num > _MOST_GEOMSPACE:
        remedy = f"write two numbers of one sign, neither 0, and how many, up to {_MOST_GEOMSPACE}"
        raise RequestError(field, shown(value), remedy)
    sign, steps = math.copysign(1, start), max(1, num - 1)  # by powers of both: a ratio of 1e400 is no number
    numbers = array.array("d", (sign * abs(start) ** (1 - i / steps) * abs(stop) ** (i / steps) for i in range(num)))
    if num > 1:
        numbers[-1] = stop
    message.array.CopyFrom(pb.Array(shape=[num], data=numbers.tobytes()))
    return message


def _spaced(field: str, value: Any) -> tuple[float, float, int]:
    if isinstance(value, list) and len(value) == 3 and all(map(is_number, value)) and type(value[2]) is int:
        start, stop, num = value
        if math.isfinite(start) and math.isfinite(stop) and 0 <= num < 1 << 53:
            return float(start), float(stop), num
    raise RequestError(field, shown(value), "write the first, the last and how many: [0, 1, 5]")


_KINDS: dict[str, Callable[[pb.Input, str, Any], pb.Input]] = {
    "values": _with_array,
    "linspace": _linspace,
    "geomspace": _geomspace,
}


def is_number(value: Any) -> bool:
    """Whether a value is a number of JSON."""
    return type(value) in (int, float)


def shown(value: Any) -> str:
    """A value as it was written, where that is short, or else what it is."""
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    if isinstance(value, str | int | float | list | dict) and len(text := json.dumps(value)[:61]) <= 60:
        return text
    return kinds.get(type(value), "a number")


def mapping(field: str, value: Any, remedy: str) -> Mapping[str, Any]:
    """A value that is an object.

    Raises:
        RequestError: it is none.
    """
    if not isinstance(value, dict):
        raise RequestError(field, shown(value), remedy)
    return value


def names_of(field: str, value: Any) -> list[str]:
    """A value that is a list of names.

    Raises:
        RequestError: it is none.
    """
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise RequestError(field, shown(value), 'write names of inputs: ["t", "k"]')
    return value
