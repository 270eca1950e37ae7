"""Quotients that are 0/0 at a point: what they are derived as, and what stays a quotient."""

from __future__ import annotations

import pytest

from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.parser.parser import parse


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("tanh(x)/x", "tanhc_derivative(1, x)"),
        ("log1p(x)/x", "log1prel_derivative(1, x)"),
        ("log(1 + x)/x", "log1prel_derivative(1, x)"),
        ("expm1(x)/x", "exprel_derivative(1, x)"),
        ("(exp(x) - 1)/x", "exprel_derivative(1, x)"),
        ("(1 - exp(-x))/x", "-exprel_derivative(1, -x)"),
        ("x/expm1(x)", "bernoulli_derivative(1, x)"),
        ("x/(exp(x) - 1)", "bernoulli_derivative(1, x)"),
        ("x/(1 - exp(-x))", "-bernoulli_derivative(1, -x)"),
        ("x**3/(exp(x) - 1)", "bernoulli(x)*(2*x) + x**2*bernoulli_derivative(1, x)"),
        ("y*x/expm1(y*x)", "bernoulli_derivative(1, y*x)*y"),
        ("tanh(2*x)/x", "4*tanhc_derivative(1, 2*x)"),
        ("tanh(x)/(x*y)", "tanhc_derivative(1, x)/y"),
        ("1/tanh(x) - 1/x", "langevin_derivative(1, x)"),
        ("coth(x) - 1/x", "langevin_derivative(1, x)"),
        ("cosh(2*x)/sinh(2*x) - 1/(2*x)", "2*langevin_derivative(1, 2*x)"),
        ("reciprocal(tanh(x)) - reciprocal(x)", "langevin_derivative(1, x)"),
    ],
)
def test_they_are_derived_as_functions_of_the_language(text: str, slope: str) -> None:
    derived = derive(parse(text), [("x",)])
    assert derived.alone(("x",)).text.replace("x = x\n", "") == slope
    assert derived.alone(()).text == str(parse(text))


@pytest.mark.parametrize(
    "text",
    [
        "tanh(x)/y",
        "y/expm1(x)",
        "expm1(x)/(1 + x)",
        "1/x**2/expm1(1/x)",
        "1/tanh(x) - 1/y",
        "1/tan(x) - 1/x",
        "x - 1/x",
    ],
)
def test_others_stay_quotients(text: str) -> None:
    slope = derive(parse(text), [("x",)]).alone(("x",)).text
    assert not any(name in slope for name in ("tanhc", "exprel", "bernoulli", "langevin"))
