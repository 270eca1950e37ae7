"""Quotas: what is refused, with which words and time, and what is remembered of whom."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from gridgrad_core.errors import BusyError
from gridgrad_server.access.quotas import Quotas, owner_of, share_of
from gridgrad_server.config.quota_limits import limits_of

HOST, ALICE = "ipv4:10.0.0.1 37", "@alice 5"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Says what time.monotonic returns."""
    monkeypatch.setattr("time.monotonic", lambda: 1000.0)
    return lambda now: monkeypatch.setattr("time.monotonic", lambda: now)


def quotas(*words: str, **own: str) -> Quotas:
    made = Quotas(limits_of(words))
    made.replace({name: text.split() for name, text in own.items()})
    return made


def test_a_host_has_an_account_and_its_clients_turns_a_principal_both_at_once() -> None:
    assert (owner_of(HOST), share_of(HOST)) == ("ipv4:10.0.0.1", HOST)
    assert (owner_of(ALICE), share_of(ALICE)) == ("@alice", "@alice")
    assert owner_of("@alice") == share_of("@alice") == "@alice"


def test_requests_under_way_are_bounded_for_all_clients_of_a_host_together() -> None:
    some = quotas("requests=2")
    for client in ("ipv4:10.0.0.1 1", "ipv4:10.0.0.1 2"):
        some.account(client).check_room(1, 10)
        some.account(client).hold(1, 10)
    with pytest.raises(BusyError, match=r"2 requests under way; its limit is requests=2; retry in 0\.1 s") as refused:
        some.account("ipv4:10.0.0.1 3").check_room(1, 10)
    assert refused.value.pushback_s == 0.1
    assert str(refused.value).startswith("your host")
    some.account("ipv4:10.0.0.2 1").check_room(1, 10)
    some.account("ipv4:10.0.0.1 1").hold(-1, -10)
    assert some.account("ipv4:10.0.0.1 3").has_room(1, 10)


def test_bytes_are_bounded_but_those_of_an_only_request() -> None:
    some = quotas("bytes=100")
    some.account(ALICE).check_room(1, 1000)
    some.account(ALICE).hold(1, 60)
    some.account(ALICE).check_room(0, 1000)
    some.account(ALICE).check_room(1, 40)
    with pytest.raises(BusyError, match="alice has 101 bytes under way; its limit is bytes=100"):
        some.account(ALICE).check_room(1, 41)


def test_a_rate_of_cost_goes_into_debt_and_says_for_how_long(clock: Callable[[float], None]) -> None:
    some = quotas("cost-rate=1000")
    some.account(ALICE).spend(900)
    some.account(ALICE).spend(3100)
    with pytest.raises(BusyError, match="its limit is cost-rate=1000; retry in 3 s") as refused:
        some.account(ALICE).spend(1)
    assert refused.value.pushback_s == pytest.approx(3.0)
    assert some.account(ALICE).debt_s() == pytest.approx(3.0)
    some.account(HOST).spend(1)
    clock(1002.0)
    assert some.account(ALICE).debt_s() == pytest.approx(1.0)
    clock(1003.1)
    some.account(ALICE).spend(1)
    clock(2000.0)
    some.account(ALICE).spend(1000)
    assert some.account(ALICE).debt_s() == 0.0, "what was not used is kept for a second"
    some.account(ALICE).spend(1)
    assert some.account(ALICE).debt_s() > 0.0


def test_sessions_and_preparations() -> None:
    some = quotas("sessions=2", "preparations=1")
    some.account(ALICE).check_sessions(1)
    with pytest.raises(BusyError, match="alice has 2 sessions open; its limit is sessions=2"):
        some.account(ALICE).check_sessions(2)
    done = some.account(ALICE).prepare()
    with pytest.raises(BusyError, match="1 calls of Prepare under way; its limit is preparations=1"):
        some.account(ALICE).prepare()
    done()
    some.account(ALICE).prepare()


def test_principals_have_limits_of_their_own_which_may_change(clock: Callable[[float], None]) -> None:
    del clock
    some = quotas("requests=2", "weight=0.5", alice="requests=3 cost-rate=10")
    assert (some.account(ALICE).limits.requests, some.account(HOST).limits.requests) == (3, 2)
    assert (some.weight_of("@alice"), some.weight_of("@bob"), some.weight_of(HOST)) == (0.5, 0.5, 0.5)
    some.account(ALICE).spend(10_000)
    some.replace({"alice": ["weight=4", "cost-rate=100"]})
    assert some.weight_of("@alice") == 4
    assert some.account(ALICE).limits.requests == 2
    assert some.account(ALICE).debt_s() == pytest.approx(1.0)


def test_of_hosts_that_are_gone_nothing_is_kept() -> None:
    some = quotas("requests=2")
    for number in range(20_000):
        caller = f"ipv4:10.{number} 1"
        some.account(caller).hold(1, 100)
        some.account(caller).hold(-1, -100)
    assert len(some) <= 1024
    for number in range(3000):
        some.account(f"ipv4:11.{number} 1").hold(1, 100)
    assert len(some) >= 3000, "what is under way is counted"


def test_a_principal_takes_less_than_2_kib() -> None:
    names = [f"principal-{number}" for number in range(1000)]
    tracemalloc.start()
    some = Quotas(limits_of(["requests=2"]))
    some.replace(dict.fromkeys(names, ("weight=0.5", "cost-rate=1e9")))
    for name in names:
        some.account(f"@{name} 1").spend(100)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken / len(names) < 2048


def test_without_limits_and_credentials_nothing_is_counted() -> None:
    assert not Quotas(is_on=False)
    assert Quotas()
