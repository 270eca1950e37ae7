"""fparser, the notation of libMesh and MOOSE.

Juha Nieminen and Joel Yliluoma, "Function Parser for C++", http://warp.povusers.org/FunctionParser; what is not written
there is as fparser 4.5.2 computes it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from gridgrad.formats.trees.building import Building, Rule
from gridgrad.formats.trees.formula import Dialect, Formula, Infix, Lexeme, quoted
from gridgrad.formats.trees.notation import Notation, defined_name, statements
from gridgrad.formats.trees.rule_making import ARITHMETIC, OF_ONE, named, written
from gridgrad.formats.trees.scanning import Words, pattern_of
from gridgrad.formats.trees.translation import Translation
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import Value

__all__ = ["read_fparser"]

_PLOG = "where(a < eps, log(eps) + (a - eps)/eps - ((a - eps)/eps)**2/2 + ((a - eps)/eps)**3/3, log(a))"
_SIXTEENTHS = 16
"""Powers of negative numbers are nan where so many times the exponent is a whole number."""
_OF_NEGATIVE = "where(a < 0, -(-a)**b, a**b): fparser has powers of negative numbers, and they are negative"
_OF_ANY = written("a b", "where(a < 0 and 16*b != floor(16*b), -(-a)**b, a**b)", noted=False)
_OF_FRACTION = written("a b", "where(a < 0, -(-a)**b, a**b)", noted=False)


def _condition(building: Building, value: Value) -> Value:
    """A value where fparser wants a condition: a half or more counts as true."""
    return value if value.kind == "boolean" else _TRUE.build(building, value)


def _choice(building: Building, condition: Value, a: Value, b: Value) -> Value:
    return building.call("where", _condition(building, condition), a, b)


def _both(building: Building, a: Value, b: Value) -> Value:
    return building.call("and", _condition(building, a), _condition(building, b))


def _either(building: Building, a: Value, b: Value) -> Value:
    return building.call("or", _condition(building, a), _condition(building, b))


def _not(building: Building, x: Value) -> Value:
    return building.call("not", _condition(building, x))


def _power(building: Building, a: Value, b: Value) -> Value:
    base, exponent = building.operations.known(a), building.operations.known(b)
    if exponent is None:
        if base is None or base < 0:
            building.note(a, _OF_NEGATIVE)
            return _OF_ANY.build(building, a, b)
    elif not (exponent * _SIXTEENTHS).is_integer() and (base is None or base < 0):
        building.note(a, _OF_NEGATIVE)
        return _OF_FRACTION.build(building, a, b)
    return building.call("pow", a, b)


_TRUE = written("x", "abs(x) >= 0.5", noted=False)
_FUNCTIONS = {
    **OF_ONE,
    **{name: named(name) for name in ("ceil", "floor", "trunc", "cbrt", "exp2", "log2", "log10")},
    "atan2": named("arctan2", 2),
    "hypot": named("hypot", 2),
    "pow": Rule(2, _power),
    "sec": written("x", "1/cos(x)"),
    "csc": written("x", "1/sin(x)"),
    "cot": written("x", "1/tan(x)"),
    "int": written("x", "where(x < 0, ceil(x - 0.5), floor(x + 0.5))", "halves away from 0"),
    "min": written("a b", "where(a < b, a, b)", "at a tie the derivative is that of b, and it is b where one is nan"),
    "max": written("a b", "where(a > b, a, b)", "at a tie the derivative is that of b, and it is b where one is nan"),
    "if": Rule(3, _choice, "true from a half on: abs(c) >= 0.5, unless c is a comparison"),
    "plog": written("a eps", _PLOG, "libMesh's, the logarithm's Taylor series about eps below it"),
}
_WITHIN = "fparser compares within 1e-12"
_NOTATION = Notation(
    dialect=Dialect(
        name="fparser",
        infix={
            "|": Infix(1, "|"),
            "&": Infix(2, "&"),
            **{sign: Infix(3, sign) for sign in ("=", "!=", "<", "<=", ">", ">=")},
            "+": Infix(4, "+"),
            "-": Infix(4, "-"),
            "*": Infix(5, "*"),
            "/": Infix(5, "/"),
            "%": Infix(5, "%"),
            "^": Infix(7, "^", from_right=True),
        },
        prefix={"-": (6, "negative"), "!": (6, "!")},
        missing={
            "+": "fparser has no sign +: leave it out",
            "*": "write powers as x^y",
            "=": "fparser compares by a single =",
            "&": "write a & b",
            "|": "write a | b",
            ":=": "definitions stand before the formula: a := 2; a*x",
        },
    ),
    words=Words(
        dialect="fparser",
        pattern=pattern_of(r":=|<=|>=|!=|[-+*/^%<>=&|!;]"),
        functions=frozenset(_FUNCTIONS),
        instead={
            "ln": "write log, which is the natural one",
            "mod": "write a % b",
            "?": "write if(c, a, b)",
            "eval": "write the formula out",
        },
    ),
    rules={
        **_FUNCTIONS,
        **ARITHMETIC,
        "^": Rule(2, _power),
        "%": named("fmod", 2, "fmod(a, b), which has the sign of a"),
        "=": written("a b", "abs(a - b) <= 1e-12", _WITHIN),
        "!=": written("a b", "abs(a - b) > 1e-12", _WITHIN),
        "<": written("a b", "a < b - 1e-12", _WITHIN),
        "<=": written("a b", "a <= b + 1e-12", _WITHIN),
        ">": written("a b", "b < a - 1e-12", _WITHIN),
        ">=": written("a b", "b <= a + 1e-12", _WITHIN),
        "&": Rule(2, _both),
        "|": Rule(2, _either),
        "!": Rule(1, _not),
    },
    named={},
)
_CONSTANTS = {"pi": math.pi, "e": math.e}


def read_fparser(text: str) -> Translation:
    """The program of a formula, after the definitions `a := 2;` that it uses; `pi` and `e` are as libMesh defines them.

    Raises:
        Mistake: it is none, or has what can't be translated.
    """
    pieces = [*statements(_NOTATION.tokens(text))] or [[Lexeme("end", "", len(text))]]
    defined: dict[str, Formula] = {}

    def name(token: Lexeme) -> Formula:
        if token.text in defined:
            return defined[token.text]
        constant = _CONSTANTS.get(token.text)
        return Formula("number" if constant else "name", repr(constant) if constant else token.text, token.start)

    for piece in pieces[:-1]:
        called = _defined(piece)
        defined[called] = _NOTATION.tree(piece[2:], name)
    return _NOTATION.translation(_NOTATION.tree(pieces[-1], name), text)


def _defined(statement: Sequence[Lexeme]) -> str:
    name = defined_name(statement)
    if name is None:
        raise Mistake(statement[0].start, "a statement that defines nothing", "write definitions as a := 2;")
    if name.text in _CONSTANTS:
        raise Mistake(name.start, f"a definition of {quoted(name.text)}, a constant", "rename it")
    return name.text
