"""Choices of 0 where a factor is 0 are seen through, and others are not."""

from __future__ import annotations

import pytest

from gridgrad_core.lang.algebra.vanishing import VanishingChoices
from gridgrad_core.lang.parser.parser import parse


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("where(x == 0, 0, x*y)", True),
        ("where(x == 0, 0, x*y - x/y)", True),
        ("where(x == 0, 0, where(x == 0, 0, -x*y))", True),
        ("where(x == 0, 0, x*y + y)", False),
        ("where(x == 0, 0, y/x)", False),
        ("where(x == 0, 1, x*y)", False),
        ("where(x == 1, 0, x*y)", False),
        ("where(x < 0, 0, x*y)", False),
        ("x*y", False),
    ],
)
def test_the_other_side_must_have_the_factor(text: str, seen: bool) -> None:
    program = parse(text)
    assert (VanishingChoices(program.nodes).chosen(program.outputs[0]) is not None) == seen
