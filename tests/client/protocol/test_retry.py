"""Back-off: when to try again, and when to try to open a session."""

from __future__ import annotations

import math
import random
import time
from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad.protocol import error_mapping as failures
from gridgrad.protocol.retry import Attempts, OpeningBackoff, timeout_of
from gridgrad_core import errors


def test_tries_to_open_come_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    backoff = OpeningBackoff(True)
    assert not backoff.may_try()
    backoff.succeeded()
    tries = []
    for _ in range(300):
        now[0] += 1
        if backoff.may_try():
            tries.append(now[0])
            backoff.failed()
    pauses = np.diff(tries)
    assert list(pauses[:5]) == [1, 2, 4, 8, 16]
    assert max(pauses) == 60


TRANSIENT = failures.Failure(errors.UnavailableError("", "gone"), None, transient=True)
BUSY = failures.Failure(errors.BusyError("", "full"), None, transient=True, pushback_s=0.25)


def test_attempts_wait_longer_each_time_and_end() -> None:
    random.seed(1)
    attempts = Attempts(5, None)
    waits = [attempts.wait_s(TRANSIENT) for _ in range(5)]
    assert waits == sorted(waits)
    assert sum(waits) == pytest.approx(3.1, rel=0.25)
    with pytest.raises(gridgrad.UnavailableError):
        attempts.wait_s(TRANSIENT)
    attempts.progressed()
    assert attempts.wait_s(TRANSIENT) < waits[1]


def test_attempts_wait_as_long_as_the_server_asks() -> None:
    waits = {Attempts(1, None).wait_s(BUSY) for _ in range(20)}
    assert all(0.25 <= wait < 0.32 for wait in waits)
    assert len(waits) > 1


def test_a_server_that_starts_is_waited_for_until_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    starting = failures.Failure(errors.StartingError("", "no worker is warm yet"), None, transient=True)
    attempts = Attempts(2, 20.0)
    for _ in range(70):
        now[0] += attempts.wait_s(starting)
    now[0] = 119.9
    with pytest.raises(gridgrad.UnavailableError, match="no worker is warm yet"):
        attempts.wait_s(starting)
    assert Attempts(1, None).wait_s(starting) < 1


def test_attempts_at_a_server_that_starts_leave_the_others() -> None:
    attempts = Attempts(1, None)
    for _ in range(5):
        attempts.wait_s(failures.Failure(errors.StartingError("", "no worker"), None, transient=True))
    assert attempts.wait_s(TRANSIENT) > 0


def test_a_single_attempt_is_a_single_attempt() -> None:
    with pytest.raises(errors.StartingError):
        Attempts(0, None).wait_s(failures.Failure(errors.StartingError("", "no worker"), None, transient=True))


def test_attempts_keep_to_the_timeout() -> None:
    with pytest.raises(gridgrad.BusyError):
        Attempts(5, 0.2).wait_s(BUSY)
    assert Attempts(5, None).left_s() is None
    assert Attempts(5, 0.0).left_s() == 0


def test_what_is_not_transient_is_raised_from_its_cause() -> None:
    cause = ValueError("the cause")
    with pytest.raises(gridgrad.CrashError) as caught:
        Attempts(5, None).wait_s(failures.Failure(errors.CrashError("", "died"), cause, transient=False))
    assert caught.value.__cause__ is cause


@pytest.mark.parametrize("timeout", [math.inf, 1e8, 1e12, 2**63 - 1, 10**400])
def test_years_are_no_limit(timeout: float) -> None:
    assert timeout_of(timeout, 60.0) is None


def test_a_timeout_is_the_callers_or_the_clients() -> None:
    assert timeout_of(None, 60.0) == 60
    assert timeout_of(None, None) is None
    assert timeout_of(5, 60.0) == 5


@pytest.mark.parametrize("timeout", [0, -1.0, math.nan, "5", -(10**400)])
def test_what_is_no_timeout_is_refused(timeout: Any) -> None:
    with pytest.raises(gridgrad.RequestError, match="give seconds, more than 0"):
        timeout_of(timeout, None)
