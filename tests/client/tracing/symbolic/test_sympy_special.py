"""Special functions of sympy with conventions of their own, compared with sympy's own numbers."""

from __future__ import annotations

from typing import Any

import pytest
from numpy.testing import assert_allclose

import gridgrad
from gridgrad.tracing.symbolic.from_sympy import program_of
from gridgrad_core.errors import TracingError

sp = pytest.importorskip("sympy")
pytest.importorskip("mpmath")

X, Y = sp.symbols("x y", positive=True)
POINT = {"x": 0.375, "y": 2.25}


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (sp.uppergamma(Y, X), "gamma(y)*gammaincc(y, x)"),
        (sp.lowergamma(Y, X), "gamma(y)*gammainc(y, x)"),
        (sp.betainc(Y, 3, 0, X), "beta(y, 3)*betainc(y, 3, x)"),
        (sp.betainc(Y, 3, X, 0.5), "beta(y, 3)*(betainc(y, 3, 0.5) - betainc(y, 3, x))"),
        (sp.betainc_regularized(2, Y, 0, X), "betainc(2, y, x)"),
        (sp.betainc_regularized(2, Y, X, 1), "betainc(2, y, 1) - betainc(2, y, x)"),
        (sp.elliptic_e(X), "ellipe(x)"),
        (sp.elliptic_e(Y, X), "ellipeinc(y, x)"),
        (sp.elliptic_pi(X / 2, X), "elliprf(0, 1 - x, 1) + 0.5*x/3*elliprj(0, 1 - x, 1, 1 - 0.5*x)"),
        (sp.hyper([sp.Rational(1, 2)], [sp.Rational(3, 2)], -X), "hyp1f1(0.5, 1.5, -1*x)"),
        (sp.LambertW(X), "lambertw(x)"),
        (sp.LambertW(-X / 2, -1), "lambertw(-0.5*x, -1)"),
        (sp.jn(2, X), "spherical_jn(2, x)"),
        (sp.yn(3, X), "spherical_yn(3, x)"),
        (sp.assoc_legendre(4, 1, X, evaluate=False), "assoc_legendre(4, 1, x)"),
    ],
    ids=str,
)
def test_they_are_what_sympy_computes(expression: Any, text: str) -> None:
    mpmath_reference = pytest.importorskip("gridgrad.checks.mpmath_reference")
    program = program_of(expression)
    assert program == gridgrad.parse(text, program.inputs)
    found = mpmath_reference.evaluate(program, {name: POINT[name] for name in program.inputs})
    want = expression.subs({X: POINT["x"], Y: POINT["y"]}).doit().evalf(30)
    assert_allclose(float(found[0]), float(want), rtol=1e-12)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (sp.hyper([1, 2], [3], X), "sympy's hyper of 2 and 1 parameters is not in the language; docs/language.md"),
        (sp.hyper([], [2], X), "sympy's hyper of 0 and 1 parameters"),
        (
            sp.hyper([Y], [2], X),
            "the argument a of hyp1f1 is no constant, .*; write a number",
        ),
        (sp.elliptic_pi(X / 2, Y, X), "sympy's elliptic_pi of an angle"),
        (sp.uppergamma(sp.Rational(-1, 3), X), "uppergamma of a parameter that is not positive"),
        (sp.LambertW(X, 1), "LambertW on the branch 1"),
        (sp.besselj(Y, X), "the argument v of jv is no constant"),
    ],
    ids=str,
)
def test_what_the_language_has_no_part_of_is_named(expression: Any, message: str) -> None:
    with pytest.raises(TracingError, match=message):
        program_of(expression)
