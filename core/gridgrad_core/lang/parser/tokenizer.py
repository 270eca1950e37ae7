"""The tokenizer: text in, tokens with their places out, one at a time.

It knows nothing of grammar but this: inside parentheses a line break is a space.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from gridgrad_core.lang.parser import unicode_hints
from gridgrad_core.lang.program import limits, numerals
from gridgrad_core.lang.program.names import KEYWORDS
from gridgrad_core.lang.program.syntax_error import Mistake

__all__ = ["Kind", "Token", "tokenize"]

Kind = Literal["number", "name", "operator", "newline", "end", "space"]

# A run of line ends and semicolons is one token, and so are many spaces: every token is short work.
_TOKEN = re.compile(
    r"""[ \t\f]{0,200}(?:
      (?P<number>(?:[0-9]|\.[0-9])(?:[eE][+-]?[0-9]|[A-Za-z0-9_.]){0,500})
    | (?P<name>[A-Za-z_][A-Za-z0-9_]{0,100})
    | (?P<newline>[\n;][ \t\f\n;]{0,1000})
    | (?P<operator>\*\*=|//=|<<=|>>=|===|!==
        | \*\*|//|<=|>=|==|!=|<<|>>|<>|=<|=>|&&|\|\||:=|->
        | [-+*/%@&|^]=
        | [-+*/%<>()=,.~!?:@&|^$\[\]{}`\\"'])
    | (?P<comment>\#)
    | (?P<space>[ \t\f]{1,1000})
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)


class Token(NamedTuple):
    """A piece of the text.

    Args:
        kind: what it is; a "space" is to be passed over, a keyword is an "operator".
        text: how it is written.
        start: the offset of its first character.
    """

    kind: Kind
    text: str
    start: int


def tokenize(text: str) -> Iterator[Token]:
    """Yields the tokens of a text, the last one of kind "end"; newlines as "\\n" alone.

    Raises:
        Mistake: a character, number or name that the language does not have.
    """
    position = depth = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None:
            raise _stranger(text, position)
        kind, start, position = match.lastgroup, match.start(match.lastgroup or 0), match.end()
        written = text[start:position]
        if kind == "operator":
            depth += (written == "(") - (written == ")" and depth > 0)
            yield Token("operator", written, start)
        elif kind == "name":
            yield _word(written, start)
        elif kind == "number":
            problem = numerals.problem(written)
            if problem:
                raise Mistake(start, *problem)
            yield Token("number", written, start)
        elif kind == "newline":
            yield _line_end(written, start, depth)
        elif kind == "end":
            yield Token("end", "", start)
            return
        else:
            if kind == "comment":
                line_end = text.find("\n", position)
                position = len(text) if line_end < 0 else line_end
            yield Token("space", "", start)


def _word(written: str, start: int) -> Token:
    if len(written) > limits.MAX_NAME:
        raise Mistake(start, f"a name of more than {limits.MAX_NAME} characters", "use shorter names")
    return Token("operator" if written in KEYWORDS else "name", written, start)


def _line_end(written: str, start: int, depth: int) -> Token:
    if not depth:
        return Token("newline", written, start)
    semicolon = written.find(";")
    if semicolon >= 0:
        raise Mistake(start + semicolon, "';' inside parentheses", "close the parentheses before it")
    return Token("space", written, start)


def _stranger(text: str, position: int) -> Mistake:
    start = position
    while text[start] in " \t\f":
        start += 1
    return Mistake(start, *unicode_hints.explain(text, start))
