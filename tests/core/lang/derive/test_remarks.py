"""Remarks: where a guard or a quotient makes derivatives other than expected, and nowhere else."""

from __future__ import annotations

import pytest

from gridgrad_core.lang.derive.remarks import remarks
from gridgrad_core.lang.parser.parser import parse


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("where(x == 0, x, 2*x)", "where(x == ...) chooses a single point"),
        ("r = x**2 + y**2; where(r == 0, 1, sin(r)/r)", "where(... x ... == ...) chooses a single point"),
        ("where(x != 1, log(x)/(x - 1), 1)", "where(x != ...) chooses a single point"),
        ("sin(x)/x", "write sinc(x/pi)"),
        ("x**2/expm1(2*x)", "vanish together at x = 0"),
        ("-tanh(x)/(3*x)", "vanish together at x = 0"),
        ("(1 - cos(x))/x**2", "vanish together at x = 0"),
        ("(exp(2*x) - 1)/sin(x)", "vanish together at x = 0"),
        ("log(1 + x)/x", "vanish together at x = 0"),
        ("tanh(x)/x", "tanh(x)/x is nan at x = 0: write tanhc(x)"),
        ("expm1(x)/x", "write exprel(x)"),
        ("log1p(x)/x", "write log1prel(x)"),
        ("x/expm1(x)", "write bernoulli(x)"),
        ("1/tanh(x) - 1/x", "1/tanh(x) - 1/x is nan at x = 0: write langevin(x)"),
    ],
)
def test_what_is_remarked(text: str, said: str) -> None:
    (found,) = remarks(parse(text), [(), ("x",)])
    assert said in found


@pytest.mark.parametrize(
    "text",
    [
        "x/y",
        "sin(x)/y",
        "where(x > 0, x, -x)",
        "where(y == 0, x, 2*x)",
        "x**3/x",
        "sinc(x)",
        "sin(x)/(1 + x)",
        "exp(x)/x",
        "(exp(x) - 2)/x",
        "log(2 + x)/x",
        "(1 - y)/x",
        "log(x)/x",
        "1/tanh(y) - 1/y",
        "1/tan(x) - 1/x",
        "tanhc(x) + exprel(x)",
    ],
)
def test_most_programs_need_no_remark(text: str) -> None:
    assert remarks(parse(text), [("x",), ("x", "x")]) == ()


@pytest.mark.parametrize(
    ("text", "derivatives", "said"),
    [
        ("arctan(x/t)", [("x",)], "the derivative by x is nan at t = 0 where the value is finite"),
        ("hypot(x, y)", [("x",), ("x", "y")], "the derivative by x, y is nan at x = 0, y = 0 where"),
        ("sqrt((x - 1)**2 + y**2 + z**2)", [("x",)], "is nan at x = 1, y = 0, z = 0 where"),
        ("exp(sqrt(2 - x)*y)", [("x", "x")], "the derivative by x, x is nan at x = 2 where"),
        ("y, exp(sqrt(x)*y)", [("x", "x")], "is nan at x = 0 where"),
    ],
)
def test_ends_at_which_a_derivative_is_undefined_are_remarked(
    text: str, derivatives: list[tuple[str, ...]], said: str
) -> None:
    (found,) = remarks(parse(text), [(), *derivatives])
    assert said in found


@pytest.mark.parametrize(
    "text",
    [
        "cos(sqrt(x))",
        "arccos(x)**2",
        "sinc(hypot(x, y))",
        "sqrt(x)",
        "x*log(x)",
        "norm_cdf(x/sqrt(y))",
        "exp(-x**2/y)",
        "sqrt(1 - cos(x))",
        "1/x",
        "x**1.5*y",
    ],
)
def test_ends_at_which_none_is_are_not(text: str) -> None:
    assert remarks(parse(text), [("x",), ("x", "x")]) == ()


def test_long_programs_are_not_tried() -> None:
    text = "arctan(x/t)" + "".join(f" + {n}*t**{n}" for n in range(2, 120))
    assert remarks(parse(text), [("x",)]) == ()


def test_values_alone_need_none() -> None:
    assert remarks(parse("sin(x)/x + where(x == 0, 1, x)"), [()]) == ()


def test_the_same_is_said_once() -> None:
    assert len(remarks(parse("arctan(x)/x + tanh(x)/(2*x)"), [("x",)])) == 1
