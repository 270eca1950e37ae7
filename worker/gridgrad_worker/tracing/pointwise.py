"""torch's operations on each element of tensors, as the language computes them.

Slopes at ties are torch's own, as measured by the tests: its relu has the slope 0 at 0, its clamp 1 at a bound, and the
maximum of equal numbers half of each. The language has other rules there, so these operations are written as choices by
`where`, of which the chosen side alone counts.
"""

from __future__ import annotations

from collections.abc import Callable

from gridgrad_worker.tracing.elements import ElementBuilder, Elements, Operand
from gridgrad_worker.tracing.graph import UntraceableError

__all__ = ["POINTWISE"]

Rule = Callable[..., Elements | tuple[Elements, ...]]

_SAME = (
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "reciprocal", "sin", "cos", "tan", "asin", "acos",
    "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "sinc", "deg2rad", "rad2deg", "sigmoid", "silu", "erf",
    "erfc", "erfinv", "digamma", "lgamma", "floor", "ceil", "trunc", "isnan", "isinf", "isposinf", "isneginf",
    "signbit", "logical_not", "logical_and", "logical_or", "logical_xor", "eq", "ne", "lt", "le", "gt", "ge", "atan2",
    "hypot", "logaddexp", "logaddexp2", "copysign", "fmod", "i0", "neg", "mul",
)  # fmt: skip
"""What torch and the language call by one name."""
_RENAMED = {
    "special_ndtri": "norm_ppf",
    "special_erfcx": "erfcx",
    "special_log_ndtr": "log_norm_cdf",
    "special_entr": "entr",
    "special_i1": "i1",
    "bitwise_not": "not",
    "bitwise_and": "and",
    "bitwise_or": "or",
    "bitwise_xor": "logical_xor",
    "remainder": "mod",
}
_TEXTS = {
    **dict.fromkeys(("sign", "sgn"), "where(isnan(a), 0, sign(a))"),
    "relu": "where(a <= 0, 0, a)",
    "abs": "where(a < 0, -a, where(a == 0, 0, a))",
    "rsqrt": "1/sqrt(a)",
    "mish": "a*tanh(softplus(a))",
    "hardswish": "where(a <= -3, 0, where(a >= 3, a, a*(a + 3)/6))",
    "maximum": "where(a > b, a, where(b > a, b, where(a == b, 0.5*a + 0.5*b, a + b)))",
    "minimum": "where(a < b, a, where(b < a, b, where(a == b, 0.5*a + 0.5*b, a + b)))",
    "fmax": "where(a > b or isnan(b), a, b)",
    "fmin": "where(a <= b or isnan(b), a, b)",
    "threshold": "where(a <= b, c, a)",
    "hardtanh": "where(a <= b, b, where(a >= c, c, a))",
    "leaky_relu": "where(a > 0, a, b*a)",
    "softplus": "where(b*a > c, a, where(b*a == c, softplus(c)/b + sigmoid(c)*(a - c/b), softplus(b*a)/b))",
    "xlogy": "where(a == 0 and b <= 0, 0, xlogy(a, b))",
    "special_xlog1py": "where(a == 0 and b <= -1, 0, xlog1py(a, b))",
    "frac": "a - trunc(a)",
    "ldexp": "a*2**b",
    "_prelu_kernel": "where(a >= 0, a, b*a)",
    "softshrink": "where(a >= -b and a <= b, 0, where(a > 0, a - b, a + b))",
    "hardshrink": "where(a >= -b and a <= b, 0, a)",
    "addcmul": "a + d*(b*c)",
    "addcdiv": "a + d*(b/c)",
    "lerp": "where(abs(c) < 0.5, a + c*(b - a), b - (b - a)*(1 - c))",
    "tanh_backward": "a*(1 - b*b)",
    "sigmoid_backward": "a*(1 - b)*b",
}
"""Operations that are written out; a, b, c, ... are their arguments in order."""


def _text(text: str) -> Rule:
    return lambda build, *operands: build.text(text, *operands)


def _call(name: str) -> Rule:
    return lambda build, *operands: build.call(name, *operands)


def _add(build: ElementBuilder, x: Operand, y: Operand, alpha: float = 1) -> Elements:
    return build.call("add", x, y if alpha == 1 else build.call("mul", alpha, y))


def _sub(build: ElementBuilder, x: Operand, y: Operand, alpha: float = 1) -> Elements:
    return build.call("sub", x, y if alpha == 1 else build.call("mul", alpha, y))


def _rsub(build: ElementBuilder, x: Operand, y: Operand, alpha: float = 1) -> Elements:
    return _sub(build, y, x, alpha)


