"""Texts of the language at random: nearly all of them right, and the same ones damaged."""

from __future__ import annotations

import random

from gridgrad_core.lang.functions.table import DIFF, FUNCTIONS

__all__ = ["DAMAGE", "NAMES", "damaged", "text"]

NAMES = ("t", "k", "x", "y")
NUMBERS = ("0", "1", "2", "-3", "0.5", "1e-3", ".5", "1e300", "1e-320", "pi", "e", "inf", "nan")
BINARY = ("+", "-", "*", "/", "**", "//", "%", "<", "<=", "==", "!=", ">", ">=", " and ", " or ")
WORDS = ("**", "diff", "where", "piecewise", "f0(x, b) = ", "é", "\0", "∂", "𝒳", "1e999", "lambda")
DAMAGE = (*'()[]{},;=+-*/%<>!&|^~@#$?:."\\\n\t 0e_x', *WORDS)
"""What damage puts into a text."""
CALLED = [function for function in FUNCTIONS.values() if function.group != "operator"]


def text(draw: random.Random, depth: int = 4) -> str:
    """A text of some statements and one or two components.

    Args:
        draw: draws it.
        depth: how deep calls and operators are nested, at most.
    """
    names = list(NAMES)
    statements = []
    for number in range(draw.choice((0, 0, 0, 1, 2))):
        if draw.random() < 0.3:
            statements.append(f"f{number}(x, b) = {_expression(draw, [*names, 'b'], depth - 1)}")
            statements.append(f"v{number} = f{number}({_expression(draw, names, 1)}, {_expression(draw, names, 1)})")
        else:
            statements.append(f"v{number} = {_expression(draw, names, depth - 1)}")
        names.append(f"v{number}")
    components = ", ".join(_expression(draw, names, depth) for _ in range(draw.choice((1, 1, 1, 2))))
    return "; ".join([*statements, components])


KNOWN = {"integer": ("0", "1", "2", "3", "4"), "constant": ("0.5", "1", "2.5", "-1.5", "30")}
"""What stands where a function takes numbers alone, by the kind of its parameter."""


def _expression(draw: random.Random, names: list[str], depth: int) -> str:
    if depth <= 0 or draw.random() < 0.15:
        return draw.choice(names) if draw.random() < 0.6 else draw.choice(NUMBERS)
    kind = draw.randrange(10)
    if kind < 5:
        operator = draw.choice(BINARY[:4] if kind < 3 else BINARY)
        return f"({_expression(draw, names, depth - 1)}{operator}{_expression(draw, names, depth - 1)})"
    if kind == 5:
        return f"-{_expression(draw, names, depth - 1)}"
    if kind == 6:
        name = draw.choice(names)
        return f"{DIFF.name}({name}*{_expression(draw, names, depth - 1)}, {name}, {draw.randrange(4)})"
    function = draw.choice(CALLED)
    arguments = [
        draw.choice(KNOWN[kind]) if kind in KNOWN else _expression(draw, names, depth - 1)
        for kind in function.kinds or ("number",) * len(function.params)
    ]
    return f"{draw.choice((function.name, *function.aliases))}({', '.join(arguments)})"


def damaged(draw: random.Random, whole: str) -> str:
    """The text with one to three characters or words gone, doubled or put in."""
    characters = list(whole)
    for _ in range(draw.randint(1, 3)):
        place = draw.randint(0, len(characters))
        match draw.randrange(4):
            case 0:
                del characters[place : place + draw.randint(1, 4)]
            case 1:
                characters[place:place] = characters[place : place + draw.randint(1, 8)]
            case _:
                characters.insert(place, draw.choice(DAMAGE))
    return "".join(characters)
