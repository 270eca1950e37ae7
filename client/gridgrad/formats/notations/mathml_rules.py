"""What MathML's functions come to in SBML, as libRoadRunner 2.7.0 computes them, for nan too."""

from __future__ import annotations

import functools
import itertools

from gridgrad.formats.trees.building import Build, Building, Rule
from gridgrad.formats.trees.rule_making import MANY, OF_ONE, folded, named, written
from gridgrad_core.lang.program.typed_builder import Value

__all__ = ["RULES"]

_TRUE = written("x", "abs(x) > 0", noted=False)
_TIE = "at a tie the derivative is that of b, and it is b where one is nan"


def _condition(building: Building, value: Value) -> Value:
    """A value where a condition is wanted: nan is false."""
    return value if value.kind == "boolean" else _TRUE.build(building, value)


def _of_many(name: str, neutral: float) -> Rule:
    def build(building: Building, *arguments: Value) -> Value:
        if not arguments:
            return building.number(neutral)
        return functools.reduce(functools.partial(building.call, name), arguments)

    return Rule(0, build, most=MANY)


def _logical(name: str, neutral: float) -> Rule:
    whole = _of_many(name, neutral)
    return Rule(0, lambda b, *given: whole.build(b, *(_condition(b, each) for each in given)), most=MANY)


def _chain(name: str) -> Rule:
    """A comparison of each with the next."""

    def build(building: Building, *arguments: Value) -> Value:
        pairs = [building.call(name, a, b) for a, b in itertools.pairwise(arguments)]
        return functools.reduce(functools.partial(building.call, "and"), pairs)

    return Rule(2, build, most=MANY)


def _negated(building: Building, first: Value, *second: Value) -> Value:
    return building.call("sub", first, *second) if second else building.operations.prefix("neg", first.start, first)


def _piecewise(building: Building, *given: Value) -> Value:
    """Values and conditions in turns, and at last what holds otherwise."""
    *pairs, result = given
    for value, condition in reversed([*zip(pairs[::2], pairs[1::2], strict=True)]):
        result = building.call("where", _condition(building, condition), value, result)
    return result


def _implies(building: Building, a: Value, b: Value) -> Value:
    return building.call("or", building.call("not", _condition(building, a)), _condition(building, b))


def _not(building: Building, x: Value) -> Value:
    return building.call("not", _condition(building, x))


def _root(building: Building, degree: Value, x: Value) -> Value:
    if building.operations.known(degree) == 2:
        return building.call("sqrt", x)
    return building.call("pow", x, building.call("div", building.number(1.0), degree))


def _log(building: Building, base: Value, x: Value) -> Value:
    known = {2.0: "log2", 10.0: "log10"}.get(building.operations.known(base) or 0.0)
    if known:
        return building.call(known, x)
    return building.call("div", building.call("log", x), building.call("log", base))


def _inverted(of: str) -> dict[str, Rule]:
    """Functions of 1/x and one over functions: by their names in MathML."""
    one_over = {"sec": "cos", "csc": "sin", "cot": "tan"}
    pairs = {f"{name}{of}": f"{other}{of}" for name, other in one_over.items()}
    reciprocals = {name: written("x", f"1/{other}(x)") for name, other in pairs.items()}
    return reciprocals | {f"arc{name}": written("x", f"arc{other}(1/x)") for name, other in pairs.items()}


_BUILT: dict[str, tuple[int, Build]] = {
    "root": (2, _root),
    "log": (2, _log),
    "implies": (2, _implies),
    "not": (1, _not),
}
RULES = {
    **{f"arc{name.removeprefix('a')}" if name.startswith("a") else name: rule for name, rule in OF_ONE.items()},
    **_inverted(""),
    **_inverted("h"),
    **{name: Rule(*built) for name, built in _BUILT.items()},
    "abs": named("abs"),
    "ln": named("log"),
    "floor": named("floor"),
    "ceiling": named("ceil"),
    "plus": _of_many("add", 0.0),
    "times": _of_many("mul", 1.0),
    "minus": Rule(1, _negated, most=2),
    "divide": named("div", 2),
    "power": named("pow", 2),
    "rem": named("fmod", 2, "fmod(a, b), which has the sign of a"),
    "quotient": written("a b", "trunc(a/b)", "towards 0"),
    "max": folded("a b", "where(a > b, a, b)", _TIE),
    "min": folded("a b", "where(a < b, a, b)", _TIE),
    "eq": _chain("eq"),
    "lt": _chain("lt"),
    "leq": _chain("le"),
    "gt": _chain("gt"),
    "geq": _chain("ge"),
    "neq": named("ne", 2),
    "and": _logical("and", 1.0),
    "or": _logical("or", 0.0),
    "xor": _logical("logical_xor", 0.0),
    "piecewise": Rule(1, _piecewise, most=MANY),
}
"""What is applied, by the name of its element."""
