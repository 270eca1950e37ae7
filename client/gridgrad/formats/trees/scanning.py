"""Texts to tokens, as most notations have them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gridgrad.formats.trees.formula import Kind, Lexeme, quoted
from gridgrad_core.lang.program.syntax_error import Mistake

__all__ = ["Words", "lexemes", "pattern_of"]

_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_KINDS: tuple[Kind, ...] = ("number", "name", "mark", "operator")


def pattern_of(operators: str, skipped: str = r"\s+", name: str = r"[A-Za-z_][A-Za-z0-9_]*") -> re.Pattern[str]:
    """What tells the tokens of a notation apart.

    Args:
        operators: a pattern of its operators, longer ones first.
        skipped: a pattern of what means nothing, such as comments.
        name: a pattern of its names.
    """
    rest = rf"(?P<name>{name})|(?P<mark>[(),])|(?P<operator>{operators})"
    return re.compile(rf"(?P<space>{skipped})|(?P<number>{_NUMBER})|{rest}", re.ASCII)


class Words(NamedTuple):
    """What a notation's texts consist of.

    Args:
        dialect: what users call it.
        pattern: what tells its tokens apart, of `pattern_of`.
        functions: the names that are called, in lower case where it is blind to that.
        instead: what to write for functions and characters that it has not.
        case_blind: whether `Sin` is `sin`.
        spaces: whether a space may stand before the parenthesis of a call.
    """

    dialect: str
    pattern: re.Pattern[str]
    functions: frozenset[str]
    instead: Mapping[str, str]
    case_blind: bool = False
    spaces: bool = True


def lexemes(text: str, start: int, end: int, words: Words) -> Iterator[Lexeme]:
    """The tokens of a piece of a text, with one of the kind "end" at last.

    Raises:
        Mistake: there is something that the notation has not.
    """
    place = start
    while place < end:
        found = words.pattern.match(text, place, end)
        if found is None:
            raise Mistake(place, quoted(text[place]), _remedy(text[place], words, f"{words.dialect} has no such sign"))
        if found["space"] is None:
            kind = next(each for each in _KINDS if found[each] is not None)
            blind = words.case_blind and kind == "operator"
            token = Lexeme(kind, found[kind].lower() if blind else found[kind], place)
            if kind == "number":
                _check_number(token, text[found.end() : min(found.end() + 1, end)])
            called = _opening(text, found.end(), end, words) if kind == "name" else -1
            yield _function(token, words) if called >= 0 else token
            place = max(called, found.end())
        else:
            place = found.end()
    yield Lexeme("end", "", end)


def _opening(text: str, place: int, end: int, words: Words) -> int:
    """Where the arguments begin, if a parenthesis follows; else -1."""
    while words.spaces and place < end and text[place].isspace():
        place += 1
    return place + 1 if text.startswith("(", place, end) else -1


def _function(token: Lexeme, words: Words) -> Lexeme:
    name = token.text.lower() if words.case_blind else token.text
    if name not in words.functions:
        near = token.text.lower()
        usual = f"write {near}: {words.dialect} tells case apart" if near in words.functions else ""
        remedy = usual or "write it out as a formula; products need a *, as in x*(y)"
        found = f"{quoted(token.text)}, which is no function of {words.dialect}"
        raise Mistake(token.start, found, _remedy(name, words, remedy))
    return Lexeme("function", name, token.start)


def _remedy(missing: str, words: Words, usual: str) -> str:
    return words.instead.get(missing, usual)


def _check_number(token: Lexeme, following: str) -> None:
    if following in ("e", "E", "."):
        found = f"the number {quoted(token.text + following)}"
        raise Mistake(token.start, found, "write all of it, as in 0.5 or 2e5, or an operator after it")
    if math.isinf(float(token.text)):
        raise Mistake(token.start, f"the number {quoted(token.text)}, which is beyond float64", "change the units")
