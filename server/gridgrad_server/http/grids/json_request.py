"""Requests as people write them in JSON, made into messages of the schema."""

from __future__ import annotations

import array
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from gridgrad_core.errors import RequestError, TooLargeError
from gridgrad_core.grid import MAX_DERIVATIVES, MAX_ORDER, canonical, check_counts, expand_order
from gridgrad_core.reduction import REDUCTIONS
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.enums import DTYPES, TIERS
from gridgrad_server.requests.decode import too_many_derivatives

__all__ = ["JsonRequest", "read_json"]

_FIELDS = ("expression", "registered", "inputs", "order", "wrt", "derivatives", "reduce", "weights", "dtype", "tier",
           "timeout")  # fmt: skip
_INPUT = 'a number, a list, {"linspace": [0, 1, 5]}, {"geomspace": [1, 100, 5]} or {"dims": ["t"], "values": [1, 2]}'
_NONFINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_MOST_GEOMSPACE = 1 << 13
_LONGEST_S = 1e6
_MOST_LISTS = 1 << 14
"""Lists of numbers in an input, and all in a request: each takes a microsecond."""
_MOST_OBJECTS = 1024
_MOST_LISTED = 16 * MAX_DERIVATIVES  # before duplicates collapse
_KINDS_OF_NUMBERS = frozenset({int, float})


class JsonRequest(NamedTuple):
    """What a text asks for.

    Args:
        message: the same, as the schema has it.
        timeout_s: how long the caller waits; None where he does not say.
    """

    message: pb.GridGradientRequest
    timeout_s: float | None


def read_json(raw: bytes) -> JsonRequest:
    """Reads a request.

    Args:
        raw: `{"expression": "t*k", "inputs": {"t": [1, 2], "k": {"linspace": [0, 1, 5]}}, "order": 1}`.

    Raises:
        RequestError: it is none; says where and what to write.
    """
    asked = _object("body", _parsed(raw), _FIELDS)
    message = pb.GridGradientRequest()
    inputs = _mapping("inputs", asked.get("inputs", {}), 'write {"t": [1, 2]}')
    check_counts(sum(isinstance(value, list | dict) for value in inputs.values()), len(inputs))
    for name, value in inputs.items():
        message.inputs.append(_input(name, value))
    message.derivatives.extend(pb.Derivative(wrt=wrt) for wrt in _derivatives(asked, message.inputs))
    _function(asked, message)
    message.dtype = _choice("dtype", asked.get("dtype"), DTYPES) or pb.DTYPE_UNSPECIFIED
    message.tier = _choice("tier", asked.get("tier"), TIERS) or pb.TIER_UNSPECIFIED
    timeout = asked.get("timeout")
    if timeout is not None and not (_is_number(timeout) and 0 < timeout < _LONGEST_S):
        raise RequestError("timeout", _shown(timeout), "write seconds, more than 0")
    return JsonRequest(message, timeout)


def _parsed(raw: bytes) -> Any:
    if raw.count(b"[") > 2 * _MOST_LISTS or raw.count(b"{") > _MOST_OBJECTS:
        raise TooLargeError(
            "body", "more lists or objects than a request has", "send application/proto, or call by gRPC"
        )
    remedy = 'send {"expression": "t*k", "inputs": {"t": [1, 2], "k": 3}}'
    try:
        return json.loads(raw, object_pairs_hook=_without_repeats, parse_constant=_no_constant)
    except RecursionError:
        raise RequestError("body", "JSON that is nested too deeply", remedy) from None
    except UnicodeDecodeError:
        raise RequestError("body", "what is no UTF-8", remedy) from None
    except RequestError:
        raise
    except ValueError as error:
        raise RequestError("body", f"what is no JSON: {error}", remedy) from None


