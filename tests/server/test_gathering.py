"""What a batch waits for, by what was seen before."""

from __future__ import annotations

from gridgrad_server.gathering import Gathering

QUICK_S, SLOW_S = 0.0001, 0.1


def seen(
    entries: int, waiting: int, every_s: float, compute_s: float = QUICK_S, batches: int = 200
) -> tuple[Gathering, float]:
    """After batches of so many entries, while so many others waited; and what time it is then."""
    gathering, now = Gathering(), 1.0
    for _ in range(batches):
        now += every_s
        gathering.target(now)
        gathering.computed(entries, waiting, compute_s)
    return gathering, now


def test_a_single_caller_never_waits() -> None:
    gathering, now = seen(1, 0, 0.0004)
    assert gathering.target(now) <= 1


def test_a_few_callers_never_wait() -> None:
    gathering, now = seen(2, 2, 0.0004)
    assert gathering.target(now) <= 1


def test_many_callers_who_call_often_wait_for_some_of_them() -> None:
    gathering, now = seen(1, 15, 0.0004)
    assert 4 <= gathering.target(now) <= 12


def test_many_callers_who_call_rarely_do_not_wait() -> None:
    gathering, now = seen(12, 4, 0.2)
    assert gathering.target(now) <= 1


def test_nobody_waits_where_computing_is_slow() -> None:
    gathering, now = seen(1, 15, 0.0004, SLOW_S)
    assert gathering.target(now) <= 1


def test_company_is_forgotten() -> None:
    gathering, now = seen(1, 15, 0.0004)
    assert gathering.target(now) > 1
    assert gathering.target(now + 10) <= 1


def test_after_waits_in_vain_nobody_waits_for_longer_each_time() -> None:
    gathering, now = seen(1, 15, 0.0004)
    pauses = []
    for _ in range(2):
        gathering.missed(now)
        until = now
        while gathering.target(until) <= 1:
            until += 0.001
            gathering.computed(3, 15, QUICK_S)
        pauses.append(until - now)
        now = until
    assert 0 < pauses[0] < pauses[1]


def test_company_that_came_makes_pauses_short_again() -> None:
    gathering, now = seen(1, 15, 0.0004)
    for _ in range(5):
        gathering.missed(now)
    gathering.met()
    gathering.missed(now)
    later = now + 0.1
    for _ in range(30):
        gathering.computed(8, 15, QUICK_S)
    assert gathering.target(later) > 1
