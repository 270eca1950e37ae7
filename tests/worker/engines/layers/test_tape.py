"""Tapes: their rows are used again, and operations have the numbers that C++ gives them."""

from __future__ import annotations

import pytest

from gridgrad_worker.engines.layers.tape import CPP, Instruction, assembled, operations


def test_operations_are_numbered_as_in_the_header() -> None:
    text = (CPP / "instructions.h").read_text()
    assert operations()["NEG"] == 0
    assert operations()["SUM"] == len(operations()) - 1
    assert all(f"({name}," in text or f"    {name},\n" in text for name in operations())


def test_rows_are_used_again_once_nothing_needs_them() -> None:
    chain = [Instruction(operations()["NEG"], [n + 1], [[n]]) for n in range(10)]
    tape = assembled(chain, [], [10], 1)
    assert tape.rows == 2
    assert tape.instructions.shape == (10, 8)


def test_what_is_a_result_is_kept() -> None:
    chain = [Instruction(operations()["NEG"], [n + 1], [[n]]) for n in range(4)]
    tape = assembled(chain, [7.0], [0, 2, 4, ~0], 1)
    kept = tape.results.tolist()
    assert kept[3] == ~0
    assert len(set(kept)) == 4


def test_sums_and_products_say_how_deep_they_are() -> None:
    tape = assembled([Instruction(operations()["PRODUCT"], [2, 3], [[0, 1]], 2, 5)], [0.0] * 11, [2, 3], 2)
    operation, count, _, _, _, _, depth, weights = tape.instructions[0]
    assert (operation, count, depth, weights) == (operations()["PRODUCT"], 2, 2, 5)
    assert tape.deepest == 2


@pytest.mark.parametrize("dead", [True, False])
def test_what_nothing_needs_is_no_leak(dead: bool) -> None:
    steps = [Instruction(operations()["NEG"], [n + 1], [[0]]) for n in range(5)]
    tape = assembled(steps, [], [] if dead else [5], 1)
    assert tape.rows <= 3
