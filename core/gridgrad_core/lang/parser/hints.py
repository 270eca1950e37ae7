"""What to write instead: the messages about a text that is no expression.

Where it is easy, a remedy is made of the caller's own words.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from gridgrad_core.lang.functions import table as functions
from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.parser.foreign_functions import FOREIGN_FUNCTIONS
from gridgrad_core.lang.parser.tokenizer import Token
from gridgrad_core.lang.program.names import CONSTANTS
from gridgrad_core.lang.program.syntax_error import Mistake

__all__ = [
    "ASSIGNMENTS",
    "assignment",
    "attribute",
    "missing_operand",
    "missing_operator",
    "no_operator",
    "opening",
    "ours",
    "signature",
    "unknown_function",
    "wrong_arity",
]

_SHORT = 30
# A name, a number, a call or parentheses, as long as they are short
_OPERAND = re.compile(r"\s*([-+]?(?:[\d.][\w.]*(?:(?<=[eE])[-+]\d+)?|\w+(?:\([^()\n]{0,30}\))?|\([^()\n]{0,30}\)))")
# What stands up to the next sign of the same sort, and up to the end of a statement
_CONDITION = re.compile(r"[ \t]*((?:[^()&|,;\n]|\([^()\n]{0,30}\)){1,40})(?=[&|,;\n)]|\Z)")
_REST = re.compile(r"[ \t]*([^\s;][^;\n]{0,40})(?=[;\n]|\Z)")
_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\s{0,9}\.\s{0,9}[A-Za-z_]\w*){1,9}", re.ASCII)
# A minus sign at the end, after an operator or at the start
_NEGATED = re.compile(r"(?:\A|[-+*/%(,=<>;\n]|\b(?:and|or|not|if|else))[ \t]*-[ \t]*\Z")
_DEFINITION = re.compile(r"\s*\([\w\s,]{0,200}\)\s*=(?!=)")

_INFIX = {
    "^": ("**", "for a power"),
    "&": ("and", ""),
    "&&": ("and", ""),
    "|": ("or", ""),
    "||": ("or", ""),
    "<>": ("!=", ""),
    "=<": ("<=", ""),
    "=>": (">=", ""),
    "===": ("==", ""),
    "!==": ("!=", ""),
    "<<": ("*2**", "for a shift"),
    ">>": ("//2**", "for a shift"),
}
"""Signs of other languages between operands, and ours."""

ASSIGNMENTS = frozenset({"=", "+=", "-=", "*=", "/=", "//=", "%=", "**=", "@=", "&=", "|=", "^=", "<<=", ">>="})
"""An assignment, and the signs of other languages that assign."""

_OTHER = {
    "!": "write gamma(n + 1) for a factorial, != to compare",
    "@": "write products of numbers with *; there are no matrices",
    "?": "write a if c else b",
    ":": "write a if c else b for a choice; slices are not needed, since inputs are whole grids",
    "[": "write parentheses; inputs are read as they are, without an index",
    "]": "write parentheses; inputs are read as they are, without an index",
    "{": "write parentheses",
    "}": "write parentheses",
    "'": "remove the quotes: names stand without them, and derivatives are named in the request",
    '"': "remove the quotes: names stand without them",
    "`": "remove the quotes: names stand without them",
    "\\": "write what goes over several lines in parentheses",
    "$": "remove it",
    "~": "write not before a condition, - before a number",
    ":=": "write the assignment as a statement of its own, with =",
    "->": "write the right side alone, or a if c else b for a choice",
    ".": "write a name or a number without a dot",
}
"""Signs that can't be taken for one of ours, and what to do."""

_BEFORE = {"~": "write not x before a condition, -x before a number", "!": "write not x", "|": "write abs(x)"}

