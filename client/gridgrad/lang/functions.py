"""The functions of the language: one table that the parser, the engines and the docs follow.

Each entry holds its formula, its derivatives as text in the language itself, and what it is at
awkward points. Engines implement the value of each entry and take derivatives from here.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["FUNCTIONS", "Function", "Kind", "lookup"]

Kind = Literal["number", "boolean", "integer"]
"""What an argument or a result is. An "integer" argument is a constant integer, 0 or more."""


class Function(NamedTuple):
    """A function or operator of the language.

    Args:
        name: its name, also the `op` of its nodes.
        params: the names of its parameters.
        formula: the formula, for a reader.
        derivatives: for each parameter, the partial derivative as an expression of the language
            over `params`; "0" where it is structurally zero (comparisons, rounding, conditions).
        group: the heading under which the docs list it; "operator" for what is written with a symbol.
        aliases: other names for it.
        notes: what it and its derivatives are at awkward points.
        kinds: the kind of each parameter; all numbers when empty.
        result: the kind of its result.
        variadic: whether more arguments than `params` fold from the left, as in max(a, b, c).
    """

    name: str
    params: tuple[str, ...]
    formula: str
    derivatives: tuple[str, ...]
    group: str
    aliases: tuple[str, ...] = ()
    notes: str = ""
    kinds: tuple[Kind, ...] = ()
    result: Kind = "number"
    variadic: bool = False


_TABLE: tuple[Function, ...] = (
    Function("add", ("x", "y"), "x + y", ("1", "1"), "operator"),
    Function("sub", ("x", "y"), "x - y", ("1", "-1"), "operator"),
    Function("mul", ("x", "y"), "x * y", ("y", "x"), "operator"),
    Function("div", ("x", "y"), "x / y", ("1/y", "-x/y/y"), "operator"),
    Function("floordiv", ("x", "y"), "x // y", ("0", "0"), "operator"),
    Function("mod", ("x", "y"), "x % y", ("1", "-(x//y)"), "operator"),
    Function("pow", ("x", "y"), "x ** y", ("y*x**(y - 1)", "log(x)*x**y"), "operator"),
    Function("neg", ("x",), "-x", ("-1",), "operator"),
    Function("lt", ("x", "y"), "x < y", ("0", "0"), "operator", result="boolean"),
    Function("le", ("x", "y"), "x <= y", ("0", "0"), "operator", result="boolean"),
    Function("gt", ("x", "y"), "x > y", ("0", "0"), "operator", result="boolean"),
    Function("ge", ("x", "y"), "x >= y", ("0", "0"), "operator", result="boolean"),
    Function("eq", ("x", "y"), "x == y", ("0", "0"), "operator", result="boolean"),
    Function("ne", ("x", "y"), "x != y", ("0", "0"), "operator", result="boolean"),
    Function("and", ("x", "y"), "x and y", ("0", "0"), "operator", kinds=("boolean", "boolean"), result="boolean"),
    Function("or", ("x", "y"), "x or y", ("0", "0"), "operator", kinds=("boolean", "boolean"), result="boolean"),
    Function("not", ("x",), "not x", ("0",), "operator", kinds=("boolean",), result="boolean"),
    Function(
        "where",
        ("c", "a", "b"),
        "a where c holds, else b",
        ("0", "where(c, 1, 0)", "where(c, 0, 1)"),
        "conditions",
        kinds=("boolean", "number", "number"),
    ),
    Function("exp", ("x",), "eˣ", ("exp(x)",), "exponentials and logarithms"),
    Function("log", ("x",), "ln x", ("1/x",), "exponentials and logarithms", aliases=("ln",)),
    Function("sqrt", ("x",), "√x", ("0.5/sqrt(x)",), "powers and roots"),
    Function("sin", ("x",), "sin x", ("cos(x)",), "trigonometry"),
    Function("cos", ("x",), "cos x", ("-sin(x)",), "trigonometry"),
    Function("maximum", ("x", "y"), "the larger", ("where(x > y, 1, where(x == y, 0.5, 0))",) * 2, "extremes",
             aliases=("max", "fmax"), variadic=True),
)  # fmt: skip

FUNCTIONS: dict[str, Function] = {function.name: function for function in _TABLE}
_BY_ANY_NAME = FUNCTIONS | {alias: function for function in _TABLE for alias in function.aliases}


def lookup(name: str) -> Function | None:
    """The function that is called by this name or alias in an expression; None if there is none."""
    function = _BY_ANY_NAME.get(name)
    return function if function and function.group != "operator" else None
