"""What ExprTk's functions and operators come to, as ExprTk of cexprtk 0.4.2 computes them, for nan too."""

from __future__ import annotations

from collections.abc import Callable

from gridgrad.formats.trees.building import Building, Rule
from gridgrad.formats.trees.formula import quoted
from gridgrad.formats.trees.rule_making import (
    ARITHMETIC,
    COMPARISONS,
    MANY,
    OF_ONE,
    combined,
    folded,
    named,
    with_zeros_noted,
    written,
)
from gridgrad_core.lang.program.syntax_error import Mistake
from gridgrad_core.lang.program.typed_builder import Value

__all__ = ["FUNCTIONS", "RULES"]

_ROUNDED = "where(x < 0, ceil(x - 0.5), floor(x + 0.5))"
_SAME = "abs(a - b) <= 1e-10*fmax(1, fmax(abs(a), abs(b)))"
_OTHER = "abs(a - b) > 1e-10*fmax(1, fmax(abs(a), abs(b)))"
_LARGEST_DIGITS = 15


def _avg(building: Building, *arguments: Value) -> Value:
    return building.call("div", _SUM.build(building, *arguments), building.number(float(len(arguments))))


def _roundn(building: Building, x: Value, digits: Value) -> Value:
    count = _whole(building, digits, "the digits of roundn", "write a number from 0 to 15", range(_LARGEST_DIGITS + 1))
    power = building.number(10.0**count)
    return building.call("div", _ROUND.build(building, building.call("mul", x, power)), power)


def _root(building: Building, x: Value, degree: Value) -> Value:
    order = _whole(building, degree, "the degree of root", "write a whole number, or x^(1/n)", range(1, 1000))
    rule = _ODD_ROOT if order % 2 else _EVEN_ROOT
    return rule.build(building, x, building.number(float(order)))


def _whole(building: Building, value: Value, what: str, remedy: str, allowed: range) -> int:
    known = building.operations.known(value)
    if known is None or int(known) != known or int(known) not in allowed:
        shown = "no number" if known is None else quoted(f"{known:g}")
        raise Mistake(value.start, f"{what}, which is {shown}", remedy)
    return int(known)


def _of_conditions(name: str) -> Callable[..., Value]:
    def build(building: Building, first: Value, *others: Value) -> Value:
        for other in others or (first,):
            first = building.call(name, first, other)
        return first

    return build


_SUM = Rule(1, lambda b, *terms: _summed(b, "add", *terms), most=MANY)


def _summed(building: Building, op: str, first: Value, *others: Value) -> Value:
    for other in others:
        first = building.call(op, first, other)
    return first


_ROUND = written("x", _ROUNDED, "halves away from 0")
_ODD_ROOT = written("x n", "where(x < 0, -(-x)**(1/n), x**(1/n))")
_EVEN_ROOT = written("x n", "x**(1/n)")

FUNCTIONS = {
    **OF_ONE,
    **{name: named(name) for name in ("ceil", "floor", "trunc", "expm1", "log1p", "log10", "log2", "erf", "erfc")},
    "atan2": named("arctan2", 2),
    "pow": named("pow", 2),
    "cot": written("x", "1/tan(x)"),
    "csc": written("x", "1/sin(x)"),
    "sec": written("x", "1/cos(x)"),
    "deg2rad": named("radians"),
    "rad2deg": named("degrees"),
    "deg2grad": written("x", "x*(10/9)"),
    "grad2deg": written("x", "x*(9/10)"),
    "frac": written("x", "x - trunc(x)"),
    "hypot": named("hypot", 2),
    "logn": written("x b", "log(x)/log(b)"),
    "root": Rule(2, _root, "x**(1/n), which for odd n is negative for negative x"),
    "ncdf": named("norm_cdf"),
    "sinc": written("x", "sinc(x/3.141592653589793)", "sin(x)/x, without π"),
    "sgn": written("x", "where(x > 0, 1, where(x < 0, -1, 0))", "0 where x is nan"),
    "round": _ROUND,
    "roundn": Rule(2, _roundn, "halves are rounded away from 0"),
    "clamp": written("a x b", "where(x < a, a, where(x > b, b, x))", "the bounds stand first and last"),
    "iclamp": written("a x b", "where(x <= a or x >= b, x, where(2*x <= a + b, a, b))"),
    "inrange": written("a x b", "not (x < a or x > b)", "1 where x is nan"),
    "equal": written("a b", _SAME, "within 1e-10"),
    "not_equal": written("a b", _OTHER, "beyond 1e-10, and not where one is nan"),
    "min": folded("a b", "where(b < a, b, a)", "at a tie the derivative is that of a, and it is a where b is nan"),
    "max": folded("a b", "where(a < b, b, a)", "at a tie the derivative is that of a, and it is a where b is nan"),
    "sum": _SUM,
    "mul": Rule(1, lambda b, *factors: _summed(b, "mul", *factors), most=MANY),
    "avg": Rule(1, _avg, most=MANY),
    "mand": Rule(1, _of_conditions("and"), most=MANY),
    "mor": Rule(1, _of_conditions("or"), most=MANY),
    "not": combined("not", arity=1),
    "if": named("where", 3),
}
"""What is written as a call."""

RULES = {
    **FUNCTIONS,
    **ARITHMETIC,
    **with_zeros_noted("ExprTk"),
    **COMPARISONS,
    "%": named("fmod", 2, "fmod(a, b), which has the sign of a"),
    "==": named("eq", 2),
    "!=": named("ne", 2),
    "and": named("and", 2),
    "or": named("or", 2),
    "xor": named("logical_xor", 2),
    "nand": combined("and", "not"),
    "nor": combined("or", "not"),
    "xnor": combined("logical_xor", "not"),
    "choice": named("where", 3),
}
"""Functions and operators."""
