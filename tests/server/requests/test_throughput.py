"""How large pieces become by the time that earlier ones took."""

from __future__ import annotations

import pytest

from gridgrad_server.requests.throughput import PIECE_S, Pace

COST = 1 << 19


def test_nothing_is_known_before_a_piece_was_computed() -> None:
    assert Pace().cost() == 0


def test_a_piece_takes_as_long_as_it_may() -> None:
    pace = Pace()
    pace.note("compiled", COST, PIECE_S / 4)
    assert pace.cost() == pytest.approx(4 * COST, rel=1e-6)


def test_what_was_held_up_counts_little_and_what_stays_slow_counts() -> None:
    pace = Pace()
    pace.note("compiled", COST, PIECE_S / 4)
    pace.note("compiled", COST, 3 * PIECE_S)
    assert pace.cost() > 3 * COST
    for _ in range(100):
        pace.note("compiled", COST, PIECE_S / 2)
    assert pace.cost() == pytest.approx(2 * COST, rel=1e-6)


def test_small_pieces_tell_nothing() -> None:
    pace = Pace()
    pace.note("compiled", 1000, 1e-6)
    assert pace.cost() == 0


def test_what_is_known_of_one_tier_says_nothing_of_another() -> None:
    pace = Pace()
    pace.note("compiled", COST, PIECE_S / 4)
    assert pace.cost("compiled") == pace.cost()
    assert pace.cost("direct") == 0
    pace.note("direct", COST, PIECE_S)
    assert pace.cost() == pace.cost("direct") == pytest.approx(COST, rel=1e-6)
