from __future__ import annotations

import asyncio

import pytest

from gridgrad_core.errors import BusyError, TooLargeError
from gridgrad_server.scheduling.admission import Admission


def test_exactly_the_surplus_is_refused() -> None:
    admission = Admission(most_requests=3, most_bytes=1000)
    permits = [admission.take(10) for _ in range(3)]
    with pytest.raises(BusyError, match="holds 3 requests"):
        admission.take(10)
    permits[0].give_back()
    admission.take(10)


def test_bytes_are_counted_with_those_of_the_result() -> None:
    admission = Admission(most_requests=9, most_bytes=100)
    permit = admission.take(40)
    permit.grow(40)
    with pytest.raises(BusyError, match="holds 80 bytes"):
        admission.take(30)
    with pytest.raises(BusyError):
        permit.grow(30)
    permit.give_back()
    permit.give_back()
    assert (admission.requests, admission.held_bytes) == (0, 0)


def test_what_can_never_fit_is_too_large() -> None:
    with pytest.raises(TooLargeError):
        Admission(most_requests=1, most_bytes=100).take(101)


async def test_a_stream_waits_and_leaves_room_for_others() -> None:
    admission = Admission(most_requests=4, most_bytes=1000)
    permits = [admission.take(1) for _ in range(3)]
    waiting = asyncio.ensure_future(admission.room(1))
    await asyncio.sleep(0)
    assert not waiting.done()
    admission.take(1)  # a unary call still gets the fourth
    permits[0].give_back()
    await asyncio.sleep(0)
    assert not waiting.done()
    permits[1].give_back()
    await waiting


async def test_a_cancelled_stream_passes_its_turn_on() -> None:
    admission = Admission(most_requests=1, most_bytes=1000)
    permit = admission.take(1)
    first, second = (asyncio.ensure_future(admission.room(1)) for _ in range(2))
    await asyncio.sleep(0)
    permit.give_back()
    first.cancel()
    await second


async def test_a_stream_alone_may_hold_more_than_its_share() -> None:
    await Admission(most_requests=1, most_bytes=100).room(90)
