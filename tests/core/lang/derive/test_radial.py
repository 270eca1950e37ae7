"""Functions of roots: what they are derived as, and what stays with the chain rule."""

from __future__ import annotations

import pytest

from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.parser.parser import parse


def slope(text: str, *wrt: str) -> str:
    return derive(parse(text), [wrt]).alone(wrt).text


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("cos(sqrt(x))", "0.5*where(v1 == 0, -1, -(sin(v1)/v1))"),
        ("cos(sqrt(2*x))", "where(v1 == 0, -1, -(sin(v1)/v1))"),
        ("cos(hypot(x, y))", "where(v1 == 0, -1, -(sin(v1)/v1))*x"),
        ("cos(2*hypot(x, y))", "where(v1 == 0, -4, -2*sin(2*v1)/v1)*x"),
        ("exp(-sqrt(x))", "0.5*where(v1 == 0, -inf, -(exp(-v1)/v1))"),
        ("arccos(x)**2", "-(2/sinc(0.3183098861837907*arccos(x)))"),
        ("arccosh(x)**2", "2*(bernoulli(2*v1)*exp(v1))"),
    ],
)
def test_they_are_derived_by_the_square_of_the_root(text: str, want: str) -> None:
    assert slope(text, "x").splitlines()[-1] == want


@pytest.mark.parametrize(
    "text",
    [
        "sqrt(x)",
        "exp(x)",
        "1/(1 + sqrt(x))",
        "exp(-hypot(x, y)**2)",
        "exp(-hypot(x, y))",
        "exp(y*sqrt(x))",
        "cos(sqrt(x)*y + y)",
        "cos(sqrt(x) + hypot(x, y))",
        "gamma(1 + sqrt(x))",
        "max(sqrt(x), 0)*y",
        "cos(abs(y*sqrt(x)))",
        "arccos(x)*y",
    ],
)
def test_others_by_the_chain_rule(text: str) -> None:
    assert "(v1 == 0, " not in slope(text, "x")


def test_beside_the_root_differences_are_power_series() -> None:
    second = slope("cos(sqrt(x))", "x", "x")
    assert "0.3333333333333333" in second
    assert "< 1" in second
    assert "< " not in slope("cos(sqrt(x))", "x")


def test_products_of_one_root_but_for_constants_are_one() -> None:
    text = "(1 + 2*hypot(x, y)/z)*exp(-2*hypot(x, y)/z)"
    assert "where(" in slope(text, "x")
    assert slope(text, "x").count("hypot(x, y)") == 1


@pytest.mark.parametrize(
    "text", ["sqrt(x)/0*y", "cos(sqrt(x)*y/(y*0))", "sqrt(x)*(y*1e200)*(1e200*y)", "sqrt(x)*(y*1e-200)*(1e-200*y)"]
)
def test_constants_that_come_to_no_number_are_left_alone(text: str) -> None:
    assert "where(" not in slope(text, "x")


def test_what_is_long_is_left_to_the_chain_rule() -> None:
    long = "; ".join(["u0 = sqrt(x)", *(f"u{n + 1} = sin(u{n})" for n in range(250)), "u250"])
    assert slope(long, "x").count("where") == 1
