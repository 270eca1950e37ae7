"""Errors on the wire: GridgradError to ErrorDetail at the server, and back at the client."""

from __future__ import annotations

from gridgrad_core.errors import REASONS, GridgradError, Reason
from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["ERROR_TRAILER", "PUSHBACK_TRAILER", "from_detail", "to_detail"]

ERROR_TRAILER = "gridgrad-error-bin"
"""The trailer of a call that has its ErrorDetail."""

PUSHBACK_TRAILER = "grpc-retry-pushback-ms"
"""The trailer that says after how many milliseconds to call again, as gRPC itself has it; less than 0 for never."""

_BY_NUMBER = {reason.number: reason.error for reason in REASONS.values()}


def to_detail(error: GridgradError) -> pb.ErrorDetail:
    """The message for an error."""
    reason = REASONS[error.reason]
    detail = pb.ErrorDetail(reason=_name(reason), field=error.field, found=error.found, remedy=error.remedy)
    if reason.taken_for:
        detail.MergeFrom(pb.ErrorDetail(reason=_name(REASONS[reason.taken_for]), closer_reason=_name(reason)))
    return detail


def from_detail(detail: pb.ErrorDetail) -> GridgradError | None:
    """The error for a message; None for a reason that this version does not know."""
    error = _BY_NUMBER.get(detail.closer_reason) or _BY_NUMBER.get(detail.reason)
    return error(detail.field, detail.found, detail.remedy) if error else None


def _name(reason: Reason) -> str:
    return pb.ErrorReason.Name(reason.number)
