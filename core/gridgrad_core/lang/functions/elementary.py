"""Powers, exponentials, logarithms, the functions of trigonometry, and quotients that are 0/0 at 0 and smooth there.

`gridgrad_core.lang.functions` lists every place that a new function touches.
"""

from __future__ import annotations

from gridgrad_core.lang.functions.function import Function

__all__ = ["TABLE"]

_LN2 = "0.6931471805599453"
_LN10 = "2.302585092994046"
_ONE_MINUS_SQUARE = "where(abs(x) < 0.5, 1 - x*x, (1 - x)*(1 + x))"  # exact near 0, and near ±1
_DEGREE = "0.017453292519943295"
_ORIGIN = "at (0, 0) the first derivatives are 0 and the higher ones nan"


def _unary(group: str, name: str, formula: str, derivative: str, *aliases: str, notes: str = "") -> Function:
    return Function(name, ("x",), formula, (derivative,), group, aliases, notes)


def _binary(group: str, name: str, formula: str, derivatives: tuple[str, str], notes: str = "") -> Function:
    return Function(name, ("x", "y"), formula, derivatives, group, notes=notes)


def _quotient(name: str, formula: str, notes: str) -> tuple[Function, Function]:
    """A function and that of its derivatives."""
    derivatives = f"{name}_derivative"
    return (
        Function(name, ("x",), formula, (f"{derivatives}(1, x)",), _QUOTIENTS, notes=notes),
        Function(
            derivatives, ("n", "x"), f"the n-th derivative of {name}", ("0", f"{derivatives}(n + 1, x)"), _QUOTIENTS,
            notes=f"n is a constant integer from 0 to {_LARGEST}", kinds=("integer", "number"), largest=_LARGEST,
        ),
    )  # fmt: skip


_POWERS = "powers and roots"
_EXPONENTIAL = "exponentials and logarithms"
_TRIGONOMETRY = "trigonometry"
_HYPERBOLIC = "hyperbolic functions"
_QUOTIENTS = "quotients that are smooth at 0"
_LARGEST = 6