_WORDS = {
    "lambda": "write the body of the function alone",
    "def": "write the body of the function alone, without def and return",
    "return": "write the expression alone, without return",
    "import": "remove it: functions such as sin are always there",
    "from": "remove it: functions such as sin are always there",
    "for": "write sums and repeated steps out",
    "while": "write repeated steps out",
    "let": "write an assignment as a = ...",
    "const": "write an assignment as a = ...",
    "var": "write an assignment as a = ...",
    "float": "write an assignment as a = ...",
    "double": "write an assignment as a = ...",
    "is": "write == to compare",
    "in": "write a <= x and x <= b",
    "AND": "write and",
    "OR": "write or",
    "NOT": "write not",
    "then": "write a if c else b",
    "xor": "write (a) != (b)",
    "mod": "write a % b",
    "div": "write a // b",
}
"""Words of other languages that stand next to a name or a number."""


def signature(function: Function) -> str:
    """How a function is called, such as "where(c, a, b)"."""
    return f"{function.name}({', '.join(function.params)}{', ...' if function.variadic else ''})"


def ours(sign: str) -> str:
    """The operator of the language that binds as strongly as a foreign sign was meant to."""
    meant = _INFIX.get(sign, ("*", ""))[0]
    return "*" if meant.startswith(("*2", "//2")) else meant


def opening(written: str) -> str:
    """The parenthesis that a token opened, for a message."""
    return "'('" if written == "(" else f"'{written}('"


def wrong_arity(call: Token, function: Function, count: int) -> Mistake:
    """A call with too few or too many arguments."""
    wanted = len(function.params)
    least = "at least " if function.variadic else ""
    found = f"{call.text} takes {least}{wanted} argument{'s' * (wanted > 1)}, not {count}"
    return Mistake(call.start, found, f"write {signature(function)}")


def unknown_function(text: str, token: Token, known: bool, defined: Iterable[str] = ()) -> Mistake:
    """A call of what is no function; `known` when it is a variable or an input, `defined` what the text defines."""
    name = token.text
    after = token.start + len(name)
    if _DEFINITION.match(text, after):
        return Mistake(
            token.start, f"a definition of {name} inside a statement", f"write {name}(...) = ... as one of its own"
        )
    if name in FOREIGN_FUNCTIONS and not known:
        return Mistake(token.start, f"{name!r} is no function here", FOREIGN_FUNCTIONS[name].remedy)
    names = (alias for function in functions.FUNCTIONS.values() for alias in (function.name, *function.aliases))
    callable_names = {*filter(functions.lookup, names), *defined}
    close = difflib.get_close_matches(name, sorted(callable_names), n=3, cutoff=0.7)
    found = f"{name!r} is no function"
    if close and not known:
        return Mistake(token.start, found, f"write {_either(close)}, or {name}*(...) for a product")
    remedy = f"write {name}*(...) for a product"
    if not known:
        remedy += f", or give a table as {name!r}, gridgrad.table(values, x=knots)"
    return Mistake(token.start, found, f"{remedy}; docs/language.md lists the functions")


def attribute(text: str, before: Token, dot: Token) -> Mistake:
    """A dot after an operand, as in np.sin(x) or math.pi."""
    match = _DOTTED.match(text, before.start) if before.kind == "name" else None
    if match is None:
        return Mistake(dot.start, "'.' is not in the language", _OTHER["."])
    found, name = f"a dot in '{match[0]}'", match[0].rpartition(".")[2]
    if functions.lookup(name):
        return Mistake(before.start, found, f"write {name}(...)")
    return Mistake(before.start, found, f"write {name}" if name in CONSTANTS else "write a name without a dot")


def missing_operand(before: Token, token: Token) -> Mistake:
    """Something stands where an operand should."""
    after = f" after '{before.text}'" if before.text and before.kind != "newline" else ""
    if token.kind in ("newline", "end"):
        what = "the text ends" if token.kind == "end" else "the line ends"
        remedy = "write an operand there" + (
            ", or put all of it in parentheses to go on in the next line" if token.kind == "newline" else ""
        )
        return Mistake(token.start, f"{what}{after}", remedy)
    if token.text == ")" and before.text == "(":
        return Mistake(before.start, "empty parentheses", "write an expression between them")
    if token.text in _BEFORE:
        return Mistake(token.start, f"'{token.text}' is not an operator here", _BEFORE[token.text])
    if token.text in _OTHER:
        return Mistake(token.start, f"'{token.text}' is not in the language", _OTHER[token.text])
    if token.text == "if":
        return Mistake(token.start, "'if' without a value before it", "write a if c else b")
    found = f"'{token.text}'{after} where a number, a name or '(' should stand"
    remedy = f"write an operand before '{token.text}'" if after or token.text != ")" else "remove it"
    return Mistake(token.start, found, remedy)


