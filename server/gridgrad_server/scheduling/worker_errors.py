"""What workers say of a failure, made into errors."""

from __future__ import annotations

from gridgrad_core.errors import GridgradError, InternalError, NotPreparedError, RequestError, TooLargeError
from gridgrad_core.worker_v1 import worker_pb2 as wpb

__all__ = ["error_of"]

_ERRORS: dict[str, type[GridgradError]] = {
    "request": RequestError,
    "too_large": TooLargeError,
    "not_prepared": NotPreparedError,
}


def error_of(failure: wpb.PieceFailure) -> GridgradError | None:
    """The error of a failure; None for one that is none."""
    kind = _ERRORS.get(failure.reason, InternalError)
    return kind(failure.field, failure.found, failure.remedy) if failure.reason else None
