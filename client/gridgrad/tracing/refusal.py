"""What a traced value can't do, and what to write instead."""

from __future__ import annotations

import ast
import math
import re

from gridgrad.tracing.source_location import SourceLocation, here
from gridgrad_core.errors import TracingError

__all__ = [
    "BEYOND_FLOAT64",
    "FUNCTIONS",
    "SCALE",
    "as_array",
    "as_float",
    "as_integer",
    "as_key",
    "as_truth",
    "doing",
    "function",
    "iterated",
    "sized",
]

BEYOND_FLOAT64 = "a number beyond float64, whose largest is 1.8e308"
SCALE = "scale the formula, take logarithms, or write math.inf if you mean infinity"
_UNKNOWN = "is not known while the function is traced"

_MATH = {
    "ceil": "np.ceil", "fabs": "np.abs", "pow": "np.power", "asin": "np.arcsin", "acos": "np.arccos",
    "atan": "np.arctan", "atan2": "np.arctan2", "asinh": "np.arcsinh", "acosh": "np.arccosh", "atanh": "np.arctanh",
    "erf": "scipy.special.erf", "erfc": "scipy.special.erfc", "gamma": "scipy.special.gamma",
    "lgamma": "scipy.special.gammaln", "fsum": "sum", "dist": "np.hypot",
}  # fmt: skip
"""Functions of the module math with the numpy or scipy one, where that has another name or home."""

_INSTEAD = {
    "scipy.optimize": "write gridgrad.solve(lambda x: x**2 - p, 1.0) for a root; minimise outside of the function",
    "scipy.integrate": "write gridgrad.integrate(lambda u: np.exp(-u), 0, t) for an integral",
}
"""Modules of scipy that search and integrate by numbers, with what to write instead."""

FUNCTIONS = {
    "piecewise": "write np.select([condition, ...], [value, ...]) or np.where(condition, a, b)",
    "norm": "write np.sqrt(np.sum(x**2))",
    "einsum": "write np.sum(a*b), np.dot(a, b) or a @ b",
    "var": "write np.mean((x - np.mean(x))**2)",
    "std": "write np.sqrt(np.mean((x - np.mean(x))**2))",
    "isclose": "write np.abs(a - b) <= tolerance",
    "gradient": "write gridgrad.diff(u, v) inside of the function; ask for its own by derivatives=[...]",
    "trapezoid": "write np.sum(0.5*(y[1:] + y[:-1])*(x[1:] - x[:-1])) over arrays of coefficients",
    "trapz": "write np.sum(0.5*(y[1:] + y[:-1])*(x[1:] - x[:-1])) over arrays of coefficients",
    "linspace": "write start + (stop - start)*np.linspace(0, 1, n)",
}
"""Functions of numpy that can't be traced, with what to write instead."""


def doing(found: str, remedy: str) -> TracingError:
    """For whatever a caller's code does."""
    return TracingError("function", f"{found}, by {here()}", remedy)


def as_truth() -> TracingError:
    """For `if`, `while`, `and`, `or`, `not`, `in`, min() and max()."""
    place = here()
    found = f"the truth of {place} depends on the inputs and {_UNKNOWN}"
    return _of_scipy(place) or TracingError("function", found, _choice(place.text))


def as_float() -> TracingError:
    """For float() and the functions of the module math."""
    place = here()
    called = _called(place)
    if called and hasattr(math, called):
        other = _MATH.get(called, f"np.{called}")
        return TracingError("function", f"math.{called} in {place} takes plain numbers alone", f"write {other}")
    remedy = "leave float() out; to fill an array, write np.stack([a, b, ...]) instead of assigning to its elements"
    found = f"a traced value made a float by {place}; its number {_UNKNOWN}"
    return _of_scipy(place) or TracingError("function", found, remedy)


def _of_scipy(place: SourceLocation) -> TracingError | None:
    """For searches and integrals by functions of scipy, which go by numbers."""
    module = ".".join(place.called_module.split(".")[:2])
    if module not in _INSTEAD:
        return None
    return TracingError("function", f"{module}, which goes by numbers, called by {place}", _INSTEAD[module])