def missing_operator(text: str, before: Token, token: Token, left_start: int, opened: Token) -> Mistake:
    """An operand or a 'not' stands right after an operand."""
    word = next((t.text for t in (before, token) if t.kind == "name" and t.text in _WORDS), "")
    if word:
        start = before.start if before.text == word else token.start
        return Mistake(start, f"{word!r} is not in the language", _WORDS[word])
    if token.text == "not":
        return Mistake(token.start, "'not' after an operand", "write and not, or != to compare")
    shown = f"'{token.text}'"
    if opened.text and "\n" in text[before.start : token.start]:
        found = f"{shown} on a new line inside {opening(opened.text)}"
        return Mistake(token.start, found, "close the parenthesis before it, or write an operator")
    left, right = _left(text, left_start, token.start), _right(text, token.start)
    return Mistake(token.start, f"{shown} right after an operand", f"write {left}*{right} for a product")


def no_operator(text: str, token: Token, left_start: int) -> Mistake:
    """A sign of another language stands where an operator should."""
    sign = token.text
    if sign in _OTHER:
        return Mistake(token.start, f"'{sign}' is not in the language", _OTHER[sign])
    ours, purpose = _INFIX[sign]
    after = token.start + len(sign)
    left = _left(text, left_start, token.start)
    if ours in ("and", "or"):
        condition = _CONDITION.match(text, after)
        right = _in_parentheses(condition[1].strip()) if condition else "(...)"
        written = f"{_in_parentheses(left)} {ours} {right}"
    else:
        spaced = f" {ours} " if "=" in ours else ours
        written = f"{left}{spaced}{_right(text, after)}"
        if sign == "^" and _is_negated(text, left_start):
            remedy = f"write -{written} for -({written}), or (-{left})**{_right(text, after)}, which some tools mean"
            return Mistake(token.start, "'^' is not an operator here", remedy)
    return Mistake(token.start, f"'{sign}' is not an operator here", f"write {written} {purpose}".rstrip())


def assignment(text: str, token: Token, target: Token, call: Function | None, inside: bool) -> Mistake:
    """A '=' or a sign such as '+=' where none can stand."""
    if token.text != "=":
        sign = token.text[:-1]
        found = f"'{token.text}' is not in the language"
        name = target.text if target.kind == "name" else "a"
        rest = _REST.match(text, token.start + len(token.text))
        right = _in_parentheses(rest[1].strip()) if rest else "(...)"
        return Mistake(token.start, found, f"write {name} = {name} {_INFIX.get(sign, (sign,))[0]} {right}")
    if call:
        found = f"'=' in the arguments of {call.name}"
        return Mistake(token.start, found, f"give arguments by position, as in {signature(call)}; compare with ==")
    if inside:
        return Mistake(token.start, "'=' inside an expression", "write == to compare")
    return Mistake(
        token.start, "'=' where nothing can be assigned", "write name = ..., one in a statement; compare with =="
    )


def _either(names: list[str]) -> str:
    return " or ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} or {names[-1]}"


def _in_parentheses(text: str) -> str:
    """Puts it in parentheses, unless it has them or is a single word."""
    closed = text.startswith("(") and text.find(")") == len(text) - 1
    return text if closed or re.fullmatch(r"[\w.]+", text) else f"({text})"


def _is_negated(text: str, start: int) -> bool:
    """Whether a minus sign stands before an operand, and no operand before that."""
    return _NEGATED.search(text, 0, start) is not None


def _left(text: str, start: int, end: int) -> str:
    written = text[start:end].strip()
    return written if 0 < len(written) <= _SHORT and "\n" not in written else "(...)"


def _right(text: str, start: int) -> str:
    match = _OPERAND.match(text, start)
    return match[1] if match else "(...)"
