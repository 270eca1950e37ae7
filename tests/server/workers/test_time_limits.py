"""A worker is late only after its time, and is told what it was late with."""

from __future__ import annotations

import pytest

from gridgrad_server.workers.time_limits import (
    PONG_WITHIN_S,
    START_WITHIN_S,
    late_batch,
    late_introspection,
    late_pong,
    late_start,
)


@pytest.mark.parametrize(
    ("in_time", "late", "said"),
    [
        (late_start(START_WITHIN_S), late_start(START_WITHIN_S + 1), "not ready within 600 s"),
        (late_pong(PONG_WITHIN_S), late_pong(PONG_WITHIN_S + 1), "a ping within 10 s"),
        (late_batch(2.0, 2.0), late_batch(2.1, 2.0), "a batch took longer than --piece-timeout, 2 s"),
        (late_introspection(2.0, 2.0), late_introspection(2.1, 2.0), "call took longer than --piece-timeout, 2 s"),
    ],
)
def test_each_limit_is_named_when_it_is_passed(in_time: str, late: str, said: str) -> None:
    assert in_time == ""
    assert said in late
