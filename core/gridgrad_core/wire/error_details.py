"""Errors on the wire: GridgradError to ErrorDetail at the server, and back at the client."""

from __future__ import annotations

from gridgrad_core.errors import REASONS, GridgradError
from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["from_detail", "to_detail"]

_BY_NUMBER = {reason.number: reason.error for reason in REASONS.values()}


def to_detail(error: GridgradError) -> pb.ErrorDetail:
    """The message for an error."""
    name = pb.ErrorReason.Name(REASONS[error.reason].number)
    return pb.ErrorDetail(reason=name, field=error.field, found=error.found, remedy=error.remedy)


def from_detail(detail: pb.ErrorDetail) -> GridgradError | None:
    """The error for a message; None for a reason that this version does not know."""
    error = _BY_NUMBER.get(detail.reason)
    return error(detail.field, detail.found, detail.remedy) if error else None
