"""What workers say of a failure becomes the error with that reason."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import GridgradError, InternalError, NotPreparedError, RequestError, TooLargeError
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.scheduling.worker_errors import error_of


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("request", RequestError),
        ("too_large", TooLargeError),
        ("not_prepared", NotPreparedError),
        ("something new", InternalError),
    ],
)
def test_each_reason_has_its_error(reason: str, kind: type[GridgradError]) -> None:
    error = error_of(wpb.PieceFailure(reason=reason, field="f", found="this", remedy="do that"))
    assert type(error) is kind
    assert (error.field, error.found, error.remedy) == ("f", "this", "do that")


def test_no_reason_is_no_failure() -> None:
    assert error_of(wpb.PieceFailure()) is None
