"""ExprTk, the notation of VTK's vtkExprTkFunctionParser, of OpenTURNS and others.

Arash Partow, "C++ Mathematical Expression Toolkit Library", https://www.partow.net/programming/exprtk; what is not
written there is as cexprtk 0.4.2 computes it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from gridgrad.formats.notations.exprtk_rules import FUNCTIONS, RULES
from gridgrad.formats.trees.formula import Dialect, Formula, Infix, Lexeme, quoted
from gridgrad.formats.trees.notation import Notation, defined_name, statements
from gridgrad.formats.trees.scanning import Words, pattern_of
from gridgrad.formats.trees.translation import Translation
from gridgrad_core.lang.program.syntax_error import Mistake

__all__ = ["read_exprtk"]

_COMPARED = {sign: Infix(3, sign) for sign in ("<", "<=", ">", ">=", "==", "!=")}
_LOGICAL = {"or": 1, "nor": 1, "xor": 1, "xnor": 1, "and": 2, "nand": 2}
_WORDS = {name: Infix(precedence, name) for name, precedence in _LOGICAL.items()}
_LOGICAL_WORD = r"(?i:and|nand|or|nor|xor|xnor)\b"
_DEFINE = "write var a := 2; before the formula that uses it"
_LOOP = "write the formula out, without loops and statements"
_INSTEAD = {
    "ln": "write log, which is the natural one",
    "sign": "write sgn",
    "cbrt": "write root(x, 3)",
    "exp2": "write 2^x",
    "swap": _LOOP,
    "for": _LOOP,
    "while": _LOOP,
    "repeat": _LOOP,
    "switch": "write if(c, a, b)",
    "return": _LOOP,
    "[": "write ( ) for groups; vectors can't be translated: give each element a name",
    "{": "write ( ) for groups",
    "'": "strings can't be translated",
    "!": "write not(x)",
}
_NOTATION = Notation(
    dialect=Dialect(
        name="ExprTk",
        infix={
            **_WORDS,
            "|": _WORDS["or"],
            "&": _WORDS["and"],
            **_COMPARED,
            "=": _COMPARED["=="],
            "<>": _COMPARED["!="],
            "+": Infix(4, "+"),
            "-": Infix(4, "-"),
            "*": Infix(5, "*"),
            "/": Infix(5, "/"),
            "%": Infix(5, "%"),
            "^": Infix(7, "^", from_right=True),
        },
        prefix={"-": (6, "negative"), "+": (6, "positive")},
        missing={
            ":=": _DEFINE,
            "*": "write powers as x^y",
            "&": "write a and b",
            "|": "write a or b",
            **dict.fromkeys(("+=", "-=", "*=", "/=", "%="), _DEFINE),
            **dict.fromkeys(("else", "return", "switch"), "write if(c, a, b)"),
        },
        implied=Infix(5, "*"),
        choice=True,
    ),
    words=Words(
        dialect="ExprTk",
        pattern=pattern_of(
            rf":=|<=|>=|==|!=|<>|[-+*/%]=|[-+*/^%<>=&|?:;]|{_LOGICAL_WORD}",
            skipped=r"(?:\s|//[^\n]*|\#[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)+",
            name=rf"(?!{_LOGICAL_WORD})[A-Za-z][A-Za-z0-9_.]*",
        ),
        functions=frozenset(FUNCTIONS),
        instead=_INSTEAD,
        case_blind=True,
    ),
    rules=RULES,
    named={"e": "e is an input: ExprTk has no such constant"},
)
_CONSTANTS = {"pi": math.pi, "epsilon": 1e-10, "inf": math.inf, "true": 1.0, "false": 0.0}
_RESERVED = frozenset(
    {
        *("break", "case", "continue", "default", "else", "for", "ilike", "in", "like", "null", "repeat", "return"),
        *("swap", "switch", "until", "var", "while"),
    }
)


def read_exprtk(text: str) -> Translation:
    """The program of a formula, after the definitions `var a := 2;` that it uses.

    Raises:
        Mistake: it is none, or has what can't be translated.
    """
    reader = _Reader()
    pieces = [*statements(_NOTATION.tokens(text))] or [[Lexeme("end", "", len(text))]]
    for piece in pieces[:-1]:
        reader.define(piece)
    return _NOTATION.translation(reader.result(pieces[-1]), text)


class _Reader:
    def __init__(self) -> None:
        self._defined: dict[str, Formula] = {}
        self._spelled: dict[str, str] = {}

    def define(self, statement: Sequence[Lexeme]) -> Formula:
        """Takes a definition, or a new meaning of what is defined."""
        new = statement[0].text.lower() == "var"
        name = defined_name(statement[new:])
        if name is None:
            remedy = "leave it out: only the last formula counts; definitions are written var a := 2;"
            raise Mistake(statement[0].start, "a statement whose value is dropped", remedy)
        if not new and name.text.lower() not in self._defined:
            raise Mistake(name.start, f"an assignment to the input {quoted(name.text)}", _DEFINE)
        body = self.result(statement[2 + new :])
        self._defined[name.text.lower()] = body
        return body

    def result(self, statement: Sequence[Lexeme]) -> Formula:
        """The tree of the last statement."""
        if statement[0].text.lower() == "var":
            return self.define(statement)
        return _NOTATION.tree(statement, self._name)

    def _name(self, token: Lexeme) -> Formula:
        name = token.text.lower()
        if name in self._defined:
            return self._defined[name]
        if name in _CONSTANTS:
            return Formula("number", repr(_CONSTANTS[name]), token.start)
        if name in _RESERVED:
            remedy = _INSTEAD.get(name, "write the formula out, without statements, strings and null")
            raise Mistake(token.start, f"{quoted(token.text)}, a word of ExprTk's programs", remedy)
        if self._spelled.setdefault(name, token.text) != token.text:
            found = f"{quoted(token.text)}, which is {quoted(self._spelled[name])} for ExprTk"
            raise Mistake(token.start, found, "write it in the same case everywhere, or rename one")
        return Formula("name", token.text, token.start)