TABLE = (
    _unary(_POWERS, "sqrt", "√x", "0.5/sqrt(x)", notes="nan for x < 0; the derivative at 0 is inf"),
    _unary(_POWERS, "cbrt", "∛x", "1/(3*cbrt(x)**2)", notes="real for x < 0 too; the derivative at 0 is inf"),
    _unary(_POWERS, "square", "x²", "2*x"),
    _unary(_POWERS, "reciprocal", "1/x", "-1/x/x", notes="±inf at 0"),
    _binary(
        _POWERS, "hypot", "√(x² + y²), without overflow", ("direction(x, y)", "direction(y, x)"), notes=_ORIGIN
    ),
    _binary(
        _POWERS, "direction", "x/√(x² + y²), the cosine of the angle of the point (x, y)",
        ("direction(y, x)**2/hypot(x, y)", "-direction(x, y)*direction(y, x)/hypot(x, y)"),
        notes="0 at (0, 0), and its derivatives nan there",
    ),
    _unary(_EXPONENTIAL, "exp", "eˣ", "exp(x)"),
    _unary(_EXPONENTIAL, "exp2", "2ˣ", f"{_LN2}*exp2(x)"),
    _unary(_EXPONENTIAL, "expm1", "eˣ - 1, exact near 0", "exp(x)"),
    _unary(_EXPONENTIAL, "log", "ln x", "1/x", "ln", notes="-inf at 0, nan for x < 0"),
    _unary(_EXPONENTIAL, "log2", "ln x / ln 2", f"1/({_LN2}*x)", notes="-inf at 0, nan for x < 0"),
    _unary(_EXPONENTIAL, "log10", "ln x / ln 10", f"1/({_LN10}*x)", notes="-inf at 0, nan for x < 0"),
    _unary(_EXPONENTIAL, "log1p", "ln(1 + x), exact near 0", "1/(1 + x)", notes="-inf at -1, nan below"),
    _binary(
        _EXPONENTIAL, "logaddexp", "ln(eˣ + eʸ), without overflow", ("sigmoid(x - y)", "sigmoid(y - x)"),
        notes="where both are inf, or both -inf, the derivatives are nan",
    ),
    _binary(
        _EXPONENTIAL, "logaddexp2", "ln(2ˣ + 2ʸ) / ln 2, without overflow",
        (f"sigmoid({_LN2}*(x - y))", f"sigmoid({_LN2}*(y - x))"),
        notes="where both are inf, or both -inf, the derivatives are nan",
    ),
    _unary(_TRIGONOMETRY, "sin", "sin x", "cos(x)", notes="nan at ±inf"),
    _unary(_TRIGONOMETRY, "cos", "cos x", "-sin(x)", notes="nan at ±inf"),
    _unary(_TRIGONOMETRY, "tan", "tan x", "1 + tan(x)**2"),
    _unary(_TRIGONOMETRY, "sec", "1/cos x", "sec(x)*tan(x)"),
    _unary(_TRIGONOMETRY, "csc", "1/sin x", "-csc(x)*cot(x)", "cosec", notes="±inf at ±0"),
    _unary(_TRIGONOMETRY, "cot", "1/tan x", "-csc(x)**2", "cotan", notes="±inf at ±0"),
    _unary(
        _TRIGONOMETRY, "arcsin", "the angle in [-π/2, π/2] with that sine", f"1/sqrt({_ONE_MINUS_SQUARE})", "asin",
        notes="nan for |x| > 1; the derivative at ±1 is inf",
    ),
    _unary(
        _TRIGONOMETRY, "arccos", "the angle in [0, π] with that cosine", f"-1/sqrt({_ONE_MINUS_SQUARE})", "acos",
        notes="nan for |x| > 1; the derivative at ±1 is -inf",
    ),
    _unary(_TRIGONOMETRY, "arctan", "the angle in [-π/2, π/2] with that tangent", "1/(1 + x*x)", "atan"),
    Function(
        "arctan2", ("y", "x"), "the angle in [-π, π] of the point (x, y)",
        ("direction(x, y)/hypot(x, y)", "-direction(y, x)/hypot(x, y)"), _TRIGONOMETRY, ("atan2",),
        "jumps by 2π across y = 0, x < 0, where the derivatives are those beside it. At (0, 0) it is 0 and its "
        "derivatives nan",
    ),
    _unary(
        _TRIGONOMETRY, "sinc", "sin(πx)/(πx)", "sinc_derivative(1, x)",
        notes="numpy's, with π; 1 at 0, and smooth there",
    ),
    Function(
        "sinc_derivative", ("n", "x"), "the n-th derivative of sinc", ("0", "sinc_derivative(n + 1, x)"),
        _TRIGONOMETRY, notes="n is a constant integer from 0 to 17", kinds=("integer", "number"), largest=17,
    ),
    _unary(_TRIGONOMETRY, "radians", "πx/180", _DEGREE, "deg2rad"),
    _unary(_TRIGONOMETRY, "degrees", "180x/π", "57.29577951308232", "rad2deg"),
    _unary(_HYPERBOLIC, "sinh", "(eˣ - e⁻ˣ)/2", "cosh(x)"),
    _unary(_HYPERBOLIC, "cosh", "(eˣ + e⁻ˣ)/2", "sinh(x)"),
    _unary(_HYPERBOLIC, "tanh", "sinh x / cosh x", "sech(x)**2"),
    _unary(_HYPERBOLIC, "sech", "1/cosh x", "-sech(x)*tanh(x)"),
    _unary(_HYPERBOLIC, "csch", "1/sinh x", "-csch(x)*coth(x)", notes="±inf at ±0"),
    _unary(_HYPERBOLIC, "coth", "1/tanh x", "-csch(x)**2", notes="±inf at ±0"),
    _unary(
        _HYPERBOLIC, "arcsinh", "ln(x + √(x² + 1))", "1/hypot(1, x)", "asinh"
    ),
    _unary(
        _HYPERBOLIC, "arccosh", "ln(x + √(x² - 1))", "1/(sqrt(x - 1)*sqrt(x + 1))", "acosh",
        notes="nan for x < 1; the derivative at 1 is inf",
    ),
    _unary(
        _HYPERBOLIC, "arctanh", "ln((1 + x)/(1 - x))/2", f"1/({_ONE_MINUS_SQUARE})", "atanh",
        notes="±inf at ±1, nan beyond",
    ),
    *_quotient("exprel", "(eˣ - 1)/x", "1 at 0; scipy's name"),
    *_quotient("bernoulli", "x/(eˣ - 1)", "1 at 0; Bernoulli's function, of fluxes by Scharfetter and Gummel"),
    *_quotient("log1prel", "ln(1 + x)/x", "1 at 0; inf at -1, nan below"),
    *_quotient("tanhc", "tanh(x)/x", "1 at 0"),
    *_quotient("langevin", "coth(x) - 1/x", "0 at 0; Langevin's function, of paramagnets and polymers"),
)  # fmt: skip
