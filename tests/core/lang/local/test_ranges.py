from __future__ import annotations

import math

import pytest

from gridgrad_core.lang.local.ranges import ANYWHERE, Ranges
from gridgrad_core.lang.parser.parser import parse

KNOWN = {"i": (1.0, 80.0), "j": (-3.0, 2.5)}


@pytest.mark.parametrize(
    ("text", "least", "largest"),
    [
        ("i", 1, 80),
        ("i - 1", 0, 79),
        ("-i + j", -83, 1.5),
        ("where(x > 0, i, j)", -3, 80),
        ("floor(j)", -3, 2),
        ("min(i, x)", -math.inf, 80),
        ("max(min(i, 7), j)", 1, 7),
        ("x", *ANYWHERE),
        ("i*j", *ANYWHERE),
        ("nan", *ANYWHERE),
        ("floor(x)", *ANYWHERE),
        ("x - x", *ANYWHERE),
    ],
)
def test_a_number_lies_in_its_range(text: str, least: float, largest: float) -> None:
    program = parse(text)
    assert Ranges(program.nodes, KNOWN).of(program.outputs[0]) == (least, largest)


def test_long_sums_are_no_deep_calls() -> None:
    program = parse("+".join(["i"] * 5000))
    assert Ranges(program.nodes, KNOWN).of(program.outputs[0]) == (5000, 400_000)
