"""Texts that need the library of special functions are known."""

from __future__ import annotations

import pytest

from gridgrad_core.lang.functions.table import FUNCTIONS
from gridgrad_core.lang.library.library_table import LIBRARY, needs_library
from gridgrad_core.lang.parser.parser import parse


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("sin(x) + erf(x)*exprel(x)", False),
        ("1 + j0(x)", True),
        ("2*jn(2, x)", True),
        ("solve(kv(0.5, y) - x, y, 1)", True),
        ("sum(x**i*gammainc(i, x), i, 1, 9)", True),
        ("integrate(voigt_profile(y, x, 1), y, 0, 1, 4)", True),
        ("gammainc_of_mine + sin(x)", False),
    ],
)
def test_it_is_known_whether_a_text_needs_it(text: str, needs: bool) -> None:
    assert needs_library(str(parse(text))) is needs


def test_it_has_functions_of_the_language() -> None:
    assert set(LIBRARY) <= FUNCTIONS.keys()
