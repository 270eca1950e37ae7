"""Asking by Connect's unary protocol over HTTP: messages as they are, or in protobuf's JSON."""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

from google.protobuf import json_format
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from gridgrad.conformity.call_outcome import CallOutcome
from gridgrad_core.errors import RequestError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.enums import STATUS_NAMES
from gridgrad_core.wire.methods import SERVICE

__all__ = ["ByHttp"]

_CODES = {name.lower(): number for number, name in enumerate(STATUS_NAMES)} | {
    "canceled": STATUS_NAMES.index("CANCELLED")
}
_NEAR = "localhost", "127.0.0.1", "::1"
_METHODS = pb.DESCRIPTOR.services_by_name[SERVICE.rpartition(".")[2]].methods_by_name


class ByHttp:
    """The unary methods.

    Args:
        url: of the server, "http://host:port" or "https://host:port".
        token: to show; empty for none.
        timeout_s: for a call.
        is_json: whether messages go as JSON.
    """

    def __init__(self, url: str, token: str, timeout_s: float, *, is_json: bool) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RequestError("--http", repr(url[:100]), "give http://HOST:PORT or https://HOST:PORT")
        self.name = "http-json" if is_json else "http-proto"
        self._is_json = is_json
        self._place = parts.scheme, parts.netloc, parts.path.rstrip("/"), timeout_s
        kind = "application/json" if is_json else "application/proto"
        self._headers = {"content-type": kind, "connect-protocol-version": "1"}
        self._headers["connect-timeout-ms"] = str(int(1e3 * timeout_s))
        if token:
            self._headers["authorization"] = f"Bearer {token}"

    @property
    def is_closed(self) -> bool:
        """Whether nobody can read what is sent on its way: by TLS, or since it stays on this machine."""
        scheme, place, _, _ = self._place
        return scheme == "https" or urlsplit(f"//{place}").hostname in _NEAR

    def ask(self, raw: bytes) -> CallOutcome:
        """Asks for a grid."""
        answer = self.call("GridGradient", raw)
        return CallOutcome.of_response(answer) if isinstance(answer, bytes) else answer

    def call(self, method: str, raw: bytes) -> bytes | CallOutcome:
        """Calls a method; what it answers, or how it was refused."""
        described = _METHODS[method]
        body = raw
        if self._is_json:
            try:
                message = GetMessageClass(described.input_type).FromString(raw)
            except DecodeError:
                body = raw  # what is no message is none in JSON either
            else:
                body = json_format.MessageToJson(message).encode()
        status, answer = self._post(f"/{SERVICE}/{method}", body)
        if status != http.client.OK:
            return _refused(status, answer)
        if not self._is_json:
            return answer
        told: bytes = json_format.Parse(answer, GetMessageClass(described.output_type)()).SerializeToString()
        return told

    def _post(self, path: str, body: bytes) -> tuple[int, bytes]:
        scheme, place, prefix, timeout_s = self._place
        kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
        connection = kind(place, timeout=timeout_s)
        try:
            connection.request("POST", prefix + path, body, self._headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def _refused(status: int, body: bytes) -> CallOutcome:
    try:
        told: Any = json.loads(body)
        code = _CODES[told["code"]]
    except (KeyError, TypeError, ValueError):
        return CallOutcome(
            status=2, message=f"HTTP {status} with {body[:100]!r}, which is no error of Connect's protocol"
        )
    for each in told.get("details", ()):
        if each["type"] == pb.ErrorDetail.DESCRIPTOR.full_name:
            detail = pb.ErrorDetail.FromString(base64.b64decode(each["value"] + "=="))
            return CallOutcome(status=code, message=told.get("message", ""), detail=detail)
    return CallOutcome(status=code, message=told.get("message", ""))
