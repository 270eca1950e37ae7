"""One caller is alone until another comes, and a minute after the last of the other's calls."""

from __future__ import annotations

from gridgrad_server.scheduling.recent_callers import RecentCallers


def test_one_is_alone_however_often_he_calls() -> None:
    callers = RecentCallers()
    for now in range(5):
        assert not callers.are_several(now)
        callers.came("a", now)
    assert not callers.are_several(5)


def test_two_are_several_for_a_minute_whoever_calls_more() -> None:
    callers = RecentCallers()
    callers.came("a", 0)
    callers.came("b", 10)
    assert callers.are_several(10)
    for now in range(11, 60):
        callers.came("a", now)
    assert callers.are_several(69)
    assert not callers.are_several(71), "b called at 10"
