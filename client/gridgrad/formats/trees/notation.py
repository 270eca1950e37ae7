"""All that a notation is read by, and how texts in it become programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gridgrad.formats.trees.building import Rule, translated
from gridgrad.formats.trees.formula import Dialect, Formula, Lexeme, Names
from gridgrad.formats.trees.operator_precedence import parsed_formula
from gridgrad.formats.trees.scanning import Words, lexemes
from gridgrad.formats.trees.translation import Translation

__all__ = ["Notation", "defined_name", "statements"]


class Notation(NamedTuple):
    """A notation whose texts are formulas of tokens.

    Args:
        dialect: its operators.
        words: its tokens.
        rules: what functions and operators come to.
        named: what is to be said of inputs with these names.
    """

    dialect: Dialect
    words: Words
    rules: Mapping[str, Rule]
    named: Mapping[str, str]

    def tokens(self, text: str) -> Iterator[Lexeme]:
        """The tokens of a text."""
        return lexemes(text, 0, len(text), self.words)

    def tree(self, tokens: Iterable[Lexeme], names: Names) -> Formula:
        """The tree of tokens, of which the last is the end."""
        return parsed_formula([*tokens], self.dialect, names)

    def translation(self, root: Formula, text: str) -> Translation:
        """The program of a tree of a text."""
        return translated(root, text, self.rules, self.named)


def statements(tokens: Iterable[Lexeme]) -> Iterator[list[Lexeme]]:
    """The tokens between semicolons, each piece with its end; those with nothing in them are left out."""
    piece: list[Lexeme] = []
    for token in tokens:
        if token.text == ";" or token.kind == "end":
            if piece:
                yield [*piece, Lexeme("end", "", token.start)]
            piece = []
        else:
            piece.append(token)


def defined_name(statement: Sequence[Lexeme]) -> Lexeme | None:
    """The name that a statement `name := formula` gives; None if it is none."""
    is_one = len(statement) > 1 and statement[0].kind == "name" and statement[1].text == ":="
    return statement[0] if is_one else None
