"""The parser of all notations: operator precedence, by the table of a dialect, with a stack of its own.

Vaughan R. Pratt, "Top down operator precedence", POPL 1973; without recursion, since texts may nest as deep
as they like.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gridgrad.formats.trees.formula import Dialect, Formula, Infix, Lexeme, Names, quoted
from gridgrad_core.lang.program.syntax_error import Mistake

__all__ = ["parsed_formula"]

_WRITE_OPERATOR = "write an operator between the two, or end the formula before it"
_WRITE_OPERAND = "write a number, a name, a call or a parenthesis here"


class _Pending(NamedTuple):
    """What waits for its last operand, or for its closing parenthesis."""

    token: Lexeme
    precedence: int
    operation: str
    operands: int
    """How many operands lay on the stack when it was met, those of its own not counted."""


def parsed_formula(tokens: Sequence[Lexeme], dialect: Dialect, names: Names) -> Formula:
    """The tree of a formula.

    Args:
        tokens: its tokens, the last one of the kind "end".
        dialect: the operators and how they bind.
        names: what each name stands for.

    Raises:
        Mistake: it is none.
    """
    parser = _Parser(dialect, names)
    for token in tokens:
        if parser.wants_operand:
            parser.operand(token)
        else:
            parser.operator(token)
    return parser.operands[0]


class _Parser:
    def __init__(self, dialect: Dialect, names: Names) -> None:
        self.wants_operand = True
        self.operands: list[Formula] = []
        self._dialect = dialect
        self._names = names
        self._pending: list[_Pending] = []

    def operand(self, token: Lexeme) -> None:
        """Takes what stands where an operand is wanted."""
        if token.kind == "number":
            self._complete(Formula("number", token.text, token.start))
        elif token.kind == "name":
            self._complete(self._names(token))
        elif token.kind == "function" or token.text == "(":
            self._pending.append(_Pending(token, -1, token.text, len(self.operands)))
        elif token.text in self._dialect.prefix and not (self._dialect.one_sign and self._after_sign()):
            self._pending.append(_Pending(token, *self._dialect.prefix[token.text], len(self.operands)))
        else:
            raise self._unexpected(token, _WRITE_OPERAND)

    def operator(self, token: Lexeme) -> None:
        """Takes what stands after an operand."""
        infix = self._dialect.infix.get(token.text) if token.kind == "operator" else self._implied(token)
        if infix is not None:
            self._reduce(infix.precedence + infix.from_right)
            self._wait(token, infix.precedence, infix.operation, len(self.operands) - 1)
            if token.kind != "operator":
                self.operand(token)
        elif token.text in ("?", ":") and self._dialect.choice:
            self._choose(token)
        elif token.kind == "end" or token.text in (")", ","):
            self._reduce(0)
            self._close(token)
        else:
            raise self._unexpected(token, _WRITE_OPERATOR)

    def _wait(self, *pending: *tuple[Lexeme, int, str, int]) -> None:
        self._pending.append(_Pending(*pending))
        self.wants_operand = True

    def _implied(self, token: Lexeme) -> Infix | None:
        """The operator that is not written before what stands after an operand."""
        begins = token.kind in ("name", "function") or token.text == "("
        begins = begins or (token.kind == "number" and self.operands[-1].kind != "number")
        return self._dialect.implied if begins else None

    def _after_sign(self) -> bool:
        last = self._pending[-1] if self._pending else None
        return last is not None and last.token.kind == "operator" and last.operands == len(self.operands)

    def _choose(self, token: Lexeme) -> None:
        """Takes a `?` or `:`. Between the two what waits is a parenthesis, after them an operator."""
        if token.text == "?":
            self._reduce(1)
            self._wait(token, -1, "?", len(self.operands) - 1)
            return
        self._reduce(0)
        opened = self._pending[-1] if self._pending else None
        if opened is None or opened.operation != "?":
            raise self._unexpected(token, "write the ? before it, as in c ? a : b")
        self._pending.pop()
        self._wait(opened.token, 0, "choice", opened.operands)

    def _complete(self, formula: Formula) -> None:
        self.operands.append(formula)
        self.wants_operand = False

    def _reduce(self, precedence: int) -> None:
        """Applies the operators that bind at least so."""
        while self._pending and self._pending[-1].precedence >= precedence:
            self._apply(self._pending.pop())

    def _apply(self, pending: _Pending) -> None:
        arguments = tuple(self.operands[pending.operands :])
        self.operands[pending.operands :] = [Formula("call", pending.operation, pending.token.start, arguments)]

    def _close(self, token: Lexeme) -> None:
        """Ends a parenthesis, an argument, or the formula."""
        opened = self._pending[-1] if self._pending else None
        if token.kind == "end" and opened is None:
            return
        if opened is None or (token.text == "," and opened.token.text == "("):
            remedy = "write the ( before it, or leave it out" if token.text == ")" else "arguments stand in a call"
            raise self._unexpected(token, remedy)
        if opened.operation == "?":
            raise Mistake(opened.token.start, "a ? without its :", "write both sides, as in c ? a : b")
        if token.kind == "end":
            raise Mistake(opened.token.start, f"a ( of {opened.token.text!r} that is never closed", "write the ) to it")
        self.wants_operand = token.text == ","
        if token.text == ")":
            self._pending.pop()
            if opened.token.kind == "function":
                self._apply(opened)

    def _unexpected(self, token: Lexeme, remedy: str) -> Mistake:
        found = quoted(token.text) if token.text else "the end"
        wanted = "an operand" if self.wants_operand else "an operator"
        remedy = self._dialect.missing.get(token.text, remedy)
        return Mistake(token.start, f"{found} where {self._dialect.name} wants {wanted}", remedy)
