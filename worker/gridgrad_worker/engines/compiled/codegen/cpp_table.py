"""What torch's operations are in C++: one row for each that a function of the language comes down to.

The names on the right are those of `cpp/vectors.h`, `cpp/functions.h`, `cpp/special.h` and `cpp/library.h`. Whoever
computes on something else than vectors of a processor has to give the same names for it, and nothing else.
"""

from __future__ import annotations

from gridgrad_core.lang.library.library_table import LIBRARY

__all__ = ["FORMS", "SPECIAL", "WRITTEN"]


def _called(name: str, count: int) -> str:
    return f"{name}({', '.join(f'{{{n}}}' for n in range(count))})"


FORMS: dict[str, str] = {
    "abs": "abs({0})",
    "acos": "acos({0})",
    "acosh": "acosh({0})",
    "add": "{0} + {1}",
    "asin": "asin({0})",
    "asinh": "asinh({0})",
    "atan": "atan({0})",
    "atan2": "atan2({0}, {1})",
    "atanh": "atanh({0})",
    "bitwise_and": "{0} & {1}",
    "ceil": "ceil({0})",
    "copysign": "copysign({0}, {1})",
    "cos": "cos({0})",
    "cosh": "cosh({0})",
    "deg2rad": "{0} * Real(0.017453292519943295)",
    "digamma": "digamma({0})",
    "div": "{0} / {1}",
    "eq": "{0} == {1}",
    "erf": "erf({0})",
    "erfc": "erfc({0})",
    "erfinv": "erfinv({0})",
    "exp": "exp({0})",
    "exp2": "exp2({0})",
    "expm1": "expm1({0})",
    "floor": "floor({0})",
    "floor_divide": "floor_divide({0}, {1})",
    "fmax": "fmax({0}, {1})",
    "fmin": "fmin({0}, {1})",
    "fmod": "fmod({0}, {1})",
    "ge": "{0} >= {1}",
    "gt": "{0} > {1}",
    "hypot": "hypot({0}, {1})",
    "isinf": "isinf({0})",
    "isnan": "isnan({0})",
    "isneginf": "{0} == -UNBOUNDED",
    "isposinf": "{0} == UNBOUNDED",
    "le": "{0} <= {1}",
    "lgamma": "lgamma({0})",
    "log": "log({0})",
    "log10": "log10({0})",
    "log1p": "log1p({0})",
    "log2": "log2({0})",
    "logaddexp": "logaddexp({0}, {1})",
    "logaddexp2": "logaddexp2({0}, {1})",
    "logical_and": "{0} & {1}",
    "logical_not": "~{0}",
    "logical_or": "{0} | {1}",
    "logical_xor": "{0} ^ {1}",
    "lt": "{0} < {1}",
    "maximum": "maximum({0}, {1})",
    "minimum": "minimum({0}, {1})",
    "mul": "{0} * {1}",
    "nan_to_num": "nan_to_num({0})",
    "ne": "{0} != {1}",
    "neg": "-{0}",
    "pow": "pow({0}, {1})",
    "rad2deg": "{0} * Real(57.29577951308232)",
    "reciprocal": "1 / {0}",
    "relu": "select({0} < 0, Vector{{}}, {0})",
    "remainder": "remainder({0}, {1})",
    "round": "rint({0})",
    "rsub": "{1} - {0}",
    "sigmoid": "sigmoid({0})",
    "sign": "sign({0})",
    "signbit": "signbit({0})",
    "sin": "sin({0})",
    "sinh": "sinh({0})",
    "special_entr": "entr({0})",
    "special_erfcx": "erfcx({0})",
    "special_log_ndtr": "log_ndtr({0})",
    "special_ndtri": "ndtri({0})",
    "special_xlog1py": "xlog1py({0}, {1})",
    "sqrt": "sqrt({0})",
    "sub": "{0} - {1}",
    "tan": "tan({0})",
    "tanh": "tanh({0})",
    "trunc": "trunc({0})",
    "where": "select({0}, {1}, {2})",
    "xlogy": "xlogy({0}, {1})",
    **{name: _called(name, of.integers + of.numbers) for name, of in LIBRARY.items()},
}
"""Of vectors; of conditions where torch's are of booleans."""

WRITTEN: dict[str, str] = {
    "norm_pdf": "norm_pdf({0})",
    "norm_cdf": "norm_cdf({0})",
    "gelu": "{0} * norm_cdf({0})",
    "mod": "remainder({0}, {1})",
    "fmod": "fmod({0}, {1})",
}
"""Functions of the language that are better than what the direct tier makes of torch's."""

SPECIAL = frozenset({"digamma", "erfinv", "special_erfcx", "special_log_ndtr", "special_ndtri"})
"""Those of `cpp/special.h`, which takes a second to compile."""
