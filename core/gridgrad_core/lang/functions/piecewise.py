"""What is made of pieces: conditions, extremes, signs and rounding.

`gridgrad_core.lang.functions` lists every place that a new function touches.
"""

from __future__ import annotations

from gridgrad_core.lang.functions.function import Function

__all__ = ["TABLE"]

_CONDITIONS = "conditions"
_EXTREMES = "extremes"
_SIGNS = "signs"
_ROUNDING = "rounding"

_FIRST_LARGER = "where(x > y, 1, where(x == y, 0.5, 0))"
_SECOND_LARGER = "where(y > x, 1, where(x == y, 0.5, 0))"
_TIES = "where both are equal each derivative is the mean of its sides, 0.5, and where three are, a third"
_NAN_WINS = "nan where either is"
_NAN_LOSES = "the other one where one is nan"


def _test(name: str, formula: str) -> Function:
    return Function(name, ("x",), formula, ("0",), _CONDITIONS, result="boolean")


def _rounding(name: str, formula: str, *aliases: str) -> Function:
    return Function(name, ("x",), formula, ("0",), _ROUNDING, aliases, "the derivative is 0 at the jumps too")


def _extreme(name: str, formula: str, derivatives: tuple[str, str], notes: str, *aliases: str) -> Function:
    return Function(
        name, ("x", "y"), formula, derivatives, _EXTREMES, aliases, notes, variadic=True, selective=True
    )  # fmt: skip


PIECEWISE = Function(
    "piecewise", ("(c, a)", "...", "b"), "a of the first pair whose condition c holds, else b", (), _CONDITIONS,
    notes="what is not chosen has no part in values or derivatives. It is replaced by choices while the text is parsed",
)  # fmt: skip
"""What is written like a function and comes down to `where`."""

TABLE = (
    Function(
        "where", ("c", "a", "b"), "a where c holds, else b", ("0", "where(c, 1, 0)", "where(c, 0, 1)"), _CONDITIONS,
        notes="only the chosen side counts: `where(x > 0, log(x), 0)` and its derivatives are 0 for x ≤ 0",
        kinds=("boolean", "number", "number"), selective=True,
    ),
    Function(
        "logical_xor", ("x", "y"), "either, but not both", ("0", "0"), _CONDITIONS, kinds=("boolean", "boolean"),
        result="boolean",
    ),
    _test("isnan", "whether x is nan"),
    _test("isinf", "whether x is inf or -inf"),
    _test("isposinf", "whether x is inf"),
    _test("isneginf", "whether x is -inf"),
    _test("isfinite", "whether x is neither nan nor ±inf"),
    _test("signbit", "whether x is negative, or -0"),
    _extreme(
        "maximum", "the larger", (_FIRST_LARGER, _SECOND_LARGER), f"{_NAN_WINS}; {_TIES}", "max",
    ),
    _extreme(
        "minimum", "the smaller", (_SECOND_LARGER, _FIRST_LARGER), f"{_NAN_WINS}; {_TIES}", "min",
    ),
    _extreme(
        "fmax", "the larger", (f"where(isnan(y), 1, {_FIRST_LARGER})", f"where(isnan(x), 1, {_SECOND_LARGER})"),
        f"{_NAN_LOSES}; {_TIES}",
    ),
    _extreme(
        "fmin", "the smaller", (f"where(isnan(y), 1, {_SECOND_LARGER})", f"where(isnan(x), 1, {_FIRST_LARGER})"),
        f"{_NAN_LOSES}; {_TIES}",
    ),
    Function(
        "clip", ("x", "low", "high"), "min(max(x, low), high)",
        (
            "where(x > low and x < high, 1, where(low < high and (x == low or x == high), 0.5, 0))",
            "where(x < low and low <= high, 1, where(x == low and low < high, 0.5, 0))",
            "where(x > high or low >= high, 1, where(x == high, 0.5, 0))",
        ),
        _EXTREMES, ("clamp",),
        "at a bound each derivative is the mean of both sides: 0.5 by x, 0.5 by the bound. Where low ≥ high it is high",
        selective=True,
    ),
    Function(
        "relu", ("x",), "max(x, 0)", ("where(x > 0, 1, where(x == 0, 0.5, 0))",), _EXTREMES,
        notes="the derivative at 0 is the mean of both sides, 0.5",
        selective=True,
    ),
    Function(
        "abs", ("x",), "|x|", ("sign(x)",), _SIGNS, ("absolute", "fabs"),
        "the derivative at 0 is the mean of both sides, 0",
    ),
    Function("sign", ("x",), "-1, 0 or 1", ("0",), _SIGNS, notes="nan at nan; the derivative at 0 is 0"),
    Function(
        "copysign", ("x", "y"), "|x| with the sign of y", ("sign(x)*copysign(1, y)", "0"), _SIGNS,
        notes="-0 counts as negative. The derivative by x at x = 0 is 0, and so is the one by y at y = 0; that of "
        "copysign(x, x) is 1",
    ),
    Function(
        "heaviside", ("x", "h"), "0 for x < 0, h for x = 0, 1 for x > 0", ("0", "where(x == 0, 1, 0)"), _SIGNS,
        notes="nan at x = nan; the derivative by x at 0 is 0", selective=True,
    ),
    Function("positive", ("x",), "x", ("1",), _SIGNS),
    Function(
        "nan_to_num", ("x",), "x, with 0 for nan and the largest numbers for ±inf", ("where(isfinite(x), 1, 0)",),
        _SIGNS, notes="the derivative is 0 where x is not finite", selective=True,
    ),
    _rounding("floor", "the largest integer ≤ x"),
    _rounding("ceil", "the smallest integer ≥ x"),
    _rounding("trunc", "x without its fraction", "fix"),
    _rounding("rint", "the nearest integer, the even one of two", "round"),
    Function(
        "fmod", ("x", "y"), "x - y·trunc(x/y)", ("1", "-rint((x - fmod(x, y))/y)"), _ROUNDING,
        notes="has the sign of x, as in C. At multiples of y the derivatives are those of the side away from 0",
    ),
)  # fmt: skip
