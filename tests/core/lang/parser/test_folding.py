"""`sum`, `prod` and `integrate` in a text: what they come to, their canonical text, and what to write instead."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import ExpressionError
from gridgrad_core.lang.parser.parser import parse


@pytest.mark.parametrize(
    "text",
    [
        "sum(x**i/i, i, 1, 100)",
        "sum(x**i, i, 1, n) + prod(x + i, i, n, 2*n)",
        "integrate(exp(-p*u), u, 0, t)",
        "integrate(exp(-u*u), u, -inf, inf, 100)",
        "integrate(1/u**2, u, p, inf)",
        "sum(sum(i*j*x, j, 1, i), i, 1, 80)",
        "solve(sum(x**i, i, 1, 99) - p, x, 0, 1)",
        "r(m) = sum(i*x, i, 1, m)\nr(3) + r(100) + r(n)",
        "diff(prod(x + i, i, 1, n), x, 2)",
        "diff(integrate(exp(-x*u), u, 0, x), x)",
    ],
)
def test_canonical_texts_parse_back_to_the_same(text: str) -> None:
    program = parse(text)
    assert parse(str(program)) == program


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("f(m) = sum(i*m, i, 1, 99)\nsum(f(i), i, 1, n)", "sum(sum(i_*i, i_, 1, 99), i, 1, n)"),
        ("f(m) = sum(i*x, i, 1, m)\nsum(f(i), i, 1, n)", "sum(sum(i_*x, i_, 1, i), i, 1, n)"),
        (
            "f(m) = sum(i*m, i, 1, m)\nsum(f(f(i)), i, 1, n)",
            "v1 = sum(i_*i, i_, 1, i)\nsum(sum(i_*v1, i_, 1, v1), i, 1, n)",
        ),
        (
            "f(m) = integrate(exp(u*m), u, 0, m)\nintegrate(f(u), u, 0, t)",
            "integrate(integrate(exp(u_*u), u_, 0, u, 64), u, 0, t, 64)",
        ),
        ("f(m) = solve(u**3 - m, u, m)\nsolve(f(u) - p, u, 1)", "solve(solve(u_**3 - u, u_, u) - p, u, 1)"),
        (
            "f(m) = solve((u + v - m, u - v), (u, v), (m, 1), v)\nsolve(f(u) - p, u, 1)",
            "solve(solve((u_ + v - u, u_ - v), (u_, v), (u, 1), v) - p, u, 1)",
        ),
        ("sum(sum(i*x, i, 1, 200) + i, i, 1, 100)", "sum(sum(i*x, i, 1, 200) + i, i, 1, 100)"),
    ],
)
def test_calls_with_the_same_names_inside_each_other_stay_apart(text: str, canonical: str) -> None:
    assert parse(text).text == canonical
    assert parse(canonical).text == canonical


@pytest.mark.parametrize(
    "text",
    [
        *(f"diff(prod(x - i, i, 1, {last}), x, {order})" for last in ("500", "n") for order in (1, 2, 3)),
        "diff(prod(prod(x - i*j, j, 1, i), i, 1, n), x, 2)",
        "diff(prod(x - i, i, 1, n)*i_factor, x, 2)",
        f"diff(prod(x - {'q' * 64}, {'q' * 64}, 1, n), x, 2)",
    ],
)
def test_texts_of_derivatives_of_products_parse_back(text: str) -> None:
    canonical = parse(text).text
    assert parse(canonical).text == canonical


def test_the_points_of_an_integral_may_be_named() -> None:
    assert parse("integrate(u*n, u, 0, t, n=32)") == parse("integrate(u*n, u, 0, t, 32)"), "an input may be called n"
    inner = "integrate(integrate(u*v, u, 0, t, n=9), v, 0, 1, n=8)"
    assert parse(inner) == parse(inner.replace("n=", ""))
    for text in ("integrate(n=32, u, 0, t)", "integrate(u, u, 0, t, m=32)", "sum(u, u, 0, n=3)", "f(a) = a; f(n=3)"):
        with pytest.raises(ExpressionError, match="'='"):
            parse(text)


def test_a_few_terms_are_written_out() -> None:
    assert parse("sum(x**i, i, 0, 2)") == parse("x**0 + x**1 + x**2")
    assert parse("prod(x + i, i, 0, 1)") == parse("(x + 0)*(x + 1)")
    assert str(parse("sum(x**i, i, 1, 64)")).count("**") == 64
    assert str(parse("sum(x**i, i, 1, 65)")) == "sum(x**i, i, 1, 65)"


def test_an_empty_sum_is_0_and_an_empty_product_1() -> None:
    assert parse("x + sum(i, i, 5, 2)") == parse("x + 0")
    assert parse("x + prod(i, i, 5, 4)") == parse("x + 1")


@pytest.mark.parametrize(
    ("text", "place", "found", "remedy"),
    [
        ("sum(x)", "column 1", "takes 4 arguments, not 1", "coefficients={'n': n}"),
        ("integrate(x, u)", "column 1", "takes 4 or 5 arguments, not 2", "integrate(u, x, a, b, n)"),
        ("sum(i, i, 1, i)", "column 14", "the index of sum in its own bounds", "numbers and inputs"),
        ("sum(i*x, i, 0.5, 2)", "column 13", "a bound of 0.5", "an integer"),
        ("sum(i*x, i, 1, 100001)", "column 16", "a sum of 100,001 terms", "100,000"),
        ("integrate(u*x, u, 0, 1, 2000)", "column 25", "2000 points", "1 to 1,024"),
        ("integrate(u*x, u, 0, 1, x)", "column 25", "no constant integer", "write a number"),
        ("integrate(u*x, u, inf, 0)", "column 19", "from inf to 0", "the lower bound first"),
        ("integrate(u*x, u, x, -inf)", "column 19", "from an expression to -inf", "the lower bound first"),
        ("integrate(u*x, u, 0, nan)", "column 22", "a bound that is nan", "inf for no end"),
        (
            f"diff({'+'.join(f'prod(i*w + {n}, i, 1, n)' for n in range(20))}, w, 2)",
            "column 1",
            "calls of solve, sum, prod and integrate when derivatives",
            "at most 256",
        ),
        ("x + sum(sum(i*j*x, i, 1, 5000), j, 1, 5000)", "column 5", "25,000,000 terms at each point", "10,000,000"),
        ("sum(x*integrate(u*i*x, u, 0, 1, 1000), i, 1, 99999)", "column 1", "99,999,000 terms", "10,000,000"),
    ],
)
def test_mistakes_say_where_and_what_to_write(text: str, place: str, found: str, remedy: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(text)
    assert place in refused.value.found
    assert found in refused.value.found
    assert remedy in refused.value.remedy


def test_terms_and_points_count() -> None:
    """By how often they are computed, the most that there may be."""
    assert parse("sum(x**i, i, 1, 1000)").operations > 1000
    assert parse("sum(x**i, i, 1, n)").operations > 10_000


def test_terms_are_counted_by_where_the_bounds_may_lie() -> None:
    """So derivatives of products, whose inner bounds are places of the outer one, are not counted as the longest."""
    derivative = parse("diff(prod(x - i, i, 1, 80), x, 2)")
    assert parse(derivative.text) == derivative
    assert derivative.operations < 10_000_000
    assert parse("sum(sum(i*x, i, 1, j), j, 1, 500)").operations < 1_000_000
    assert parse("sum(x**i, i, 1, min(n, 90))").operations < 1000

    assert parse("integrate(x**u, u, 0, 1, 100)").operations > 100
