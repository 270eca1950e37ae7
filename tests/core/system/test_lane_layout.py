"""The layout of a lane: nothing lies where something else does, and which processors keep the order of stores."""

from __future__ import annotations

import platform
import sys

import pytest

from gridgrad_core.system import lane_layout as layout


def test_what_one_side_writes_lies_apart_from_all_else() -> None:
    of_slots = [(layout.REQUESTS, 4), (layout.ANSWERS, 4), (layout.OUTCOMES, 4), (layout.SECONDS, 8)]
    places = [range(start, start + 4) for start in (layout.IS_ASLEEP, layout.MAY_SPIN, layout.IS_WAITING)]
    places += [range(start, start + size * layout.MOST_SLOTS) for start, size in of_slots]
    assert len({byte for place in places for byte in place}) == sum(map(len, places))
    assert max(place.stop for place in places) <= layout.CONTROL_BYTES
    assert all(start % size == 0 for start, size in of_slots)


@pytest.mark.parametrize(
    ("system", "machine", "keeps"),
    [("linux", "x86_64", True), ("linux", "aarch64", False), ("darwin", "x86_64", False)],
)
def test_lanes_are_for_processors_that_keep_the_order_of_stores(
    system: str, machine: str, keeps: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert layout.keeps_order() is keeps
