"""Errors by HTTP: a status and one JSON object, for people with all that the error says."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence

from google.protobuf import json_format

from gridgrad_core.errors import REASONS, BusyError, GridgradError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.enums import STATUS_NAMES
from gridgrad_core.wire.error_details import ERROR_TRAILER, PUSHBACK_TRAILER, to_detail
from gridgrad_server.rpc.errors import PUSHBACK_MS, shortened

__all__ = ["CallEnded", "code_names", "connect_error", "people_error"]

_PREFIX = "ERROR_REASON_"
_TOO_LARGE = "TOO_LARGE"

# https://connectrpc.com/docs/protocol#error-codes
_HTTP_STATUS = (200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401)
"""By the number of the gRPC status."""

_CONTENT_TOO_LARGE = 413


class CallEnded(Exception):  # noqa: N818 - it ends a call as gRPC's abort does
    """A call that ends without its result.

    Args:
        code: the number of the gRPC status.
        message: for people.
        detail: what is at fault; None where only gRPC's own words are known.
        retry_ms: after how long to come again; None where that is no use.
        status: of HTTP, where it is not that of the code.

    Attributes:
        headers: that belong to the answer beside its type.
    """

    def __init__(
        self,
        code: int,
        message: str,
        detail: pb.ErrorDetail | None = None,
        retry_ms: int | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail
        self.retry_ms = retry_ms
        self.status = status or _HTTP_STATUS[code]
        self.headers: list[tuple[bytes, bytes]] = []
        if retry_ms is not None:
            self.headers.append((b"retry-after", str(math.ceil(retry_ms / 1e3)).encode()))
        if self.status == 401:
            self.headers.append((b"www-authenticate", b"Bearer"))

    @classmethod
    def of(cls, error: GridgradError, status: int | None = None) -> CallEnded:
        """The end of a call by an error of ours."""
        error = shortened(error)
        retry_ms = None
        if isinstance(error, BusyError):
            retry_ms = PUSHBACK_MS if error.pushback_s is None else math.ceil(1e3 * error.pushback_s)
        return cls(REASONS[error.reason].code, str(error), to_detail(error), retry_ms, status)

    @classmethod
    def by_abort(cls, code: int, message: str, trailers: Sequence[tuple[str, str | bytes]]) -> CallEnded:
        """The end of a call that a handler aborts."""
        told = dict(trailers)
        raw, retry_ms = told.get(ERROR_TRAILER), told.get(PUSHBACK_TRAILER)
        detail = pb.ErrorDetail.FromString(raw) if isinstance(raw, bytes) else None
        return cls(code, message, detail, int(retry_ms) if retry_ms else None)

    def rename(self, names: Mapping[str, str]) -> None:
        """Calls fields as the caller does who has not written them as they stand on the wire.

        Args:
            names: of fields on the wire, to his.
        """
        if self.detail and self.detail.field in names:
            name = names[self.detail.field]
            self.message = self.message.replace(self.detail.field, name, 1)
            self.detail.field = name

    @property
    def reason(self) -> str:
        """The closest reason that is known, without its prefix; empty for none."""
        if self.detail is None:
            return ""
        return pb.ErrorReason.Name(self.detail.closer_reason or self.detail.reason).removeprefix(_PREFIX)


def people_error(ended: CallEnded, request_id: str) -> tuple[int, bytes]:
    """The status and the JSON of an error for people.

    Args:
        ended: the call.
        request_id: of the request.
    """
    detail = ended.detail or pb.ErrorDetail(found=ended.message)
    is_too_large = pb.ErrorReason.Name(detail.reason) == _PREFIX + _TOO_LARGE
    error = {
        "code": _name(ended.code),
        "reason": ended.reason,
        "field": detail.field,
        "found": detail.found,
        "remedy": detail.remedy,
        "message": ended.message,
        "request_id": request_id,
    }
    return _CONTENT_TOO_LARGE if is_too_large else ended.status, json.dumps({"error": error}).encode()


def connect_error(ended: CallEnded) -> tuple[int, bytes]:
    """The status and the JSON of an error of Connect's unary protocol.

    https://connectrpc.com/docs/protocol#error-end-stream
    """
    error: dict[str, object] = {"code": _name(ended.code), "message": ended.message}
    if ended.detail:
        value = base64.b64encode(ended.detail.SerializeToString()).rstrip(b"=").decode()
        debug = json_format.MessageToDict(ended.detail)
        error["details"] = [{"type": pb.ErrorDetail.DESCRIPTOR.full_name, "value": value, "debug": debug}]
    return ended.status, json.dumps(error).encode()


def code_names() -> list[str]:
    """What codes are called here, but for that of success."""
    return [_name(code) for code in range(1, len(STATUS_NAMES))]


def _name(code: int) -> str:
    name = STATUS_NAMES[code].lower()
    return "canceled" if name == "cancelled" else name
