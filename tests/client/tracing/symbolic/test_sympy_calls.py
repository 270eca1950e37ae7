"""sympy's sums, products and integrals: the calls that they become, and what they mean for sympy."""

from __future__ import annotations

from typing import Any

import pytest
from numpy.testing import assert_allclose

import gridgrad
from gridgrad.tracing.symbolic.from_sympy import program_of
from gridgrad_core.errors import TracingError

sp = pytest.importorskip("sympy")

X, Y = sp.symbols("x y", positive=True)
N = sp.IndexedBase("n")
K, M = sp.symbols("k m")
WHOLE = sp.Symbol("w", integer=True, positive=True)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (sp.Sum(X**K / K, (K, 1, 200)), "sum(x**k/k, k, 1, 200)"),
        (sp.Sum(X**K, (K, 1, WHOLE)), "sum(x**k, k, 1, w)"),
        (sp.Sum(X**K, (K, 1, M)), "sum(x**k, k, 1, m) - sum(x**k, k, m + 1, 0)"),
        (sp.Sum(K * X, (K, 5, 2)), "0 - (3*x + 4*x)"),
        (sp.Sum(K * X, (K, 5, 4)), "0"),
        (sp.Product(X + K, (K, 1, M)), "prod(k + x, k, 1, m)/prod(k + x, k, m + 1, 0)"),
        (sp.Product(X + K, (K, 5, 2)), "1/((3 + x)*(4 + x))"),
        (sp.Sum(K, (K, 1, 300)) + K, "k + sum(k_, k_, 1, 300)"),
        (sp.Sum(K * M * X, (K, 1, 70), (M, 1, 80)), "sum(sum(k*m*x, k, 1, 70), m, 1, 80)"),
        (sp.Integral(sp.exp(-K * X), (K, 0, 1)), "integrate(exp(-1*k*x), k, 0, 1)"),
        (sp.Integral(sp.exp(-K * X), (K, 0, sp.oo)), "integrate(exp(-1*k*x), k, 0, inf)"),
        (sp.Integral(K * M, (K, 0, M), (M, 0, X)), "integrate(integrate(k*m, k, 0, m), m, 0, x)"),
        (sp.Integral(X, X), "0.5*x**2"),
        (sp.Sum(N[K] * X**K, (K, 0, 1)), "x*n_1 + n_0"),
        (
            sp.Piecewise((sp.Sum(K**X, (K, 1, 99)), X > 1), (Y, True)),
            "where(x > 1, sum(k**x, k, 1, 99), where(1 != 0, y, nan))",
        ),
        (sp.Derivative(sp.Sum(sp.sin(K * X), (K, 1, 99)), X), "diff(sum(sin(k*x), k, 1, 99), x)"),
        (sp.Derivative(sp.Product(X + K, (K, 1, 99)), (X, 2)), "diff(prod(k + x, k, 1, 99), x, 2)"),
        (sp.Derivative(sp.Integral(sp.sin(K * X), (K, 0, X)), X), "diff(integrate(sin(k*x), k, 0, x), x)"),
        (sp.Sum(sp.Derivative(X**K, X), (K, 1, 70)), "sum(k*x**k/x, k, 1, 70)"),
    ],
    ids=str,
)
def test_sums_products_and_integrals_are_calls_of_the_language(expression: Any, text: str) -> None:
    program = program_of(expression)
    assert program.text == gridgrad.parse(text).text
    assert gridgrad.parse(program.text, program.inputs) == program


@pytest.mark.parametrize("last", [-7, -1, 0, 1, 4])
@pytest.mark.parametrize("first", [-2, 1])
def test_bounds_in_the_wrong_order_mean_what_they_mean_in_sympy(first: int, last: int) -> None:
    evaluate_ = pytest.importorskip("gridgrad.checks.mpmath_reference").evaluate
    for made in (sp.Sum, sp.Product):
        expected = sp.N(made(X + K**2, (K, first, last)).doit().subs(X, sp.Rational(7, 4)), 40)
        found = evaluate_(program_of(made(X + K**2, (K, first, M))), {"x": 1.75, "m": last})[0]
        assert_allclose(float(found), float(expected), rtol=1e-15)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (sp.Sum(1 / (K**3 + X), (K, 1, sp.oo)), "sympy's Sum without finite bounds"),
        (sp.Sum(N[K] * X, (K, 0, M)), "array elements between bounds that are no integers; write integers"),
        (sp.Sum(K, (K, 1, sp.Rational(5, 2))), "a bound of 2.5; write an integer"),
        (sp.Sum(K, (K, 1, 10**6)), "a sum of 1,000,000 terms; write at most 100,000"),
        (sp.Derivative(sp.Sum(K * X, (K, 1, M)), M), "the derivative of a sum or product by m, of which it is a step"),
    ],
)
def test_what_is_no_call_is_refused(expression: Any, message: str) -> None:
    with pytest.raises(TracingError, match=message):
        program_of(expression)
