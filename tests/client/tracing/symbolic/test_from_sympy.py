"""sympy's expressions, compared with sympy's own numbers."""

from __future__ import annotations

from typing import Any

import pytest
from numpy.testing import assert_allclose

import gridgrad
from gridgrad.tracing.symbolic.from_sympy import program_of
from gridgrad_core.errors import TracingError
from tests.core.lang.evaluator import evaluate

sp = pytest.importorskip("sympy")

X, Y = sp.symbols("x y", positive=True)
N = sp.IndexedBase("n")
POINT = {"x": 1.75, "y": 0.4, "n_0": 2.0, "n_1": -0.5}


@pytest.mark.parametrize(
    "expression",
    [
        X * Y + 2 * X * Y**2 - X / Y,
        sp.exp(-X) / Y**2 + sp.E**Y + sp.sqrt(X) / sp.sqrt(Y) + X ** sp.Rational(-3, 2),
        sp.Rational(1, 3) * X + sp.pi * Y + sp.EulerGamma + sp.Float("0.1"),
        sp.sin(X) + sp.cos(Y) * sp.tan(Y) + sp.sec(Y) + sp.csc(X) + sp.cot(X) + sp.atan(X) + sp.atan2(X, Y),
        sp.sinh(X) + sp.cosh(Y) + sp.tanh(Y) + sp.asinh(X) + sp.coth(X) + sp.csch(Y),
        sp.Piecewise((X, X < 1), (Y, X < 2), (0, True)) + sp.Piecewise((1, X > Y), (2, True)),
        sp.Max(X, Y, 1) + sp.Min(X, Y) + sp.Abs(Y - X) + sp.sign(Y - X) + sp.floor(X) + sp.ceiling(Y),
        sp.Piecewise((X, sp.And(X > 1, sp.Not(Y > 1))), (2, sp.Or(X > 9, sp.Xor(Y > 9, X > 2))), (3, True)),
        sp.Heaviside(X - Y) + sp.Heaviside(Y - X, 1) + sp.Mod(X, Y) + sp.sinc(X),
        sp.erf(X) + sp.gamma(Y) + sp.loggamma(X) + sp.log(X) + sp.log(X, 2),
        sp.Derivative(X**3 * Y, X) + sp.diff(sp.sin(X * Y), Y),
        N[0] * X + N[1] * Y,
        sp.Sum(X ** sp.Symbol("k"), (sp.Symbol("k"), 0, 3)),
        sum(sp.sin(k * X) for k in range(200)),
    ],
    ids=str,
)
def test_programs_of_sympy_compute_what_sympy_computes(expression: Any) -> None:
    program = program_of(expression)
    assert gridgrad.parse(program.text, program.inputs) == program
    symbols = {X: POINT["x"], Y: POINT["y"], N[0]: POINT["n_0"], N[1]: POINT["n_1"]}
    expected = float(expression.doit().subs(symbols).evalf(30))
    (found,) = evaluate(program, **{name: POINT[name] for name in program.inputs})
    assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (sp.elliptic_k(X), "ellipk(x)"),
        (sp.elliptic_f(Y, X), "ellipkinc(y, x)"),
        (sp.Ei(X), "expi(x)"),
        (sp.zeta(X), "zeta(x)"),
        (sp.polylog(sp.Rational(3, 2), X), "polylog(1.5, x)"),
        (sp.besselk(sp.Rational(1, 4), X), "kv(0.25, x)"),
        (sp.airybi(X), "airy_bi(x)"),
        (sp.expint(2, X), "expn(2, x)"),
        (sp.Si(X), "si(x)"),
        (sp.Ci(X), "ci(x)"),
        (sp.Shi(X), "shi(x)"),
        (sp.Chi(X), "chi(x)"),
        (sp.fresnels(X), "fresnel_s(x)"),
        (sp.fresnelc(X), "fresnel_c(x)"),
    ],
)
def test_special_functions_of_sympy_have_their_names_here(expression: Any, text: str) -> None:
    assert program_of(expression) == gridgrad.parse(text)


@pytest.mark.parametrize("name", ["legendre", "hermite", "laguerre", "chebyshevt"])
def test_polynomials_of_sympy_stay_whole_where_they_are_given_whole(name: str) -> None:
    here = {"legendre": "legendre_p", "chebyshevt": "chebyt"}.get(name, name)
    whole = getattr(sp, name)(40, X * Y, evaluate=False)
    assert program_of(1 + whole) == gridgrad.parse(f"1 + {here}(40, x*y)")
    assert program_of(sp.Derivative(whole, X)).inputs == ("x", "y")
    assert set(program_of(getattr(sp, name)(2, X)).text) <= set("0123456789.x+-* ")


@pytest.mark.parametrize("several", [sp.Matrix([X * Y, X]), sp.Tuple(X * Y, X), [X * Y, X]])
def test_several_expressions_are_components(several: Any) -> None:
    program = program_of(several)
    assert program.components == ("f0", "f1")
    assert program == gridgrad.parse("x*y, +x")


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (sp.mathieus(X, Y, X), "sympy's mathieus is not in the language; docs/language.md"),
        (sp.I * X, "the number I"),
        (sp.bernoulli(X), "sympy's bernoulli is not in the language"),
        (sp.legendre(Y, X), "the argument n of legendre_p is no constant integer"),
        (sp.Function("gamma")(X), "sympy's gamma"),
        (sp.Symbol("α") * X, "sympy's symbol 'α'; rename it"),
        (sp.Symbol("nan") * X, "sympy's symbol 'nan'"),
        (sp.Integral(sp.exp(-(X**X)), X), "Integral is not in the language"),
        (sp.polygamma(Y, X), "the argument n of polygamma is no constant integer"),
    ],
)
def test_what_has_no_place_in_the_language_is_named(expression: Any, message: str) -> None:
    with pytest.raises(TracingError, match=message):
        program_of(expression)


@pytest.mark.parametrize(
    "expression", [10**400 * X, X ** (-(10**400)), sp.Float("1e400") * X], ids=["int", "power", "float"]
)
def test_a_finite_number_beyond_float64_is_not_made_infinite(expression: Any) -> None:
    with pytest.raises(TracingError, match="a number beyond float64"):
        program_of(expression)


def test_what_is_infinite_stays_so_and_large_ratios_are_numbers() -> None:
    assert program_of(sp.Rational(10**401 + 1, 10**400) * Y).text == "10*y"
    assert program_of(sp.Max(sp.oo, sp.Symbol("z"), evaluate=False)).text.count("inf") == 1