def _without_repeats(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise RequestError("body", f"{twice[:60]!r} a second time", "give each name once")
    return found


def _no_constant(name: str) -> float:
    raise RequestError("body", f"{name}, which is no JSON", f'write it as a string: "{name}"')


def _object(field: str, value: Any, names: Sequence[str]) -> Mapping[str, Any]:
    found = _mapping(field, value, f"send a JSON object with {', '.join(names)}")
    for name in found:
        if name not in names:
            raise RequestError(name[:60], "no field of this request", f"there are {', '.join(names)}")
    return found


def _mapping(field: str, value: Any, remedy: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise RequestError(field, _shown(value), remedy)
    return value


def _function(asked: Mapping[str, Any], message: pb.GridGradientRequest) -> None:
    given = [name for name in ("expression", "registered") if name in asked]
    if len(given) != 1:
        found = "both expression and registered" if given else "no function"
        raise RequestError("function", found, 'write "expression": "t*k", or "registered" with a name')
    (kind,) = given
    if not isinstance(asked[kind], str):
        raise RequestError(kind, _shown(asked[kind]), "write a string")
    function = pb.Function(**{kind: asked[kind]})
    if "reduce" in asked:
        _reduction(asked, message.reduction)
        message.reduction.function.CopyFrom(function)
    elif "weights" in asked:
        raise RequestError("weights", "nothing that they weigh", 'write "reduce": {"t": "sum"} too, or leave them out')
    else:
        message.function.CopyFrom(function)


def _reduction(asked: Mapping[str, Any], reduction: pb.Reduction) -> None:
    remedy = 'write {"t": "sum"}, a dim and one of sum, mean, min, max, argmin, argmax, norm, count_nonfinite'
    kinds = _mapping("reduce", asked["reduce"], remedy)
    if len(set(map(str, kinds.values()))) != 1 or not all(map(REDUCTIONS.__contains__, map(str, kinds.values()))):
        raise RequestError("reduce", _shown(asked["reduce"]), f"{remedy}, the same for all dims")
    reduction.dims.extend(kinds)
    reduction.kind = next(iter(kinds.values()))
    weights = asked.get("weights", "")
    if not isinstance(weights, str):
        raise RequestError("weights", _shown(weights), "write an expression of the inputs")
    reduction.weights = weights


def _derivatives(asked: Mapping[str, Any], inputs: Sequence[pb.Input]) -> list[Sequence[str]]:
    names = [each.name for each in inputs]
    if "derivatives" in asked:
        if "order" in asked or "wrt" in asked:
            raise RequestError("derivatives", "beside order or wrt", "give derivatives alone, or the others")
        return _listed(asked["derivatives"], names)
    order, wrt = asked.get("order", 1), asked.get("wrt", [each.name for each in inputs if each.dims])
    if type(order) is not int or not 0 <= order <= MAX_ORDER:
        raise RequestError("order", _shown(order), f"write a whole number from 0 to {MAX_ORDER}")
    listed = list(dict.fromkeys(_names("wrt", [wrt] if isinstance(wrt, str) else wrt)))
    for name in listed:
        if name not in names:
            raise RequestError("wrt", f"{name[:60]!r}, which is no input", f"use one of {', '.join(names)[:200]}")
    count = math.comb(len(listed) + order, order) - 1
    if count > MAX_DERIVATIVES:
        raise too_many_derivatives(count)
    return [derivative for derivative in expand_order(listed, order) if derivative]


def _listed(value: Any, names: Sequence[str]) -> list[Sequence[str]]:
    if not isinstance(value, list):
        raise RequestError("derivatives", _shown(value), 'write [["t"], ["t", "k"]]')
    if len(value) > _MOST_LISTED:
        raise too_many_derivatives(len(value))
    listed = [_names("derivatives", [each] if isinstance(each, str) else each) for each in value]
    return [canonical(wrt, names) for wrt in listed]


def _names(field: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise RequestError(field, _shown(value), 'write names of inputs: ["t", "k"]')
    return value


def _choice(field: str, value: Any, known: Mapping[str, Any]) -> Any:
    if value is None:
        return None
    if not isinstance(value, str) or value not in known:
        raise RequestError(field, _shown(value), f"use one of {', '.join(known)}")
    return known[value]


def _input(name: str, value: Any) -> pb.Input:
    field = f"inputs.{name[:60]}"
    if _is_number(value) or isinstance(value, str):
        return pb.Input(name=name, array=pb.Array(data=_numbers(field, [value])))
    if isinstance(value, list):
        return _with_array(pb.Input(name=name, dims=[name]), field, value)
    given = _mapping(field, value, f"write {_INPUT}")
    kinds = [kind for kind in given if kind != "dims"]
    if len(kinds) != 1 or kinds[0] not in _KINDS:
        raise RequestError(field, _shown(value), f"write {_INPUT}")
    dims = given.get("dims", [name])
    message = pb.Input(name=name, dims=_names(f"{field}.dims", [dims] if isinstance(dims, str) else dims))
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
            if not rows or len(rows) > _MOST_LISTS:
                found = f"{len(rows)} lists of numbers"
                raise RequestError(field, found, f"send 1 to {_MOST_LISTS}, or binary numbers by application/proto")
    data = b"".join(_numbers(field, row) for row in (rows if message.dims else [rows]))
    message.array.CopyFrom(pb.Array(shape=shape, data=data))
    return message


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
    if _is_number(value) and math.isfinite(value):
        return float(value)
    if isinstance(value, str) and value in _NONFINITE:
        return _NONFINITE[value]
    remedy = 'write numbers, or the strings "NaN", "Infinity" and "-Infinity"'
    if isinstance(value, list):
        remedy = 'name a dim for each level of lists: {"dims": ["t", "k"], "values": [[1, 2], [3, 4]]}'
    raise RequestError(f"{field}[{position}]", _shown(value), remedy)


def _linspace(message: pb.Input, field: str, value: Any) -> pb.Input:
    start, stop, num = _spaced(field, value)
    message.linspace.CopyFrom(pb.Linspace(start=start, stop=stop, num=num))
    return message


def _geomspace(message: pb.Input, field: str, value: Any) -> pb.Input:
    """Adds numbers with a common ratio; the first and the last are those that are given."""
    start, stop, num = _spaced(field, value)
    if not (start and stop) or (start < 0) != (stop < 0) or num > _MOST_GEOMSPACE:
        remedy = f"write two numbers of one sign, neither 0, and how many, up to {_MOST_GEOMSPACE}"
        raise RequestError(field, _shown(value), remedy)
    sign, steps = math.copysign(1, start), max(1, num - 1)  # by powers of both: a ratio of 1e400 is no number
    numbers = array.array("d", (sign * abs(start) ** (1 - i / steps) * abs(stop) ** (i / steps) for i in range(num)))
    if num > 1:
        numbers[-1] = stop
    message.array.CopyFrom(pb.Array(shape=[num], data=numbers.tobytes()))
    return message


def _spaced(field: str, value: Any) -> tuple[float, float, int]:
    if isinstance(value, list) and len(value) == 3 and all(map(_is_number, value)) and type(value[2]) is int:
        start, stop, num = value
        if math.isfinite(start) and math.isfinite(stop) and 0 <= num < 1 << 53:
            return float(start), float(stop), num
    raise RequestError(field, _shown(value), "write the first, the last and how many: [0, 1, 5]")


_KINDS: dict[str, Callable[[pb.Input, str, Any], pb.Input]] = {
    "values": _with_array,
    "linspace": _linspace,
    "geomspace": _geomspace,
}


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


def _shown(value: Any) -> str:
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    if isinstance(value, str | int | float | list | dict) and len(text := json.dumps(value)[:61]) <= 60:
        return text
    return kinds.get(type(value), "a number")
