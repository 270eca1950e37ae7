"""Errors on the wire: each reason there and back, and as clients of 0.1.0 read it."""

from __future__ import annotations

import grpc
import pytest

from gridgrad_core import errors
from gridgrad_core.errors import REASONS
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.error_details import from_detail, to_detail

KNOWN_TO_0_1_0 = range(1, 12)
TOLD_BY_THEIR_STATUS = {"REFUSED": grpc.StatusCode.UNAUTHENTICATED, "FORBIDDEN": grpc.StatusCode.PERMISSION_DENIED}
"""Reasons of statuses that no reason of 0.1.0 has: its clients go by the status, and raise RefusedError."""


@pytest.mark.parametrize("reason", REASONS)
def test_errors_travel_and_come_back(reason: str) -> None:
    sent = REASONS[reason].error("field", "found", "remedy")
    back = from_detail(pb.ErrorDetail.FromString(to_detail(sent).SerializeToString()))
    assert type(back) is type(sent)
    assert back.args == sent.args
    assert pb.ErrorReason.Name(REASONS[reason].number) == f"ERROR_REASON_{reason}"


def test_reasons_are_those_of_the_schema_and_each_has_its_own_error() -> None:
    assert {f"ERROR_REASON_{reason}" for reason in REASONS} | {"ERROR_REASON_UNSPECIFIED"} == set(pb.ErrorReason.keys())
    assert len({reason.error for reason in REASONS.values()}) == len(REASONS)
    assert all(reason.error.reason == name for name, reason in REASONS.items())


@pytest.mark.parametrize("reason", sorted(REASONS.keys() - TOLD_BY_THEIR_STATUS.keys()))
def test_clients_of_0_1_0_know_the_reason_of_every_error_and_of_its_status(reason: str) -> None:
    row = REASONS[reason]
    shown = to_detail(row.error("field", "found", "remedy")).reason
    assert shown in KNOWN_TO_0_1_0
    (taken_for,) = (other for other in REASONS.values() if other.number == shown)
    assert taken_for.code == row.code
    assert issubclass(row.error, taken_for.error)
    assert not taken_for.taken_for


@pytest.mark.parametrize("reason", TOLD_BY_THEIR_STATUS)
def test_what_clients_of_0_1_0_tell_by_the_status_has_one_of_its_own(reason: str) -> None:
    row = REASONS[reason]
    assert row.code == TOLD_BY_THEIR_STATUS[reason].value[0]
    assert row.code not in {other.code for other in REASONS.values() if other.number in KNOWN_TO_0_1_0}
    assert issubclass(row.error, errors.RefusedError)
    assert not row.taken_for


def test_what_is_too_large_for_one_message_is_too_large_for_clients_of_0_1_0() -> None:
    detail = to_detail(errors.UseStreamError("", "a result of 9 bytes", "call StreamGridGradients for it"))
    assert (detail.reason, detail.closer_reason) == (pb.ERROR_REASON_TOO_LARGE, pb.ERROR_REASON_USE_STREAM)


@pytest.mark.parametrize(("closer", "kind"), [(0, errors.TooLargeError), (99, errors.TooLargeError)])
def test_a_closer_reason_of_a_later_version_leaves_the_other(closer: int, kind: type) -> None:
    raw = pb.ErrorDetail(reason="ERROR_REASON_TOO_LARGE", found="found").SerializeToString() + bytes([5 << 3, closer])
    error = from_detail(pb.ErrorDetail.FromString(raw))
    assert type(error) is kind


def test_a_reason_of_a_later_version_is_none() -> None:
    assert from_detail(pb.ErrorDetail.FromString(bytes([1 << 3, 99]))) is None
