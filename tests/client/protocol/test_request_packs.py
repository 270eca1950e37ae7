"""Packs: what travels together, and when a pack is full."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridgrad.protocol.request_packs import LARGE_BYTES, PACK_BYTES, RequestInFlight, RequestPacks
from gridgrad.requests.prepare import prepare
from gridgrad.requests.request import Request

T = np.arange(3.0)


def in_flight(number: int, text: str = "t*2", t: Any = T, nbytes: int = 48) -> RequestInFlight:
    return RequestInFlight(prepare(Request(text, {"t": t})), number, nbytes)


def numbers(packs: RequestPacks) -> list[list[int]]:
    return [[request.number for request in pack] for pack in packs.take_all()]


def test_what_differs_in_numbers_alone_travels_together() -> None:
    packs = RequestPacks(limit=100)
    texts = ["t*2", "t*3", "t*2", "t*3", "t*2"]
    for number, text in enumerate(texts):
        packs.join(in_flight(number, text, number * T))
    assert not packs.has_full
    assert numbers(packs) == [[0, 2, 4], [1, 3]]
    assert numbers(packs) == []


def test_a_quarter_of_the_window_is_a_full_pack() -> None:
    packs = RequestPacks(limit=10)
    for number in range(4):
        assert packs.has_full == (number > 2)
        packs.join(in_flight(number))
    assert numbers(packs) == [[0, 1, 2], [3]]


def test_a_pack_that_has_no_room_for_one_more_is_full() -> None:
    packs, size = RequestPacks(limit=1000), LARGE_BYTES
    for number in range(PACK_BYTES // size):
        assert not packs.has_full
        packs.join(in_flight(number, nbytes=size))
    assert packs.has_full
    assert numbers(packs) == [list(range(PACK_BYTES // size))]


def test_what_is_large_travels_by_itself_by_its_result_or_its_inputs() -> None:
    packs = RequestPacks(limit=1000)
    packs.join(in_flight(0, nbytes=LARGE_BYTES + 1))
    packs.join(in_flight(1))
    packs.join(in_flight(2, t=np.zeros(LARGE_BYTES // 8 + 1)))
    assert numbers(packs) == [[0], [2], [1]]
