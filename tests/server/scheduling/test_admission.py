from __future__ import annotations

import asyncio
import itertools

import pytest

from gridgrad_core.errors import BusyError, TooLargeError
from gridgrad_server.access.quotas import Quotas
from gridgrad_server.config.quota_limits import limits_of
from gridgrad_server.scheduling.admission import Admission, Permit


def fill(admission: Admission, caller: str) -> list[Permit]:
    """Takes permits for a caller until it is refused."""
    permits = []
    for _ in itertools.count():
        try:
            permits.append(admission.take(1, caller))
        except BusyError:
            return permits
    raise AssertionError("it was never refused")


def test_exactly_the_surplus_is_refused() -> None:
    admission = Admission(most_requests=3, most_bytes=1000)
    permits = [admission.take(10, caller) for caller in "abc"]
    with pytest.raises(BusyError, match="holds 3 requests, its limit; retry later, or raise --queue-entries"):
        admission.take(10, "d")
    permits[0].give_back()
    admission.take(10, "d")


def test_one_caller_gets_half_two_a_third_each_and_a_newcomer_a_place() -> None:
    admission = Admission(most_requests=90, most_bytes=1000)
    alone = fill(admission, "a")
    assert len(alone) == 45
    with pytest.raises(BusyError, match="holds 45 requests of yours, and what is left, 45, is for others"):
        admission.take(1, "a")
    for permit in alone:
        permit.give_back()
    for _ in range(30):
        admission.take(1, "a")
        admission.take(1, "b")
    for caller in "ab":
        with pytest.raises(BusyError):
            admission.take(1, caller)
    assert len(fill(admission, "c")) == 15


def test_bytes_are_counted_with_those_of_the_result() -> None:
    admission = Admission(most_requests=9, most_bytes=100)
    permit = admission.take(40, "a")
    permit.grow(40)
    with pytest.raises(BusyError, match="holds 80 bytes"):
        admission.take(30, "b")
    with pytest.raises(BusyError):
        permit.grow(30)
    permit.give_back()
    permit.give_back()
    assert (admission.requests, admission.held_bytes) == (0, 0)


def test_nobody_takes_more_bytes_than_are_left_for_others_unless_by_his_only_request() -> None:
    admission = Admission(most_requests=9, most_bytes=100)
    only = admission.take(90, "a")
    with pytest.raises(BusyError):
        admission.take(1, "a")
    only.give_back()
    admission.take(30, "a")
    admission.take(20, "a").give_back()
    with pytest.raises(BusyError):
        admission.take(21, "a")
    growing = admission.take(1, "a")
    with pytest.raises(BusyError):
        growing.grow(20)
    admission.take(60, "b")


def test_what_can_never_fit_is_too_large() -> None:
    with pytest.raises(TooLargeError):
        Admission(most_requests=1, most_bytes=100).take(101, "a")


async def test_a_stream_waits_and_leaves_room_for_others() -> None:
    admission = Admission(most_requests=8, most_bytes=1000)
    permits = [admission.take(1, caller) for caller in "aabbcc"]
    waiting = asyncio.ensure_future(admission.room(1, "a"))
    await asyncio.sleep(0)
    assert not waiting.done()
    admission.take(1, "d")  # a unary call still gets the seventh
    permits[2].give_back()
    await asyncio.sleep(0)
    assert not waiting.done()
    permits[4].give_back()
    permits[0].give_back()
    await waiting


async def test_a_stream_of_a_caller_who_holds_nothing_overtakes_those_who_have_their_share() -> None:
    admission = Admission(most_requests=8, most_bytes=1000)
    permits = fill(admission, "a")
    greedy = asyncio.ensure_future(admission.room(1, "a"))
    await asyncio.sleep(0)
    await admission.room(1, "b")
    assert not greedy.done()
    permits[0].give_back()
    await greedy


async def test_a_cancelled_stream_passes_its_turn_on() -> None:
    admission = Admission(most_requests=1, most_bytes=1000)
    permit = admission.take(1, "a")
    first, second = (asyncio.ensure_future(admission.room(1, caller)) for caller in "bc")
    await asyncio.sleep(0)
    permit.give_back()
    first.cancel()
    await second


async def test_a_stream_that_is_cancelled_while_it_waits_is_not_woken() -> None:
    admission = Admission(most_requests=1, most_bytes=1000)
    permit = admission.take(1, "a")
    first, second = (asyncio.ensure_future(admission.room(1, caller)) for caller in "bc")
    await asyncio.sleep(0)
    first.cancel()
    permit.give_back()
    await second


async def test_a_stream_alone_may_hold_more_than_its_share() -> None:
    await Admission(most_requests=1, most_bytes=100).room(90, "a")


def test_clients_of_one_principal_have_the_places_of_one_caller() -> None:
    admission = Admission(most_requests=90, most_bytes=1000)
    assert len(fill(admission, "@alice 1")) == 45
    assert fill(admission, "@alice 2") == []
    assert fill(admission, "ipv4:10.0.0.1 1")


async def test_quotas_bound_what_is_held_and_streams_wait() -> None:
    quotas = Quotas(limits_of(["requests=2", "bytes=100"]))
    admission = Admission(most_requests=90, most_bytes=1000, quotas=quotas)
    first, second = admission.take(10, "@alice 1"), admission.take(10, "@alice 2")
    with pytest.raises(BusyError, match="alice has 2 requests under way"):
        admission.take(10, "@alice 3")
    with pytest.raises(BusyError, match="alice has 110 bytes under way"):
        first.grow(90)
    waiting = asyncio.ensure_future(admission.room(10, "@alice 3"))
    await asyncio.sleep(0)
    assert not waiting.done()
    admission.take(10, "@bob 1").give_back()
    assert not waiting.done()
    second.give_back()
    await asyncio.wait_for(waiting, 5)
    first.grow(500)
    first.give_back()
    account = quotas.account("@alice 1")
    assert (account.requests, account.held_bytes) == (0, 0)
