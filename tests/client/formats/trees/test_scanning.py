"""Texts to tokens, by the words of a notation that is none of theirs."""

from __future__ import annotations

import pytest

from gridgrad.formats.trees.scanning import Words, lexemes, pattern_of
from gridgrad_core.lang.program.syntax_error import Mistake

WORDS = Words("Test", pattern_of(r"<=|[-+<]|(?i:or)\b", name=r"(?!(?i:or)\b)[A-Za-z]+"), frozenset({"f"}), {"~": "no"})


def tokens(text: str, words: Words = WORDS) -> list[tuple[str, str, int]]:
    return [(token.kind, token.text, token.start) for token in lexemes(text, 0, len(text), words)]


def test_tokens_and_their_places() -> None:
    assert tokens("f (a)<=.5e1") == [
        ("function", "f", 0),
        ("name", "a", 3),
        ("mark", ")", 4),
        ("operator", "<=", 5),
        ("number", ".5e1", 7),
        ("end", "", 11),
    ]


def test_case_and_spaces() -> None:
    blind = WORDS._replace(case_blind=True)
    assert tokens("F(a OR b", blind)[:3] == [("function", "f", 0), ("name", "a", 2), ("operator", "or", 4)]
    assert tokens("f (", WORDS._replace(spaces=False))[0] == ("name", "f", 0)


@pytest.mark.parametrize(
    ("text", "start", "remedy"),
    [
        ("a~b", 1, "no"),
        ("a - $", 4, "Test has no such sign"),
        ("F(x)", 0, "write f: Test tells case apart"),
        ("g(x)", 0, "write it out"),
        ("1.2.3", 0, "write all of it"),
        ("2e", 0, "write all of it"),
        ("1e999", 0, "change the units"),
    ],
)
def test_what_is_no_token_is_refused(text: str, start: int, remedy: str) -> None:
    with pytest.raises(Mistake) as caught:
        tokens(text)
    assert caught.value.start == start
    assert caught.value.remedy.startswith(remedy)
