"""Statements of notations with definitions."""

from __future__ import annotations

from gridgrad.formats.trees.formula import Lexeme
from gridgrad.formats.trees.notation import defined_name, statements


def lexemes(*texts: str) -> list[Lexeme]:
    kinds = {":=": "operator", ";": "operator"}
    found = [Lexeme(kinds.get(text, "name"), text, start) for start, text in enumerate(texts)]  # type: ignore[arg-type]
    return [*found, Lexeme("end", "", len(texts))]


def test_statements_end_at_semicolons() -> None:
    first, second = statements(lexemes(";", "a", ":=", "b", ";", ";", "c"))
    assert [token.text for token in first] == ["a", ":=", "b", ""]
    assert first[-1] == Lexeme("end", "", 4)
    assert [token.text for token in second] == ["c", ""]
    assert [*statements(lexemes())] == []


def test_the_name_that_a_statement_defines() -> None:
    assert defined_name(lexemes("a", ":=", "b")) == Lexeme("name", "a", 0)
    assert defined_name(lexemes("a", "b")) is None
    assert defined_name(lexemes("a")) is None
