"""Rules as most notations need them: of a name, of a text in our language, of arguments as many as there are."""

from __future__ import annotations

import functools

from gridgrad.formats.trees.building import Building, Rule
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.typed_builder import Value

__all__ = [
    "ARITHMETIC",
    "COMPARISONS",
    "MANY",
    "OF_ONE",
    "combined",
    "folded",
    "named",
    "signed",
    "simplified",
    "with_zeros_noted",
    "written",
]

MANY = 10**6
"""As many arguments as one likes."""


def named(ours: str, arity: int = 1, note: str = "") -> Rule:
    """What is a function or operator of the language, by its name in the table."""
    return Rule(arity, lambda building, *arguments: building.call(ours, *arguments), note)


def written(parameters: str, text: str, more: str = "", *, noted: bool = True) -> Rule:
    """What is a formula of the language.

    Args:
        parameters: the names of its arguments, which are numbers, by spaces.
        text: the formula in these names.
        more: what is to be said beside it.
        noted: whether the formula is said where it is used.
    """
    names = parameters.split()

    def build(building: Building, *arguments: Value) -> Value:
        given = dict(zip(names, map(building.operations.number, arguments), strict=True))
        return _inlined(building, _parsed(text), given, arguments[0].start)

    return Rule(len(names), build, f"{text}{': ' * bool(more)}{more}" if noted else "")


def folded(parameters: str, text: str, more: str = "") -> Rule:
    """What is a formula of two arguments, and of more from the left."""
    of_two = written(parameters, text)

    def build(building: Building, *arguments: Value) -> Value:
        return functools.reduce(functools.partial(of_two.build, building), arguments)

    return Rule(1, build, f"{text}{': ' * bool(more)}{more}", MANY)


def combined(*ours: str, arity: int = 2) -> Rule:
    """Operations one after the other, the first one of all the arguments: ("and", "not") is nand."""

    def build(building: Building, *arguments: Value) -> Value:
        value = building.call(ours[0], *arguments)
        for name in ours[1:]:
            value = building.call(name, value)
        return value

    return Rule(arity, build)


def signed(building: Building, x: Value) -> Value:
    """-x, where a sign before a number is part of it."""
    return building.operations.prefix("neg", x.start, x)


def simplified(building: Building, at: Value, package: str, text: str, comes_to: str) -> None:
    """Notes that a package simplifies something that is computed here as it is written."""
    found = f"{package} simplifies {text} to {comes_to} for every x, be it infinite or nan"
    building.note(at, f"{found}; here it is computed as it is written")


def with_zeros_noted(package: str) -> dict[str, Rule]:
    """Products and quotients of a package that takes `0*x` and `0/x` for 0."""

    def multiplied(building: Building, a: Value, b: Value) -> Value:
        if 0.0 in (building.operations.known(a), building.operations.known(b)):
            simplified(building, a, package, "0*x", "0")
        return building.call("mul", a, b)

    def divided(building: Building, a: Value, b: Value) -> Value:
        if building.operations.known(a) == 0:
            simplified(building, a, package, "0/x", "0")
        return building.call("div", a, b)

    return {"*": Rule(2, multiplied), "/": Rule(2, divided)}


@functools.cache
def _parsed(text: str) -> Program:
    return parse(text)


def _inlined(building: Building, program: Program, given: dict[str, int], start: int) -> Value:
    places: list[int] = []
    for node in program.nodes:
        places.append(_placed(building, node, places, given))
    (output,) = program.outputs
    return _condition(program, places, start) or Value(places[output], start)


def _placed(building: Building, node: Node, places: list[int], given: dict[str, int]) -> int:
    if node.op == "input":
        return given[str(node.value)]
    if node.op == "const":
        return building.number(node.number).node
    return building.operations.again(node, tuple(places[argument] for argument in node.args))


def _condition(program: Program, places: list[int], start: int) -> Value | None:
    """What a condition is that the text, being a number as a whole, made 1 or 0 of."""
    last = program.nodes[program.outputs[0]]
    if last.op != "where" or [program.nodes[argument].value for argument in last.args[1:]] != [1.0, 0.0]:
        return None
    return Value(places[last.args[0]], start, "boolean")


OF_ONE = {
    **{name: named(name) for name in ("sqrt", "exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "abs")},
    **{f"a{name}": named(f"arc{name}") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
}
"""Functions of one argument that notations have in common, by their names there."""

ARITHMETIC = {
    "+": named("add", 2),
    "-": named("sub", 2),
    "*": named("mul", 2),
    "/": named("div", 2),
    "^": named("pow", 2),
    "negative": Rule(1, signed),
    "positive": Rule(1, lambda _, x: x),
}
"""Operators with the signs that they have everywhere."""

COMPARISONS = {sign: named(ours, 2) for sign, ours in {"<": "lt", "<=": "le", ">": "gt", ">=": "ge"}.items()}
"""Comparisons with the signs that they have everywhere."""
