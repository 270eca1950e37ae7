"""What a program is at one point, in plain floats, as far as that can be told without an engine.

It tells where a program is finite, infinite or nan, as IEEE 754 has it; what it computes is right to some digits only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from gridgrad_core.lang.program.nodes import Node
from gridgrad_core.lang.program.operations import COMPARISONS
from gridgrad_core.lang.program.program import Program

__all__ = ["float_values"]


def float_values(program: Program, inputs: Mapping[str, float]) -> list[float | None]:
    """The components of a program at a point.

    Args:
        program: what to compute.
        inputs: a number for each of its inputs.

    Returns:
        A number for each component; None where it depends on a function that is not computed here.
    """
    values: list[float | None] = []
    for node in program.nodes:
        if node.op == "input":
            values.append(float(inputs[str(node.value)]))
        elif node.op == "const":
            values.append(node.number)
        else:
            values.append(_value(node, [values[argument] for argument in node.args]))
    return [values[output] for output in program.outputs]


def _value(node: Node, arguments: list[float | None]) -> float | None:
    if node.op == "where":
        condition, *sides = arguments
        return None if condition is None else sides[0] if condition else sides[1]
    if node.op not in _VALUES or None in arguments:
        return None
    try:
        return float(_VALUES[node.op](*arguments))
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan


def _quotient(x: float, y: float) -> float:
    if y:
        return x / y
    return math.nan if x == 0 or math.isnan(x) else math.copysign(math.inf, x) * math.copysign(1, y)


def _power(x: float, y: float) -> float:
    if x == 0 and y < 0:
        return math.inf if y % 2 != 1 else math.copysign(math.inf, x)
    return math.pow(x, y)


def _logarithm(log: Callable[[float], float], pole: float, x: float) -> float:
    return -math.inf if x == pole else log(x)


def _direction(x: float, y: float) -> float:
    return x / math.hypot(x, y) if x or y else 0.0


def _sech(x: float) -> float:
    return 2 / (math.exp(x) + math.exp(-x)) if abs(x) < 700 else 0.0 * x


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _ratio(f: Callable[[float], float]) -> Callable[[float], float]:
    """f(x)/x of an f with the slope 1 at 0."""
    return lambda x: f(x) / x if x else 1.0


def _extreme(choose: Callable[[float, float], float]) -> Callable[[float, float], float]:
    return lambda x, y: math.nan if math.isnan(x) or math.isnan(y) else choose(x, y)


_VALUES: dict[str, Callable[..., Any]] = {
    **COMPARISONS,
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": _quotient,
    "neg": lambda x: -x,
    "pow": _power,
    "and": lambda x, y: bool(x) and bool(y),
    "or": lambda x, y: bool(x) or bool(y),
    "not": lambda x: not x,
    "isnan": math.isnan,
    "isfinite": math.isfinite,
    "maximum": _extreme(max),
    "minimum": _extreme(min),
    "relu": lambda x: _extreme(max)(x, 0.0),
    "abs": abs,
    "sign": lambda x: x if math.isnan(x) else float(x > 0) - float(x < 0),
    "copysign": math.copysign,
    "positive": lambda x: x,
    "sqrt": math.sqrt,
    "cbrt": math.cbrt,
    "square": lambda x: x * x,
    "reciprocal": lambda x: _quotient(1.0, x),
    "hypot": math.hypot,
    "direction": _direction,
    "exp": math.exp,
    "exp2": lambda x: math.pow(2.0, x),
    "expm1": math.expm1,
    "log": lambda x: _logarithm(math.log, 0.0, x),
    "log2": lambda x: _logarithm(math.log2, 0.0, x),
    "log10": lambda x: _logarithm(math.log10, 0.0, x),
    "log1p": lambda x: _logarithm(math.log1p, -1.0, x),
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "arcsin": math.asin,
    "arccos": math.acos,
    "arctan": math.atan,
    "arctan2": math.atan2,
    "sinc": lambda x: _ratio(math.sin)(math.pi * x),
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
    "sech": _sech,
    "arcsinh": math.asinh,
    "arccosh": math.acosh,
    "erf": math.erf,
    "erfc": math.erfc,
    "norm_pdf": lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    "norm_cdf": lambda x: math.erfc(-x / math.sqrt(2)) / 2,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "log_sigmoid": lambda x: -_softplus(-x),
    "tanhc": _ratio(math.tanh),
    "exprel": _ratio(math.expm1),
    "log1prel": _ratio(math.log1p),
    "bernoulli": lambda x: 1 / _ratio(math.expm1)(x),
}
"""Each function that is computed here, on floats. What overflows or has no value may raise."""