def _div(build: ElementBuilder, x: Operand, y: Operand, rounding_mode: str | None = None) -> Elements:
    if rounding_mode == "floor":
        return build.call("floordiv", x, y)
    quotient = build.call("div", x, y)
    return build.call("trunc", quotient) if rounding_mode else quotient


def _pow(build: ElementBuilder, x: Operand, y: Operand) -> Elements:
    return build.call("pow", x, y)


def _where(build: ElementBuilder, condition: Elements, x: Operand, y: Operand) -> Elements:
    both = [each if isinstance(each, Elements) else build.numbers(each) for each in (x, y)]
    if all(each.kind == "boolean" for each in both):
        return build.call("ne", build.call("where", condition, *both), 0.0)
    return build.call("where", condition, *both)


def _clamp(build: ElementBuilder, x: Operand, low: Operand | None = None, high: Operand | None = None) -> Elements:
    if low is None or high is None:
        return _clamp_min(build, x, low) if low is not None else _clamp_max(build, x, high or 0.0)
    between = "where(b > c, c, where(a < b, b, where(a > c, c, a)))"
    if isinstance(low, Elements) or isinstance(high, Elements):
        between = f"where(isnan(b) or isnan(c), b + c, {between})"
    return build.text(between, x, low, high)


def _clamp_min(build: ElementBuilder, x: Operand, low: Operand) -> Elements:
    """At a bound that is a number the slope is that of x, at one that is a tensor that of the bound, even nan."""
    is_below = "a <= b or isnan(b)" if isinstance(low, Elements) else "a < b"
    return build.text(f"where({is_below}, b, a)", x, low)


def _clamp_max(build: ElementBuilder, x: Operand, high: Operand) -> Elements:
    is_above = "a >= b or isnan(b)" if isinstance(high, Elements) else "a > b"
    return build.text(f"where({is_above}, b, a)", x, high)


def _gelu(build: ElementBuilder, x: Operand, approximate: str = "none") -> Elements:
    if approximate == "none":
        return build.call("gelu", x)
    return build.text("0.5*a*(1 + tanh(0.7978845608028654*(a + 0.044715*a**3)))", x)


def _round(build: ElementBuilder, x: Operand, decimals: int = 0) -> Elements:
    if decimals:
        raise UntraceableError("it rounds to decimals")
    return build.call("rint", x)


def _logit(build: ElementBuilder, x: Operand, eps: float | None = None) -> Elements:
    return build.call("logit", x if eps is None else _clamp(build, x, eps, 1 - eps))


def _polygamma(build: ElementBuilder, order: int, x: Operand) -> Elements:
    return build.call("polygamma", float(order), x) if order else build.call("digamma", x)


def _addc(text: str) -> Rule:
    return lambda build, x, first, second, value=1: build.text(text, x, first, second, value)


def _elu(build: ElementBuilder, x: Operand, alpha: float = 1, scale: float = 1, input_scale: float = 1) -> Elements:
    below = "where(a == 0, b*c*d*a, b*c*expm1(d*a))"  # torch's second slope at 0 is 0, its first the one below
    return build.text(f"where(a > 0, c*a, {below})", x, alpha, scale, input_scale)


def _log_sigmoid(build: ElementBuilder, x: Operand) -> tuple[Elements]:
    return (build.call("log_sigmoid", x),)  # torch's has a buffer too


def _nan_to_num(build: ElementBuilder, x: Operand, *replaced: float | None) -> Elements:
    if any(each is not None for each in replaced):
        raise UntraceableError("it replaces nan by numbers of its own")
    return build.call("nan_to_num", x)


POINTWISE: dict[str, Rule] = {
    **{name: _call(name) for name in _SAME},
    **{name: _call(ours) for name, ours in _RENAMED.items()},
    **{name: _text(text) for name, text in _TEXTS.items()},
    "add": _add,
    "sub": _sub,
    "rsub": _rsub,
    "div": _div,
    "pow": _pow,
    "where": _where,
    "clamp": _clamp,
    "clamp_min": _clamp_min,
    "clamp_max": _clamp_max,
    "gelu": _gelu,
    "round": _round,
    "logit": _logit,
    "polygamma": _polygamma,
    "addcmul": _addc(_TEXTS["addcmul"]),
    "addcdiv": _addc(_TEXTS["addcdiv"]),
    "elu": _elu,
    "log_sigmoid_forward": _log_sigmoid,
    "nan_to_num": _nan_to_num,
}
"""By the name of the aten operation: what writes it, given the builder and the operation's arguments."""
