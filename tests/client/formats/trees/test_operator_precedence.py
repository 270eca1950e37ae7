"""The parser of all notations, by a table that is none of theirs."""

from __future__ import annotations

import pytest

from gridgrad.formats.trees.formula import Dialect, Formula, Infix, Lexeme
from gridgrad.formats.trees.operator_precedence import parsed_formula
from gridgrad_core.lang.program.syntax_error import Mistake

DIALECT = Dialect(
    name="Test",
    infix={"-": Infix(1, "minus"), "*": Infix(2, "times"), "^": Infix(4, "power", from_right=True)},
    prefix={"-": (3, "neg"), "!": (5, "not")},
    missing={"*": "no stars"},
)


def tokens(text: str) -> list[Lexeme]:
    """Each letter a name, capitals functions whose parenthesis follows."""
    found = [(at, letter) for at, letter in enumerate(text) if not (letter == "(" and text[at - 1 : at].isupper())]
    kinds = [Lexeme("function" if c.isupper() else "name" if c.isalpha() else "mark", c, at) for at, c in found]
    made = [token._replace(kind="operator") if token.text in "-*^!" else token for token in kinds]
    return [*made, Lexeme("end", "", len(text))]


def shown(formula: Formula) -> str:
    return f"{formula.text}[{','.join(map(shown, formula.arguments))}]" if formula.arguments else formula.text


def tree(text: str) -> str:
    return shown(parsed_formula(tokens(text), DIALECT, lambda token: Formula("name", token.text, token.start)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a-b-c", "minus[minus[a,b],c]"),
        ("a^b^c", "power[a,power[b,c]]"),
        ("-a^b", "neg[power[a,b]]"),
        ("!a^b", "power[not[a],b]"),
        ("-a*b", "times[neg[a],b]"),
        ("a^-b^c*d", "times[power[a,neg[power[b,c]]],d]"),
        ("a-(b-c)", "minus[a,minus[b,c]]"),
        ("F(a,b-c)*G(d)", "times[F[a,minus[b,c]],G[d]]"),
        ("--a", "neg[neg[a]]"),
    ],
)
def test_operators_bind_by_the_table(text: str, expected: str) -> None:
    assert tree(text) == expected


@pytest.mark.parametrize(
    ("text", "start", "remedy"),
    [
        ("a b".replace(" ", ""), 1, "write an operator"),
        ("a-", 2, "write a number"),
        ("a**b", 2, "no stars"),
        ("(a", 0, "write the )"),
        ("a)", 1, "write the ( before it"),
        ("(a,b)", 2, "arguments stand in a call"),
        ("F()", 2, "write a number"),
        ("F(a", 0, "write the )"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_place(text: str, start: int, remedy: str) -> None:
    with pytest.raises(Mistake) as caught:
        tree(text)
    assert caught.value.start == start
    assert caught.value.remedy.startswith(remedy)


def test_texts_may_nest_deep() -> None:
    depth = 20_000
    names = parsed_formula(
        tokens("-(" * depth + "a" + ")" * depth), DIALECT, lambda t: Formula("name", t.text, t.start)
    )
    for _ in range(depth):
        (names,) = names.arguments
    assert names.text == "a"
