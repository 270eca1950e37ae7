"""What workers and helpers say of a failure: errors made into messages, and messages into errors again."""

from __future__ import annotations

from gridgrad_core.errors import (
    ExpressionError,
    GridgradError,
    InternalError,
    NotPreparedError,
    RequestError,
    TooLargeError,
)
from gridgrad_core.worker_v1 import worker_pb2 as pb

__all__ = ["error_of", "failure_message"]

_KINDS: dict[str, type[GridgradError]] = {
    "too_large": TooLargeError,
    "expression": ExpressionError,
    "not_prepared": NotPreparedError,
    "request": RequestError,
}
"""The kinds of errors by their names on the wire, the inner ones of kinds first. All else is internal."""


def failure_message(failure: GridgradError | None) -> pb.PieceFailure:
    """What the server is told of an error; of none, an empty message."""
    if failure is None:
        return pb.PieceFailure()
    reason = next((name for name, kind in _KINDS.items() if isinstance(failure, kind)), "internal")
    return pb.PieceFailure(reason=reason, field=failure.field, found=failure.found, remedy=failure.remedy)


def error_of(failure: pb.PieceFailure) -> GridgradError | None:
    """The error of a failure; None for one that is none."""
    kind = _KINDS.get(failure.reason, InternalError)
    return kind(failure.field, failure.found, failure.remedy) if failure.reason else None
