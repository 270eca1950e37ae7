"""What is served by HTTP, described for tools: OpenAPI 3.1, made of the descriptors of the schema.

https://spec.openapis.org/oas/v3.1.0, and for messages https://protobuf.dev/programming-guides/json
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gridgrad_core.errors import REASONS
from gridgrad_core.grid import MAX_ORDER
from gridgrad_core.reduction import REDUCTIONS
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.version import __version__
from gridgrad_core.wire.enums import DTYPES, RESULT_DTYPES, TIERS
from gridgrad_server.http.connect_calls import METHODS, ConnectMethod
from gridgrad_server.http.gradient_route import NPY, NPZ
from gridgrad_server.http.http_errors import code_names

__all__ = ["described"]

Schema = dict[str, Any]

_NONFINITE = ["NaN", "Infinity", "-Infinity"]
_NUMBER: Schema = {"anyOf": [{"type": "number"}, {"enum": _NONFINITE}]}
_NAMES: Schema = {"type": "array", "items": {"type": "string"}}
_LISTS: Schema = {"type": "array", "items": {"$ref": "#/components/schemas/Nested"}}
_NESTED: Schema = {"anyOf": [{"type": ["number", "null"]}, {"enum": _NONFINITE}, _LISTS]}
_INTEGERS = (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_UINT32)
_LONG = (FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64)


@functools.cache
def described() -> bytes:
    """The description, as JSON."""
    paths: Schema = {"/v1/gradient": {"post": _gradient()}}
    paths |= {path: {"post": _method(method)} for path, method in METHODS.items() if method.is_unary}
    paths["/healthz"] = {"get": _get("whether the server serves", "200", {"type": "object"}, ("503",))}
    paths["/metrics"] = {"get": _get("metrics for Prometheus", "200", None, ("401", "403", "501"))}
    paths["/openapi.json"] = {"get": _get("this description", "200", {"type": "object"})}
    schemas = {"GradientRequest": _GRADIENT_REQUEST, "Gradient": _GRADIENT, "Nested": _NESTED, "Error": _ERROR,
               "ConnectError": _CONNECT_ERROR, **dict(_messages())}  # fmt: skip
    about = {
        "title": "Gridgrad",
        "version": __version__,
        "summary": "Functions and their exact partial derivatives on grids",
    }
    security = {"bearer": {"type": "http", "scheme": "bearer"}}
    return json.dumps({
        "openapi": "3.1.0",
        "info": about,
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": security},
        "security": [{}, {"bearer": []}],
    }).encode()  # fmt: skip


def _of(kind: str, schema: Schema) -> Schema:
    return {kind: {"schema": schema}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _get(summary: str, status: str, schema: Schema | None, others: tuple[str, ...] = ()) -> Schema:
    content = _of("application/json", schema) if schema else _of("text/plain", {"type": "string"})
    refused = {other: {"description": "refused, or not there"} for other in others}
    return {"summary": summary, "responses": {status: {"description": "the answer", "content": content}, **refused}}


def _gradient() -> Schema:
    files = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (NPY, NPZ)}
    nonfinite = {
        "name": "nonfinite",
        "in": "query",
        "schema": {"enum": ["string", "null"]},
        "description": "how NaN is written",
    }
    return {
        "operationId": "gradient",
        "summary": "a function and its partial derivatives on a grid",
        "parameters": [nonfinite],
        "requestBody": {"required": True, "content": _of("application/json", _ref("GradientRequest"))},
        "responses": {
            "200": {"description": "the grid", "content": {**_of("application/json", _ref("Gradient")), **files}},
            "default": {"description": "what is wrong", "content": _of("application/json", _ref("Error"))},
        },
    }


def _method(method: ConnectMethod) -> Schema:
    request, response = method.request.DESCRIPTOR.name, method.response.DESCRIPTOR.name
    binary = _of("application/proto", {"type": "string", "format": "binary"})
    return {
        "operationId": method.path.rpartition("/")[2],
        "summary": f"{method.path.rpartition('/')[2]} of the schema, by Connect's unary protocol",
        "requestBody": {"required": True, "content": {**_of("application/json", _ref(request)), **binary}},
        "responses": {
            "200": {"description": "the answer", "content": {**_of("application/json", _ref(response)), **binary}},
            "default": {"description": "what is wrong", "content": _of("application/json", _ref("ConnectError"))},
        },
    }


def _messages() -> Iterator[tuple[str, Schema]]:
    """The messages of all methods, and those in them, each once."""
    left: list[Any] = [
        each.DESCRIPTOR for method in METHODS.values() if method.is_unary for each in (method.request, method.response)
    ]
    left.append(pb.ErrorDetail.DESCRIPTOR)
    seen: set[str] = set()
    while left:
        message = left.pop()
        if message.name in seen:
            continue
        seen.add(message.name)
        left.extend(field.message_type for field in message.fields if field.message_type)
        yield message.name, _message(message)


def _message(message: Descriptor) -> Schema:
    properties = {field.json_name: _field(field) for field in message.fields}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _field(field: FieldDescriptor) -> Schema:
    one = _one(field)
    return {"type": "array", "items": one} if field.default_value == [] else one


def _one(field: FieldDescriptor) -> Schema:
    kind = field.cpp_type
    if field.message_type:
        return _ref(field.message_type.name)
    if field.enum_type:
        return {"enum": [value.name for value in field.enum_type.values]}
    if kind in _INTEGERS:
        return {"type": "integer"}
    if kind in _LONG:
        return {"type": ["string", "integer"], "format": "int64"}
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return {"type": "boolean"}
    if kind == FieldDescriptor.CPPTYPE_STRING:
        return {"type": "string", "contentEncoding": "base64"} if field.type == field.TYPE_BYTES else {"type": "string"}
    return _NUMBER


_SPACED: Schema = {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}, {"type": "integer"}],
                   "minItems": 3, "maxItems": 3}  # fmt: skip
_DIMS: Schema = {"anyOf": [{"type": "string"}, _NAMES]}
_INPUT: Schema = {
    "anyOf": [
        _NUMBER,
        {"type": "array", "items": _NUMBER},
        *(
            {
                "type": "object",
                "properties": {name: schema, "dims": _DIMS},
                "required": [name],
                "additionalProperties": False,
            }
            for name, schema in (("linspace", _SPACED), ("geomspace", _SPACED), ("values", _ref("Nested")))
        ),
        {
            "type": "object",
            "properties": {"coefficients": {"type": "array", "items": _NUMBER, "minItems": 1}},
            "required": ["coefficients"],
            "additionalProperties": False,
        },
    ]
}
_GRADIENT_REQUEST: Schema = {
    "type": "object",
    "properties": {
        "expression": {"type": "string", "description": "text of the language"},
        "registered": {"type": "string", "description": "instead, the name of a function or formula of the server"},
        "inputs": {"type": "object", "additionalProperties": _INPUT},
        "order": {"type": "integer", "minimum": 0, "maximum": MAX_ORDER, "default": 1},
        "wrt": _DIMS,
        "derivatives": {"type": "array", "items": _DIMS},
        "reduce": {"type": "object", "additionalProperties": {"enum": sorted(REDUCTIONS)}, "minProperties": 1},
        "weights": {"type": "string"},
        "cotangent": {"type": "string", "description": "for the sum of it times the function, and its gradient"},
        "dtype": {"enum": [*DTYPES]},
        "tier": {"enum": [*TIERS]},
        "timeout": {"type": "number", "exclusiveMinimum": 0, "description": "seconds"},
    },
    "oneOf": [{"required": ["expression"]}, {"required": ["registered"]}],
    "additionalProperties": False,
    "examples": [{"expression": "t*k", "inputs": {"t": [1, 2], "k": {"linspace": [0, 1, 5]}}, "order": 1}],
}
_GRADIENT: Schema = {
    "type": "object",
    "properties": {
        "dims": _NAMES,
        "shape": {"type": "array", "items": {"type": "integer"}},
        "value": _ref("Nested"),
        "d": {"type": "object", "additionalProperties": _ref("Nested"), "description": "by names, as t or t,k"},
        "components": _NAMES,
        "dtype": {"enum": [*RESULT_DTYPES]},
        "info": {"type": "object"},
        "units": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["dims", "shape", "value", "d", "dtype", "info"],
    "additionalProperties": False,
}
_TEXT: Schema = {"type": "string"}
_ERROR: Schema = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"enum": code_names()},
                "reason": {"enum": ["", *REASONS]},
                **dict.fromkeys(("field", "found", "remedy", "message", "request_id"), _TEXT),
            },
            "required": ["code", "reason", "field", "found", "remedy", "message", "request_id"],
        }
    },
    "required": ["error"],
}
_CONNECT_ERROR: Schema = {
    "type": "object",
    "properties": {
        "code": {"enum": code_names()},
        "message": _TEXT,
        "details": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"type": _TEXT, "value": _TEXT, "debug": _ref("ErrorDetail")},
                "required": ["type", "value"],
            },
        },
    },
    "required": ["code"],
}
