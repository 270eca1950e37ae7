"""Errors by HTTP: each reason has a status, and nothing of what it says is lost."""

from __future__ import annotations

import base64
import json

import pytest

from gridgrad_core.errors import REASONS, BusyError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.error_details import from_detail
from gridgrad_server.http.http_errors import CallEnded, connect_error, people_error


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_a_status_and_is_told(reason: str) -> None:
    error = REASONS[reason].error("field", "found", "remedy")
    ended = CallEnded.of(error)
    status, text = people_error(ended, "id")
    assert 400 <= status < 600
    told = json.loads(text)["error"]
    assert (told["reason"], told["field"], told["found"], told["remedy"]) == (reason, "field", "found", "remedy")
    assert (told["message"], told["request_id"]) == (str(error), "id")
    _, text = connect_error(ended)
    (detail,) = json.loads(text)["details"]
    assert detail["type"] == "gridgrad.v1.ErrorDetail"
    raw = base64.b64decode(detail["value"] + "==")
    assert type(from_detail(pb.ErrorDetail.FromString(raw))) is type(error)


def test_the_statuses_are_those_of_connect() -> None:
    """https://connectrpc.com/docs/protocol#error-codes"""
    want = {"REQUEST": 400, "UNKNOWN_FUNCTION": 404, "BUSY": 429, "TOO_LARGE": 429, "DEADLINE": 504, "CANCELLED": 499}
    want |= {"UNAVAILABLE": 503, "CRASH": 409, "INTERNAL": 500, "NOT_PREPARED": 400, "REFUSED": 401, "FORBIDDEN": 403}
    got = {reason: connect_error(CallEnded.of(REASONS[reason].error("", "", "")))[0] for reason in want}
    assert got == want


@pytest.mark.parametrize("reason", ["TOO_LARGE", "USE_STREAM"])
def test_people_are_told_what_is_too_large_by_its_own_status(reason: str) -> None:
    assert people_error(CallEnded.of(REASONS[reason].error("", "", "")), "")[0] == 413


def test_when_to_come_again_is_in_whole_seconds() -> None:
    busy = BusyError("", "full", "later")
    assert CallEnded.of(busy).headers == [(b"retry-after", b"1")]
    busy.pushback_s = 2.3
    ended = CallEnded.of(busy)
    assert (ended.headers, ended.retry_ms) == ([(b"retry-after", b"3")], 2300)


def test_an_abort_without_a_detail_is_told_in_its_own_words() -> None:
    ended = CallEnded.by_abort(12, "Method not found!", ())
    status, text = people_error(ended, "id")
    told = json.loads(text)["error"]
    assert (status, told["code"], told["found"]) == (501, "unimplemented", "Method not found!")
