"""Derivatives of sums, products and integrals are those of their terms."""

from __future__ import annotations

from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.parser.parser import parse


def derived(text: str, *wrt: str) -> str:
    return str(derive(parse(text), [wrt]).alone(wrt))


def test_a_sum_is_derived_term_by_term_in_one_loop() -> None:
    assert derived("sum(sin(i*x), i, 1, 99)", "x") == "sum(cos(i*x)*i, i, 1, 99)"
    assert derived("sum(i*sin(x), i, 1, 99)", "x").count("sum(") == 1
    assert derived("sum(i*y, i, 1, 99)", "x") == "0"


def test_an_integral_has_its_integrand_at_its_bounds() -> None:
    assert derived("integrate(sin(u), u, 0, x)", "x") == "sin(x)"
    assert derived("integrate(sin(u), u, x, 0)", "x") == "-sin(x)"
    assert derived("integrate(exp(u*x), u, 0, x, 9)", "x") == "integrate(exp(u*x)*u, u, 0, x, 9) + exp(x*x)"


def test_a_product_asks_whether_a_factor_vanishes() -> None:
    text = derived("prod(x + i, i, 1, n)", "x")
    assert "== 0" in text
    assert text.count("prod(") == 3


def test_bounds_of_sums_have_no_slope() -> None:
    assert derived("sum(i, i, 1, n)", "n") == "0"
