"""Where a mistake is, in the lines and columns of who wrote the text."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import ExpressionError
from gridgrad_core.lang.program.syntax_error import Mistake


@pytest.mark.parametrize(
    ("text", "start", "place"),
    [
        ("x^2", 1, "line 1, column 2"),
        ("", 0, "line 1, column 1"),
        ("a = 1\nb^2", 7, "line 2, column 2"),
        ("a = 1\n\n^", 7, "line 3, column 1"),
        ("a = 1\n", 6, "line 2, column 1"),
    ],
)
def test_places_are_lines_and_columns_from_one(text: str, start: int, place: str) -> None:
    error = Mistake(start, "what is there", "what to write").error(text)
    assert isinstance(error, ExpressionError)
    assert str(error) == f"function.expression: {place}: what is there; what to write"
