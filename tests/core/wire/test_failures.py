"""Errors go to the server as messages, and come out with the same kind and words."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import (
    ExpressionError,
    GridgradError,
    InternalError,
    NotPreparedError,
    RequestError,
    TooLargeError,
    UnknownFunctionError,
)
from gridgrad_core.wire.failures import error_of, failure_message
from gridgrad_core.worker_v1 import worker_pb2 as pb


@pytest.mark.parametrize(
    ("error", "reason", "comes_out"),
    [
        (RequestError, "request", RequestError),
        (ExpressionError, "expression", ExpressionError),
        (UnknownFunctionError, "request", RequestError),
        (TooLargeError, "too_large", TooLargeError),
        (NotPreparedError, "not_prepared", NotPreparedError),
        (InternalError, "internal", InternalError),
        (GridgradError, "internal", InternalError),
    ],
)
def test_each_kind_has_its_reason(error: type[GridgradError], reason: str, comes_out: type[GridgradError]) -> None:
    message = failure_message(error("f", "this", "do that"))
    assert message == pb.PieceFailure(reason=reason, field="f", found="this", remedy="do that")
    found = error_of(message)
    assert type(found) is comes_out
    assert (found.field, found.found, found.remedy) == ("f", "this", "do that")


def test_a_reason_of_later_is_internal() -> None:
    assert type(error_of(pb.PieceFailure(reason="something new"))) is InternalError


def test_none_is_no_failure() -> None:
    assert failure_message(None) == pb.PieceFailure()
    assert error_of(pb.PieceFailure()) is None
