"""Tokens: numbers and names as Python writes them, and where each stands."""

from __future__ import annotations

import ast
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgrad_core.lang.parser.tokenizer import Token, tokenize
from gridgrad_core.lang.program.names import KEYWORDS
from gridgrad_core.lang.program.syntax_error import Mistake


def tokens(text: str) -> list[Token]:
    return [token for token in tokenize(text) if token.kind != "space"]


def test_tokens_know_where_they_start() -> None:
    assert tokens("a = 2;  # a comment, 2 × π\n\n(a**b_1)") == [
        ("name", "a", 0),
        ("operator", "=", 2),
        ("number", "2", 4),
        ("newline", ";  ", 5),
        ("newline", "\n\n", 26),
        ("operator", "(", 28),
        ("name", "a", 29),
        ("operator", "**", 30),
        ("name", "b_1", 32),
        ("operator", ")", 35),
        ("end", "", 36),
    ]


def test_a_line_break_in_parentheses_is_a_space() -> None:
    assert [token.text for token in tokens("(x\n\n+ y)\nz")] == ["(", "x", "+", "y", ")", "\n", "z", ""]


@pytest.mark.parametrize(
    "text", ["1", "1.", ".5", "1e-3", "1E5", "1_000", "1_0.0_1e1_0", "00", "0.5", "01.5", "5e-324"]
)
def test_numbers_are_those_of_python(text: str) -> None:
    (token, _) = tokens(text)
    assert (token.kind, float(token.text)) == ("number", float(ast.literal_eval(text)))


@given(st.text("0123456789._eExjJ+-", min_size=1, max_size=7).map("1".__add__))
def test_whatever_starts_like_a_number_is_read_as_python_reads_it(text: str) -> None:
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        value = None
    number = [value] if isinstance(value, float) or (isinstance(value, int) and "x" not in text) else []
    try:
        found = tokens(text)
    except Mistake:
        found = []
    if len(found) == 2:
        assert [float(found[0].text)] == number
    elif number:
        assert math.isinf(number[0])


@pytest.mark.parametrize("name", ["x", "_", "x1", "lambda", "in", "is", "gamma", "e", "pi", "None", "a" * 64])
def test_words_that_are_free_are_names(name: str) -> None:
    assert tokens(name)[0] == ("name", name, 0)


@pytest.mark.parametrize("word", sorted(KEYWORDS))
def test_words_that_are_operators(word: str) -> None:
    assert tokens(word)[0] == ("operator", word, 0)


@pytest.mark.parametrize(
    ("text", "start", "found"),
    [
        ("x + \u03c0", 4, "'\u03c0' (U+03C0) is not in the language"),
        ("  \u00d7", 2, "'\u00d7' (U+00D7) is not in the language"),
        ("x" * 65, 0, "a name of more than 64 characters"),
        ("(a; b)", 2, "';' inside parentheses"),
        ("2x", 0, "2x is a product without its sign"),
    ],
)
def test_what_is_no_token_is_a_mistake_at_its_place(text: str, start: int, found: str) -> None:
    with pytest.raises(Mistake) as caught:
        tokens(text)
    assert (caught.value.start, caught.value.found) == (start, found)
