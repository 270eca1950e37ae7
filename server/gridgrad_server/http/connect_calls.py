"""Connect's unary protocol: each method of the schema by a POST of its message, binary or as JSON.

https://connectrpc.com/docs/protocol#unary-request
"""

from __future__ import annotations

from typing import Any, NamedTuple

import grpc
from google.protobuf import json_format
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from gridgrad_core.errors import RequestError, TooLargeError, UnsupportedError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.methods import SERVICE
from gridgrad_server.http.endpoint import JSON
from gridgrad_server.http.http_call import HttpCall
from gridgrad_server.http.http_errors import CallEnded

__all__ = ["METHODS", "ConnectCalls", "ConnectMethod"]

_PROTO = "application/proto"
_MOST_STRUCTURE = 1 << 13
"""Fields of a message in JSON, each of which takes some microseconds."""

_STRUCTURE = b"{", b"[", b","
_UNIMPLEMENTED = 12


class ConnectMethod(NamedTuple):
    """A method of the schema.

    Args:
        path: of it.
        request: its message.
        response: what it answers.
        is_unary: whether it has one of each.
    """

    path: str
    request: type[Message]
    response: type[Message]
    is_unary: bool


def _methods() -> dict[str, ConnectMethod]:
    found = {}
    for method in pb.DESCRIPTOR.services_by_name[SERVICE.rpartition(".")[2]].methods:
        path, is_unary = f"/{SERVICE}/{method.name}", not (method.client_streaming or method.server_streaming)
        found[path] = ConnectMethod(
            path, GetMessageClass(method.input_type), GetMessageClass(method.output_type), is_unary
        )
    return found


METHODS = _methods()
"""By their paths."""


class _Details(NamedTuple):
    """What a handler is found by."""

    method: str


class ConnectCalls:
    """Answers calls of the methods by their handlers for gRPC.

    Args:
        service: has these handlers, behind its gate where there is one.
    """

    def __init__(self, service: grpc.GenericRpcHandler) -> None:
        self._service = service

    async def answer(self, call: HttpCall) -> None:
        """Answers a call."""
        async with call.handled():
            method = _method_of(call)
            kind = _kind_of(call)
            if kind == JSON:
                call.take_text(lambda raw: _message_of(method, raw))
            details: Any = _Details(method.path)
            handler: Any = self._service.service(details)
            answer = await handler.stream_unary(None, call.context)
            if kind == JSON:
                answer = _text_of(method, answer)
        await call.send(200, kind, [answer])


def _method_of(call: HttpCall) -> ConnectMethod:
    method = METHODS.get(call.path)
    if method is None:
        found = f"unknown method {call.path[:100]!r}; there are {', '.join(METHODS)}"
        raise CallEnded(_UNIMPLEMENTED, found)
    if not method.is_unary:
        raise CallEnded(_UNIMPLEMENTED, f"{method.path} is a stream: call it by gRPC, or GridGradient for one grid")
    return method


def _kind_of(call: HttpCall) -> str:
    version = call.headers.get("connect-protocol-version", "1")
    if version != "1":
        raise UnsupportedError("connect-protocol-version", repr(version[:60]), "send 1")
    given = call.headers.get("content-type", "")
    kind = given.partition(";")[0].strip().lower()
    if kind not in (JSON, _PROTO):
        error = UnsupportedError("content-type", repr(given[:100]) if given else "none", f"send {JSON} or {_PROTO}")
        ended = CallEnded.of(error, status=415)
        ended.headers.append((b"accept-post", f"{JSON}, {_PROTO}".encode()))
        raise ended
    return kind


def _message_of(method: ConnectMethod, raw: bytes) -> bytes:
    """A message in JSON as gRPC has it.

    Raises:
        RequestError: it is none.
        UnsupportedError: it has a field that is not known.
        TooLargeError: reading it would take long.
    """
    fields = sum(map(raw.count, _STRUCTURE))
    if fields > _MOST_STRUCTURE:
        raise TooLargeError("body", f"JSON with {fields} fields and entries", f"send {_PROTO}, or less at a time")
    name = method.request.DESCRIPTOR.full_name
    try:
        message = json_format.Parse(raw, method.request())
    except json_format.ParseError as error:
        if "has no field named" in str(error):
            raise UnsupportedError("", f"{error}"[:300], "leave it out, or update the server") from None
        raise RequestError("", f"no {name} in JSON: {error}"[:300], "send what protobuf's JSON has for it") from None
    except (RecursionError, UnicodeDecodeError):
        raise RequestError("", f"no {name} in JSON", "send what protobuf's JSON has for it") from None
    return message.SerializeToString()


def _text_of(method: ConnectMethod, raw: bytes) -> bytes:
    message = method.response.FromString(raw)
    if isinstance(message, pb.GridGradientResponse):
        message.ClearField("padding")  # it is for those who view the bytes
    text: str = json_format.MessageToJson(message, indent=None)
    return text.encode()
