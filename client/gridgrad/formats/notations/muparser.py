"""muParser, the notation of deal.II's FunctionParser, of FEniCS and others.

Ingo Berg, "muParser", https://beltoforion.de/en/muparser; what is not written there is as muParser 2.3.3 computes it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from gridgrad.formats.trees.building import Building, Rule
from gridgrad.formats.trees.formula import Dialect, Formula, Infix, Lexeme
from gridgrad.formats.trees.notation import Notation
from gridgrad.formats.trees.rule_making import ARITHMETIC, COMPARISONS, MANY, OF_ONE, folded, named, written
from gridgrad.formats.trees.scanning import Words, pattern_of
from gridgrad.formats.trees.translation import Translation
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import Value

__all__ = ["read_muparser"]


def _summed(building: Building, *terms: Value) -> Value:
    add: Callable[[Value, Value], Value] = functools.partial(building.call, "add")
    return functools.reduce(add, terms)


def _avg(building: Building, *terms: Value) -> Value:
    return building.call("div", _summed(building, *terms), building.number(float(len(terms))))


def _logical(name: str) -> Rule:
    def build(building: Building, a: Value, b: Value) -> Value:
        if not (_has_input(building, a) or _has_input(building, b)):
            _check_whole(building, a)
            _check_whole(building, b)
        return building.call(name, a, b)

    return Rule(2, build)


def _has_input(building: Building, value: Value) -> bool:
    nodes, stack, seen = building.operations.builder.nodes, [value.node], set[int]()
    while stack:
        node = stack.pop()
        if nodes[node].op == "input":
            return True
        if node not in seen:
            seen.add(node)
            stack.extend(nodes[node].args)
    return False


def _check_whole(building: Building, value: Value) -> None:
    """Refuses 0.5 && 1: of constants muParser takes whole parts; it is 0 there, and 1 where a variable stands for 1."""
    known = building.operations.known(value) if value.kind == "number" else 0.0
    if known is None or 0 < abs(known) < 1:
        found = "a part of && or || of constants that may be less than 1, of which muParser takes the whole part"
        raise Mistake(value.start, found, "write what it is, 1 or 0")


_FUNCTIONS = {
    **OF_ONE,
    "atan2": named("arctan2", 2),
    "ln": named("log"),
    "log10": named("log10"),
    "log2": named("log2"),
    "sign": written("x", "where(x < 0, -1, where(x > 0, 1, 0))", "0 where x is nan"),
    "rint": written("x", "floor(x + 0.5)", "halves are rounded up"),
    "min": folded("a b", "where(b < a, b, a)", "at a tie the derivative is that of a, and it is a where b is nan"),
    "max": folded("a b", "where(a < b, b, a)", "at a tie the derivative is that of a, and it is a where b is nan"),
    "sum": Rule(1, _summed, most=MANY),
    "avg": Rule(1, _avg, most=MANY),
}
_NOTATION = Notation(
    dialect=Dialect(
        name="muParser",
        infix={
            "||": Infix(1, "||"),
            "&&": Infix(2, "&&"),
            **{sign: Infix(3, sign) for sign in ("<", "<=", ">", ">=", "==", "!=")},
            "+": Infix(4, "+"),
            "-": Infix(4, "-"),
            "*": Infix(5, "*"),
            "/": Infix(5, "/"),
            "^": Infix(7, "^", from_right=True),
        },
        prefix={"-": (6, "negative"), "+": (6, "positive")},
        missing={
            "=": "write the value for the name: assignments can't be translated; equality is ==",
            ",": "read each result by itself",
            "-": "muParser takes one sign only: write a parenthesis, as in -(-x)",
            "*": "write powers as x^y",
            "(": "write products with *, and functions without a space before the parenthesis, as in sin(x)",
        },
        choice=True,
        one_sign=True,
    ),
    words=Words(
        dialect="muParser",
        pattern=pattern_of(r"<=|>=|==|!=|&&|\|\||[-+*/^<>?:=]"),
        functions=frozenset(_FUNCTIONS),
        instead={
            "pow": "write x^y",
            "if": "write c ? a : b",
            "%": "muParser has none",
            "!": "write (a == 0)",
            "&": "write a && b",
            "|": "write a || b",
            ";": "read each formula by itself",
            "rand": "random numbers are no function of the inputs",
            **dict.fromkeys(("floor", "ceil", "round", "int"), "muParser has none; rint(x) is floor(x + 0.5)"),
            "sec": "write 1/cos(x)",
            "csc": "write 1/sin(x)",
            "cot": "write 1/tan(x)",
            '"': "strings can't be translated",
        },
        spaces=False,
    ),
    rules={
        **_FUNCTIONS,
        **ARITHMETIC,
        **COMPARISONS,
        "==": named("eq", 2),
        "!=": named("ne", 2),
        "&&": _logical("and"),
        "||": _logical("or"),
        "choice": named("where", 3),
    },
    named={
        "pi": "pi is an input: muParser's constant is _pi",
        "e": "e is an input: muParser's constant is _e",
    },
)
_CONSTANTS = {"_pi": "3.141592653589", "_e": "2.718281828459045"}


def read_muparser(text: str) -> Translation:
    """The program of a formula.

    Raises:
        Mistake: it is none, or has what can't be translated.
    """
    return _NOTATION.translation(_NOTATION.tree(_NOTATION.tokens(text), _name), text)


def _name(token: Lexeme) -> Formula:
    constant = _CONSTANTS.get(token.text)
    return Formula("number" if constant else "name", constant or token.text, token.start)