def as_integer(what: str) -> TracingError:
    """For int(), range(), indices and complex()."""
    remedy = (
        "write np.trunc(x) for a rounded number; what counts steps or elements must be a plain number: give it by "
        "functools.partial(function, n=3) or from outside the function"
    )
    return TracingError("function", f"a traced value made {what} by {here()}; its number {_UNKNOWN}", remedy)


def as_array() -> TracingError:
    """For np.array, np.asarray and what calls them."""
    place = here()
    if place.called_module.startswith("scipy.interpolate"):
        remedy = "give its points as an input, {'s': gridgrad.table(values, x=knots)}, and call that: s(x)"
        return TracingError("function", f"an interpolant of scipy called by {place}", remedy)
    remedy = (
        "write np.stack([a, b]) for an array of traced values, and leave np.asarray out; a function that needs plain "
        "arrays can't be traced"
    )
    found = f"a traced value made a plain array by {place}; its number {_UNKNOWN}"
    return _of_scipy(place) or TracingError("function", found, remedy)


def as_key() -> TracingError:
    """For keys of dicts, members of sets, and arguments of cached functions."""
    remedy = "choose with np.where or np.select; call a cached helper by its __wrapped__"
    return TracingError("function", f"a traced value as a key, by {here()}; its number {_UNKNOWN}", remedy)


def iterated() -> TracingError:
    """For iterating over, unpacking or indexing a single number."""
    remedy = "the function is applied point by point, so each input is one number; an array comes by coefficients={...}"
    return doing("a single number treated as an array", remedy)


def sized(what: str) -> TracingError:
    """For lengths, sums and means of a single number."""
    remedy = (
        "the function is applied point by point, so each input is one number whatever the grid is; reduce arrays of "
        "coefficients, or the result after the call"
    )
    return doing(f"{what} of a single number", remedy)


def function(name: str, home: str = "np.") -> TracingError:
    """For a function that is not traced."""
    remedy = FUNCTIONS.get(name, "docs/numpy.md lists what is traced; others can be registered at the server in torch")
    return TracingError("function", f"{home}{name}, by {here()}, can't be traced", remedy)


def _called(location: SourceLocation) -> str:
    """The name in the module math of the function that is called there; empty if it is none."""
    match = re.match(r"([A-Za-z_][\w.]*)\(", location.text)
    if match is None:
        return ""
    head, *rest = match[1].split(".")
    found = location.frame.f_locals.get(head, location.frame.f_globals.get(head))
    for name in rest:
        found = getattr(found, name, None)
    return str(getattr(found, "__name__", "")) if getattr(found, "__module__", "") == "math" else ""


def _choice(written: str) -> str:
    """What to write instead of a branch."""
    try:
        tree = ast.parse(written.strip(), mode="eval").body
    except SyntaxError:
        tree = ast.Constant(value=...)
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id in ("max", "min"):
        return f"write np.{tree.func.id}imum({', '.join(map(ast.unparse, tree.args))})"
    if isinstance(tree, ast.IfExp):
        return f"write np.where({', '.join(_numpy(each) for each in (tree.test, tree.body, tree.orelse))})"
    condition = "condition" if isinstance(tree, ast.Constant | ast.Call) else _numpy(tree)
    more = "" if condition != "condition" else "; np.maximum(a, b) for max(a, b), (a) & (b) for a and b"
    return f"write np.where({condition}, a, b) for a choice between a and b{more}"


def _numpy(tree: ast.expr) -> str:
    """A condition with &, | and ~ instead of and, or, not and chains."""
    if isinstance(tree, ast.BoolOp):
        sign = " & " if isinstance(tree.op, ast.And) else " | "
        return sign.join(f"({_numpy(value)})" for value in tree.values)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        return f"~({_numpy(tree.operand)})"
    if isinstance(tree, ast.Compare) and len(tree.ops) > 1:
        sides = [tree.left, *tree.comparators]
        pairs = zip(sides, tree.ops, sides[1:], strict=False)
        return " & ".join(f"({ast.unparse(ast.Compare(a, [op], [b]))})" for a, op, b in pairs)
    return ast.unparse(tree)
