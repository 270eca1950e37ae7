"""Lepton, the notation of OpenMM, PLUMED and LAMMPS's pair_style lepton.

Peter Eastman et al., "OpenMM 4", J. Chem. Theory Comput. 9 (2013) 461, doi:10.1021/ct300857j; what is not
written there is as OpenMM 8.6.1 computes it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from gridgrad.formats.notations.lepton_rules import FUNCTIONS, RULES
from gridgrad.formats.trees.building import translated
from gridgrad.formats.trees.formula import Dialect, Formula, Infix, Kind, Lexeme, quoted
from gridgrad.formats.trees.operator_precedence import parsed_formula
from gridgrad.formats.trees.translation import Translation
from gridgrad_core.lang.program.syntax_error import Mistake

__all__ = ["read_lepton"]

_DIALECT = Dialect(
    name="Lepton",
    infix={
        "+": Infix(0, "+"),
        "-": Infix(0, "-"),
        "*": Infix(1, "*"),
        "/": Infix(1, "/"),
        "^": Infix(3, "^", from_right=True),
    },
    prefix={"-": (2, "negative")},
    missing={
        "+": "Lepton has no sign +: leave it out",
        "*": "write powers as x^y",
        "(": "write functions without a space before the parenthesis, as in sin(x), and products with *",
    },
)
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<number>\d+\.?\d*(?:[eE][-+]?\d*)?|\.\d*(?:[eE][-+]?\d*)?)"
    r"|(?P<function>[^\s\d.,()+\-*/^][^\s,()+\-*/^]*)\(|(?P<name>[^\s\d.,()+\-*/^][^\s,()+\-*/^]*)"
    r"|(?P<mark>[(),])|(?P<operator>[-+*/^])",
    re.ASCII,
)
_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_OPERATORS = {
    "%": "write a - b*floor(a/b), whose sign is that of b",
    "==": "write delta(a - b) for a == b",
    "!=": "write 1 - delta(a - b) for a != b",
    "<=": "write step(b - a) for a <= b",
    ">=": "write step(a - b) for a >= b",
    "<": "write 1 - step(a - b) for a < b",
    ">": "write 1 - step(b - a) for a > b",
    "!": "write delta(a) for not a",
    "=": "write definitions after a semicolon: a*x; a=2",
}
"""What names hold that were meant as operators, and what to write."""
_INSTEAD = {
    "ln": "write log, which is the natural one",
    "log10": "write log(x)/log(10)",
    "log2": "write log(x)/log(2)",
    "pow": "write x^y",
    "sign": "write 2*step(x) - 1, which is 1 at 0",
    "if": "write select(c, a, b)",
}
_NAMED = {
    "pi": "pi is an input: Lepton has no constants",
    "e": "e is an input: Lepton has no constants",
}


def read_lepton(text: str) -> Translation:
    """The program of a formula with its definitions.

    Raises:
        Mistake: it is none, or has what can't be translated.
    """
    defined: dict[str, Formula] = {}
    parts = [*_parts(text)]
    for start, part in reversed(parts[1:]):  # each may use those after it, and of two of one name the first counts
        if part.strip():
            name, body = _definition(start, part)
            defined[name] = _tree(text, body, start + len(part), defined)
    early = {name: f"{name} is an input here: definitions know only those after them" for name in defined}
    return translated(_tree(text, 0, len(parts[0][1]), defined), text, RULES, _NAMED | early)


def _parts(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for part in text.split(";"):
        yield start, part
        start += len(part) + 1


def _definition(start: int, part: str) -> tuple[str, int]:
    """The name that a definition gives, and where what it means begins."""
    name, equals, _ = part.partition("=")
    if not equals or not name.strip():
        place = start + len(part) - len(part.lstrip())
        raise Mistake(place, f"{quoted(part.strip())} after a semicolon", "write a definition there, as in a*x; a=2")
    return name.strip(), start + len(name) + 1


def _tree(text: str, start: int, end: int, defined: dict[str, Formula]) -> Formula:
    def named(token: Lexeme) -> Formula:
        return defined.get(token.text) or _variable(token)

    return parsed_formula([*_tokens(text, start, end)], _DIALECT, named)


def _tokens(text: str, start: int, end: int) -> Iterator[Lexeme]:
    for found in _TOKEN.finditer(text, start, end):
        kinds: tuple[Kind, ...] = ("number", "function", "name", "mark", "operator")
        for kind in kinds:
            if found[kind] is not None:
                yield _checked(Lexeme(kind, found[kind], found.start()))
    yield Lexeme("end", "", end)


def _checked(token: Lexeme) -> Lexeme:
    if token.kind == "number":
        _check_number(token)
    elif token.kind == "function" and token.text not in FUNCTIONS:
        near = token.text.lower()
        remedy = f"write {near}: Lepton tells case apart" if near in FUNCTIONS else "write it out as a formula"
        remedy = _INSTEAD.get(token.text, remedy)
        raise Mistake(token.start, f"{quoted(token.text)}, which is no function of Lepton", remedy)
    return token


def _check_number(token: Lexeme) -> None:
    if not _NUMBER.fullmatch(token.text):
        remedy = "write all of it, as in 0.5 or 2e5; Lepton reads 0 there without a word"
        raise Mistake(token.start, f"the number {quoted(token.text)}", remedy)
    if math.isinf(float(token.text)):
        raise Mistake(token.start, f"the number {quoted(token.text)}, which is beyond float64", "change the units")


def _variable(token: Lexeme) -> Formula:
    for operator, remedy in _OPERATORS.items():
        if operator in token.text:
            found = f"{quoted(token.text)}, the name of a variable for Lepton, which has no operator {operator}"
            raise Mistake(token.start, found, remedy)
    return Formula("name", token.text, token.start)
