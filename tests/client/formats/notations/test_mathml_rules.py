"""What MathML's functions come to: `test_recorded` has their numbers."""

from __future__ import annotations

import pytest

from gridgrad.formats import read


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("<apply><and/></apply>", "1"),
        ("<apply><plus/></apply>", "0"),
        ("<apply><minus/><ci>x</ci></apply>", "-x"),
        ("<apply><root/><ci>x</ci></apply>", "sqrt(x)"),
        ("<apply><xor/><ci>x</ci><true/></apply>", "where(logical_xor(abs(x) > 0, abs(1) > 0), 1, 0)"),
    ],
)
def test_functions_are_formulas_of_the_language(text: str, ours: str) -> None:
    assert str(read(text, "mathml")) == ours
