"""The suite against a way that lies: it finds faults, leaves out what does not apply, and comes to its end."""

from __future__ import annotations

import pytest

from gridgrad.conformity.call_outcome import CallOutcome
from gridgrad.conformity.case import all_cases
from gridgrad.conformity.server import check
from gridgrad.conformity.suite import check_all
from gridgrad.protocol.options import ConnectionSettings, settings_of
from gridgrad_core.errors import RequestError, UnavailableError
from gridgrad_core.v1 import gridgrad_pb2 as pb

INFO = pb.GetServerInfoResponse(features=["tables"], limits=pb.Limits(unary_result_bytes=1 << 21))


class Liar:
    """Answers whatever it is asked in the same way."""

    name = "liar"

    def __init__(self, outcome: CallOutcome) -> None:
        self._outcome = outcome

    def ask(self, raw: bytes) -> CallOutcome:
        del raw
        return self._outcome

    def call(self, method: str, raw: bytes) -> bytes | CallOutcome:
        del method, raw
        return self._outcome if self._outcome.status else b""


def test_one_who_answers_everything_fails_all_but_what_asks_nothing() -> None:
    number = CallOutcome(pb.ResultHeader(components=["f"], dtype=pb.DTYPE_FLOAT64), bytes(8))
    checked = check_all([Liar(number)], INFO)
    right = [each.name for each in checked if not each.fault and not each.skipped]
    assert right == ["methods/ListFunctions"]


def test_one_who_refuses_everything_fails_all() -> None:
    checked = list(check_all([Liar(CallOutcome(status=13, message="no"))], INFO))
    assert not [each.name for each in checked if not each.fault and not each.skipped]
    skipped = {each.name.partition("/")[0] for each in checked if each.skipped}
    assert skipped == {"reductions", "methods"}  # and of these what needs the feature bound
    assert {each.name for each in checked} < {case.name for case in all_cases()}


def settings(address: str) -> ConnectionSettings:
    named = {"credentials": None, "metadata": None, "retries": 0, "proxy": False, "sessions": False, "options": ()}
    return settings_of(address, timeout=5.0, **named)  # type: ignore[arg-type] # one of each type


def test_one_server_is_checked_at_a_time_and_must_be_there() -> None:
    with pytest.raises(RequestError, match="several"):
        check(settings("a:1,b:2"))
    with pytest.raises(RequestError, match="--http"):
        check(settings("127.0.0.1:1"), "localhost:1")
    with pytest.raises(UnavailableError, match="GetServerInfo"):
        check(settings("127.0.0.1:1"))
