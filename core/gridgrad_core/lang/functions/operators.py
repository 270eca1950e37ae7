"""What is written with a symbol or a keyword, and numpy's names for it.

`gridgrad_core.lang.functions` lists every place that a new function touches.
"""

from __future__ import annotations

from gridgrad_core.lang.functions.function import Function

__all__ = ["TABLE"]

_XY = ("x", "y")
_NO_SLOPE = ("0", "0")
_POW_NOTES = (
    "`x**0` is 1 for every x. A negative x with a y that is no integer gives nan. At x = 0 the derivative by y is 0 "
    "for y ≥ 0, and so are the mixed ones taken through it"
)


def _arithmetic(name: str, symbol: str, derivatives: tuple[str, str], *aliases: str, notes: str = "") -> Function:
    return Function(name, _XY, f"x {symbol} y", derivatives, "operator", aliases, notes)


def _comparison(name: str, symbol: str, alias: str) -> Function:
    return Function(name, _XY, f"x {symbol} y", _NO_SLOPE, "operator", (alias,), result="boolean")


def _logical(name: str, alias: str) -> Function:
    formula = f"x {name} y"
    return Function(name, _XY, formula, _NO_SLOPE, "operator", (alias,), kinds=("boolean", "boolean"), result="boolean")


TABLE = (
    _arithmetic("add", "+", ("1", "1"), "add"),
    _arithmetic("sub", "-", ("1", "-1"), "subtract"),
    _arithmetic("mul", "*", ("y", "x"), "multiply"),
    _arithmetic("div", "/", ("1/y", "-x/y/y"), "divide", "true_divide", notes="`x/0` is ±inf, `0/0` nan"),
    _arithmetic(
        "floordiv", "//", _NO_SLOPE, "floor_divide", notes="rounded down; the derivatives are 0 at the jumps too"
    ),
    _arithmetic(
        "mod", "%", ("1", "-(x//y)"), "mod", "remainder",
        notes="has the sign of y, as in Python. At multiples of y it jumps, with the derivatives of either side",
    ),
    _arithmetic(
        "pow", "**", ("where(x == 0 and y == 0, 0, y*x**(y - 1))", "where(x == 0 and y >= 0, 0, log(x)*x**y)"),
        "pow", "power", "float_power", notes=_POW_NOTES,
    ),
    Function("neg", ("x",), "-x", ("-1",), "operator", ("negative",)),
    _comparison("lt", "<", "less"),
    _comparison("le", "<=", "less_equal"),
    _comparison("gt", ">", "greater"),
    _comparison("ge", ">=", "greater_equal"),
    _comparison("eq", "==", "equal"),
    _comparison("ne", "!=", "not_equal"),
    _logical("and", "logical_and"),
    _logical("or", "logical_or"),
    Function("not", ("x",), "not x", ("0",), "operator", ("logical_not",), kinds=("boolean",), result="boolean"),
)  # fmt: skip
