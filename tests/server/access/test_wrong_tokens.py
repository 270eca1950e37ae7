from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from gridgrad_server.access import wrong_tokens
from gridgrad_server.access.wrong_tokens import LONGEST_WAIT_S, MOST_SOURCES, WrongTokens, source_of


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Says what time.monotonic returns there."""
    monkeypatch.setattr("time.monotonic", lambda: 1000.0)
    return lambda now: monkeypatch.setattr("time.monotonic", lambda: now)


def test_twenty_a_second_are_answered_at_once_and_more_at_that_rate(clock: Callable[[float], None]) -> None:
    wrong = WrongTokens()
    waits = [wrong.wait_s("10.0.0.1") for _ in range(60)]
    assert waits[:20] == [0.0] * 20
    assert waits[20:] == pytest.approx([0.05 * n for n in range(1, 41)], abs=1e-9)
    assert wrong.wait_s("10.0.0.2") == 0.0
    clock(1000.5)
    assert wrong.wait_s("10.0.0.1") == pytest.approx(1.55)
    clock(1010.0)
    assert wrong.wait_s("10.0.0.1") == 0.0


def test_a_wait_is_bounded(clock: Callable[[float], None]) -> None:
    del clock
    wrong = WrongTokens()
    assert max(wrong.wait_s("10.0.0.1") for _ in range(1000)) == pytest.approx(LONGEST_WAIT_S)


def test_sources_are_bounded_and_those_that_are_even_forgotten(clock: Callable[[float], None]) -> None:
    wrong = WrongTokens()
    for number in range(MOST_SOURCES + 10):
        wrong.wait_s(str(number))
    assert len(wrong) == MOST_SOURCES
    clock(1001.0)
    wrong.wait_s("new")
    assert len(wrong) == 1


async def test_no_more_than_some_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wrong_tokens, "MOST_WAITING", 2)
    wrong = WrongTokens()
    for _ in range(200):
        wrong.wait_s("10.0.0.1")
    waiting = [asyncio.ensure_future(wrong.wait("10.0.0.1")) for _ in range(2)]
    await asyncio.sleep(0)
    await asyncio.wait_for(wrong.wait("10.0.0.1"), 1.0)
    await asyncio.wait_for(asyncio.to_thread(wrong.wait_in_thread, "10.0.0.1"), 1.0)
    assert not any(each.done() for each in waiting)
    for each in waiting:
        each.cancel()
    await asyncio.wait(waiting)


@pytest.mark.parametrize(
    ("peer", "source"),
    [
        ("ipv4:10.0.0.1:4711", "10.0.0.1"),
        ("ipv6:%5B::1%5D:4711", "::/64"),
        ("ipv6:[2001:db8:1:2:3:4:5:6]:4711", "2001:db8:1:2::/64"),
        ("ipv6:%5B2001:db8:1:2:ffff::1%5D:1", "2001:db8:1:2::/64"),
        ("ipv6:%5Bfe80::1%25eth0%5D:1", "fe80::/64"),
        ("ipv6:[::ffff:10.0.0.1]:1", "10.0.0.1"),
        ("unix:", "unix"),
        ("unix:/run/socket", "unix"),
    ],
)
def test_the_source_of_a_peer(peer: str, source: str) -> None:
    assert source_of(peer) == source
