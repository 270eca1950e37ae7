"""Errors on their way out: GridgradError to gRPC status, trailers and stream statuses.

The message of a status and its trailers share the caller's limit on metadata (8 KiB by
default), so whatever a request made long is cut here.
"""

from __future__ import annotations

import asyncio
import math
from typing import Any, NoReturn

import grpc

from gridgrad_core.errors import REASONS, BusyError, GridgradError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.enums import STATUS_NAMES
from gridgrad_core.wire.error_details import ERROR_TRAILER, PUSHBACK_TRAILER, to_detail

__all__ = ["PUSHBACK_MS", "abort", "shortened", "to_status"]

PUSHBACK_MS = 100
"""How long a caller is asked to wait when the queue is full."""

_FIELD_BYTES, _FOUND_BYTES, _REMEDY_BYTES = 120, 800, 500


async def abort(context: grpc.aio.ServicerContext[Any, Any], error: GridgradError) -> NoReturn:
    """Ends a call with the status, message and trailers of an error.

    Raises:
        CancelledError: the caller is gone, so that nobody can be told.
    """
    error = shortened(error)
    trailers: list[tuple[str, str | bytes]] = [(ERROR_TRAILER, to_detail(error).SerializeToString())]
    if isinstance(error, BusyError):
        trailers.append((PUSHBACK_TRAILER, str(_pushback_ms(error))))
    code = grpc.StatusCode[STATUS_NAMES[REASONS[error.reason].code]]
    try:
        await context.abort(code, str(error), tuple(trailers))
    except grpc.aio.InternalError:
        raise asyncio.CancelledError from None  # which gRPC logs no traceback of


def to_status(error: GridgradError) -> pb.Status:
    """The status of a request of a stream."""
    error = shortened(error)
    status = pb.Status(code=REASONS[error.reason].code, message=str(error), detail=to_detail(error))
    if isinstance(error, BusyError) and error.pushback_s is not None:
        status.pushback_ms = _pushback_ms(error)
    return status


def _pushback_ms(error: BusyError) -> int:
    return PUSHBACK_MS if error.pushback_s is None else math.ceil(1e3 * error.pushback_s)


def shortened(error: GridgradError) -> GridgradError:
    """The same error, with parts that fit a trailer."""
    parts = (error.field, _FIELD_BYTES), (error.found, _FOUND_BYTES), (error.remedy, _REMEDY_BYTES)
    cut = type(error)(*(_cut(text, limit) for text, limit in parts))
    if isinstance(cut, BusyError) and isinstance(error, BusyError):
        cut.pushback_s = error.pushback_s
    return cut


def _cut(text: str, limit: int) -> str:
    raw = text.encode("utf-8", "replace")
    if len(raw) <= limit:
        return raw.decode()
    half = limit // 2 - 2
    return f"{raw[:half].decode('utf-8', 'ignore')}…{raw[-half:].decode('utf-8', 'ignore')}"
