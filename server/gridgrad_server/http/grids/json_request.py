"""Requests as people write them in JSON, made into messages of the schema."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from gridgrad_core.errors import RequestError, TooLargeError
from gridgrad_core.grid import MAX_DERIVATIVES, MAX_ORDER, canonical, check_counts, expand_order
from gridgrad_core.reduction import PULLBACK, REDUCTIONS
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.enums import DTYPES, TIERS
from gridgrad_server.http.grids.json_inputs import (
    MOST_LISTS,
    is_number,
    mapping,
    names_of,
    read_input,
    shape_of,
    shown,
)
from gridgrad_server.http.grids.whole_result import Gradient
from gridgrad_server.requests.decode import too_many_derivatives

__all__ = ["JsonRequest", "read_json"]

_FIELDS = ("expression", "registered", "inputs", "order", "wrt", "derivatives", "reduce", "weights", "cotangent",
           "dtype", "tier", "timeout")  # fmt: skip
_LONGEST_S = 1e6
_MOST_OBJECTS = 1024
_MOST_LISTED = 16 * MAX_DERIVATIVES  # before duplicates collapse


class JsonRequest(NamedTuple):
    """What a text asks for.

    Args:
        message: the same, as the schema has it.
        timeout_s: how long the caller waits; None where he does not say.
        gradient: what the result is a row of, if that is what is asked for.
    """

    message: pb.GridGradientRequest
    timeout_s: float | None
    gradient: Gradient | None


def read_json(raw: bytes) -> JsonRequest:
    """Reads a request.

    Args:
        raw: `{"expression": "t*k", "inputs": {"t": [1, 2], "k": {"linspace": [0, 1, 5]}}, "order": 1}`.

    Raises:
        RequestError: it is none; says where and what to write.
    """
    try:
        return _read(_object("body", _parsed(raw), _FIELDS))
    except UnicodeEncodeError as error:
        half = ascii(error.object[error.start])
        raise RequestError("body", f"{half}, half a character", "write characters as UTF-8, or both halves") from None


def _read(asked: Mapping[str, Any]) -> JsonRequest:
    message = pb.GridGradientRequest()
    inputs = mapping("inputs", asked.get("inputs", {}), 'write {"t": [1, 2]}')
    check_counts(sum(map(_has_dims, inputs.values())), len(inputs))
    for name, value in inputs.items():
        message.inputs.append(read_input(name, value))
    message.derivatives.extend(pb.Derivative(wrt=wrt) for wrt in _derivatives(asked, message.inputs))
    _function(asked, message)
    message.dtype = _choice("dtype", asked.get("dtype"), DTYPES) or pb.DTYPE_UNSPECIFIED
    message.tier = _choice("tier", asked.get("tier"), TIERS) or pb.TIER_UNSPECIFIED
    timeout = asked.get("timeout")
    if timeout is not None and not (is_number(timeout) and 0 < timeout < _LONGEST_S):
        raise RequestError("timeout", shown(timeout), "write seconds, more than 0")
    return JsonRequest(message, timeout, _gradient(message) if "cotangent" in asked else None)


def _has_dims(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, dict) and "coefficients" not in value)


def _gradient(message: pb.GridGradientRequest) -> Gradient:
    shapes = {each.name: shape_of(each) for each in message.inputs}
    return tuple((wrt[0], shapes[wrt[0]]) for wrt in (each.wrt for each in message.derivatives))


def _parsed(raw: bytes) -> Any:
    if raw.count(b"[") > 2 * MOST_LISTS or raw.count(b"{") > _MOST_OBJECTS:
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
    found = mapping(field, value, f"send a JSON object with {', '.join(names)}")
    for name in found:
        if name not in names:
            raise RequestError(name[:60], "no field of this request", f"there are {', '.join(names)}")
    return found


def _function(asked: Mapping[str, Any], message: pb.GridGradientRequest) -> None:
    given = [name for name in ("expression", "registered") if name in asked]
    if len(given) != 1:
        found = "both expression and registered" if given else "no function"
        raise RequestError("function", found, 'write "expression": "t*k", or "registered" with a name')
    (kind,) = given
    if not isinstance(asked[kind], str):
        raise RequestError(kind, shown(asked[kind]), "write a string")
    function = pb.Function(**{kind: asked[kind]})
    if "cotangent" in asked:
        _pullback(asked, message.reduction)
        message.reduction.function.CopyFrom(function)
    elif "reduce" in asked:
        _reduction(asked, message.reduction)
        message.reduction.function.CopyFrom(function)
    elif "weights" in asked:
        raise RequestError("weights", "nothing that they weigh", 'write "reduce": {"t": "sum"} too, or leave them out')
    else:
        message.function.CopyFrom(function)


def _pullback(asked: Mapping[str, Any], reduction: pb.Reduction) -> None:
    if other := [name for name in ("reduce", "weights", "derivatives") if name in asked]:
        remedy = 'name the inputs that the gradient is by as "wrt", and leave the other out'
        raise RequestError("cotangent", f"beside {other[0]}", remedy)
    cotangent = asked["cotangent"]
    if not isinstance(cotangent, str):
        raise RequestError("cotangent", shown(cotangent), 'write an expression of the inputs, as "w", or "1"')
    reduction.kind, reduction.weights = PULLBACK, cotangent


def _reduction(asked: Mapping[str, Any], reduction: pb.Reduction) -> None:
    remedy = 'write {"t": "sum"}, a dim and one of sum, mean, min, max, argmin, argmax, norm, count_nonfinite'
    kinds = mapping("reduce", asked["reduce"], remedy)
    if len(set(map(str, kinds.values()))) != 1 or not all(map(REDUCTIONS.__contains__, map(str, kinds.values()))):
        raise RequestError("reduce", shown(asked["reduce"]), f"{remedy}, the same for all dims")
    reduction.dims.extend(kinds)
    reduction.kind = next(iter(kinds.values()))
    weights = asked.get("weights", "")
    if not isinstance(weights, str):
        raise RequestError("weights", shown(weights), "write an expression of the inputs")
    reduction.weights = weights


def _derivatives(asked: Mapping[str, Any], inputs: Sequence[pb.Input]) -> list[Sequence[str]]:
    names = [each.name for each in inputs]
    if "derivatives" in asked:
        if "order" in asked or "wrt" in asked:
            raise RequestError("derivatives", "beside order or wrt", "give derivatives alone, or the others")
        return _listed(asked["derivatives"], names)
    order, wrt = asked.get("order", 1), asked.get("wrt", [each.name for each in inputs if each.dims])
    if type(order) is not int or not 0 <= order <= MAX_ORDER:
        raise RequestError("order", shown(order), f"write a whole number from 0 to {MAX_ORDER}")
    listed = list(dict.fromkeys(names_of("wrt", [wrt] if isinstance(wrt, str) else wrt)))
    for name in listed:
        if name not in names:
            raise RequestError("wrt", f"{name[:60]!r}, which is no input", f"use one of {', '.join(names)[:200]}")
    count = math.comb(len(listed) + order, order) - 1
    if count > MAX_DERIVATIVES:
        raise too_many_derivatives(count)
    return [derivative for derivative in expand_order(listed, order) if derivative]


def _listed(value: Any, names: Sequence[str]) -> list[Sequence[str]]:
    if not isinstance(value, list):
        raise RequestError("derivatives", shown(value), 'write [["t"], ["t", "k"]]')
    if len(value) > _MOST_LISTED:
        raise too_many_derivatives(len(value))
    listed = [names_of("derivatives", [each] if isinstance(each, str) else each) for each in value]
    return [canonical(wrt, names) for wrt in listed]


def _choice(field: str, value: Any, known: Mapping[str, Any]) -> Any:
    if value is None:
        return None
    if not isinstance(value, str) or value not in known:
        raise RequestError(field, shown(value), f"use one of {', '.join(known)}")
    return known[value]
