"""What operations are derived as: the derivative is that of the better spelling, and the value is as it was written."""

from __future__ import annotations

import pytest

from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.parser.parser import parse


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("abs(x**2)", "2*x"),
        ("max(x**2, 0)", "2*x"),
        ("max(0, x*x)", "2*x"),
        ("relu(exp(x) + x**2)", "exp(x) + 2*x"),
        ("abs(sqrt(x))", "0.5/sqrt(x)"),
        ("abs(x**3)", "sign(x**3)*(3*x**2)"),
        ("abs(x)", "sign(x)"),
        ("(x**2)**1.5", "3*abs(x)**2*sign(x)"),
        ("(x**4)**1.5", "6*x**5"),
        ("sqrt(x**2)", "sign(x)"),
        ("sqrt(x**6)", "3*abs(x)**2*sign(x)"),
        ("sqrt(3*x**2)", "sqrt(3)*sign(x)"),
        ("sqrt(-3*x**2)", "0.5/sqrt(-3*x**2)*(-6*x)"),
    ],
)
def test_derivatives_are_those_of_the_spelling(text: str, slope: str) -> None:
    derived = derive(parse(text), [("x",)])
    assert derived.alone(("x",)).text == slope
    assert derived.alone(()).text == str(parse(text))
