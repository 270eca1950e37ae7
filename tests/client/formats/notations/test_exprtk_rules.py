"""What ExprTk's functions come to, beside its own numbers: `test_recorded` has the rest."""

from __future__ import annotations

import pytest

from gridgrad.formats import read


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("clamp(0, x, 1)", "where(x < 0, 0, where(x > 1, 1, x))"),
        ("avg(x, y, z)", "(x + y + z)/3"),
        ("mul(x, y, z)", "x*y*z"),
        ("mor(x, y)", "where(x != 0 or y != 0, 1, 0)"),
        ("root(x, 2)", "x**(1/2)"),
        ("inrange(0, x, 1) and y", "where(not (x < 0 or x > 1) and y != 0, 1, 0)"),
        ("not(x > 1)", "where(not x > 1, 1, 0)"),
    ],
)
def test_functions_are_formulas_of_the_language(text: str, ours: str) -> None:
    assert str(read(text, "exprtk")) == ours
