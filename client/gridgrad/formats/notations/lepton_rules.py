"""What Lepton's functions and operators come to, at ties and where arguments are nan too.

It is what OpenMM 8.6.1 computes: `min` is `a < b ? a : b` and `max` is `a > b ? a : b`, also where one is nan, and
derivatives at ties are those of Lepton's `Operation::differentiate`. Formulas are taken as they are written: Lepton
simplifies them before, so that `x/x` is 1 everywhere, and notes say where that tells.
"""

from __future__ import annotations

from gridgrad.formats.trees.building import Building, Rule
from gridgrad.formats.trees.rule_making import ARITHMETIC, named, simplified, with_zeros_noted, written
from gridgrad_core.lang.program.typed_builder import Value

__all__ = ["FUNCTIONS", "RULES"]

_NAMES = {
    **{name: name for name in ("sqrt", "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf", "erfc")},
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "floor": "floor",
    "ceil": "ceil",
}
"""Functions of one argument with the language's names for them."""
_WITH_ZEROS = with_zeros_noted("Lepton")
_OF_A_TIE = "; the derivative at a tie is {}, as Lepton's, where the language's {} takes the mean"


def _power(exponent: int) -> Rule:
    def build(building: Building, x: Value) -> Value:
        return _raised(building, x, building.number(float(exponent)))

    return Rule(1, build, f"x**{exponent}")


def _step(building: Building, x: Value) -> Value:
    return _where(building, "ge", x, building.number(1.0), building.number(0.0))


def _delta(building: Building, x: Value) -> Value:
    return _where(building, "eq", x, building.number(1.0), building.number(0.0))


def _select(building: Building, condition: Value, a: Value, b: Value) -> Value:
    return _where(building, "ne", condition, a, b)


def _abs(building: Building, x: Value) -> Value:
    return _where(building, "ge", x, x, building.call("neg", x))


def _min(building: Building, a: Value, b: Value) -> Value:
    return building.call("where", building.call("lt", a, b), a, b)


def _max(building: Building, a: Value, b: Value) -> Value:
    return building.call("where", building.call("ge", a, b), a, b)


def _where(building: Building, comparison: str, x: Value, a: Value, b: Value) -> Value:
    return building.call("where", building.call(comparison, x, building.number(0.0)), a, b)


def _divided(building: Building, a: Value, b: Value) -> Value:
    if a.node == b.node and building.operations.known(a) != 0:
        simplified(building, a, "Lepton", "x/x", "1")
    return _WITH_ZEROS["/"].build(building, a, b)


def _subtracted(building: Building, a: Value, b: Value) -> Value:
    if a.node == b.node:
        simplified(building, a, "Lepton", "x - x", "0")
    return building.call("sub", a, b)


def _raised(building: Building, a: Value, b: Value) -> Value:
    if building.operations.known(a) == 0:
        simplified(building, a, "Lepton", "0^x", "0")
    elif building.operations.builder.nodes[a.node].op == "sqrt" and building.operations.known(b) == 2:
        simplified(building, a, "Lepton", "sqrt(x)^2", "x")
    return building.call("pow", a, b)


FUNCTIONS = {
    **{name: named(ours) for name, ours in _NAMES.items()},
    "atan2": named("arctan2", 2),
    "sec": written("x", "1/cos(x)"),
    "csc": written("x", "1/sin(x)"),
    "cot": written("x", "1/tan(x)"),
    "square": _power(2),
    "cube": _power(3),
    "recip": written("x", "1/x"),
    "step": Rule(1, _step, "where(x >= 0, 1, 0): 1 at 0, and 0 where x is nan"),
    "delta": Rule(1, _delta, "where(x == 0, 1, 0): a single point, with the derivative 0"),
    "select": Rule(3, _select, "where(c != 0, a, b): negative conditions are true"),
    "abs": Rule(1, _abs, "where(x >= 0, x, -x)" + _OF_A_TIE.format("1", "abs")),
    "min": Rule(2, _min, "where(a < b, a, b)" + _OF_A_TIE.format("that of b", "min")),
    "max": Rule(2, _max, "where(a >= b, a, b)" + _OF_A_TIE.format("that of a", "max")),
}
"""What is written as a call."""

RULES = {
    **FUNCTIONS,
    **ARITHMETIC,
    **_WITH_ZEROS,
    "-": Rule(2, _subtracted),
    "/": Rule(2, _divided),
    "^": Rule(2, _raised),
}
"""Functions and operators."""
