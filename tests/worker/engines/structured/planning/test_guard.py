"""Separated sums against the original order: where both may differ, and where they must not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.seeds import examples

Expressions = Any  # the fixture of conftest.py

AWKWARD = (
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    2.0,
    np.inf,
    -np.inf,
    np.nan,
    1e-300,
    1e300,
    -1e160,
    5e-324,
    1e-45,
    3e38,
    1e-20,
    700.0,
    -745.0,
)
FACTORS = (
    "x",
    "y",
    "a",
    "x**2",
    "y**3",
    "exp(x)",
    "exp(-y)",
    "exp(x - y)",
    "exp(a*x**2 - y)",
    "sin(x)",
    "log(y)",
    "1/y",
    "sqrt(x)",
    "2.5",
    "x*y",
    "cos(x*y)",
)


def product() -> st.SearchStrategy[str]:
    factors = st.lists(st.sampled_from(FACTORS), min_size=1, max_size=4)
    operators = st.lists(st.sampled_from(("*", "/")), min_size=3, max_size=3)
    return st.builds(_joined, factors, operators)


def _joined(parts: list[str], operators: list[str]) -> str:
    text = f"({parts[0]})"
    for operator, part in zip(operators, parts[1:], strict=False):
        text += f"{operator}({part})"
    return text


def products() -> st.SearchStrategy[list[str]]:
    return st.lists(product(), min_size=2, max_size=6)


def signs() -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(("+", "-")), min_size=6, max_size=6)


def total() -> st.SearchStrategy[str]:
    return st.builds(_joined, products(), signs())


def vectors(values: st.SearchStrategy[float]) -> st.SearchStrategy[list[float]]:
    return st.lists(values, min_size=1, max_size=4)


@settings(max_examples=examples(60), deadline=None)
@given(
    text=total(),
    x=vectors(st.sampled_from(AWKWARD)),
    y=vectors(st.sampled_from(AWKWARD)),
    a=st.sampled_from(AWKWARD),
    single=st.booleans(),
)
def test_awkward_points_are_as_in_the_original_order(
    expression: Expressions, text: str, x: list[float], y: list[float], a: float, single: bool
) -> None:
    inputs = {"x": x, "y": y, "a": a}
    computed = expression.up_to(text, inputs, 1, "float32" if single else "float64")
    (got,) = computed.structured(inputs)
    (plain,) = computed.plain(inputs)
    assert np.array_equal(np.isnan(got), np.isnan(plain))
    assert np.array_equal(got[np.isinf(plain)], plain[np.isinf(plain)])
    assert np.all(np.isfinite(got) == np.isfinite(plain))


@settings(max_examples=examples(40), deadline=None)
@given(
    terms=products(),
    operators=signs(),
    x=vectors(st.floats(0.3, 1.7)),
    y=vectors(st.floats(0.3, 1.7)),
    a=st.floats(0.3, 1.7),
)
def test_ordinary_points_are_as_in_the_functional_engine(
    expression: Expressions, terms: list[str], operators: list[str], x: list[float], y: list[float], a: float
) -> None:
    inputs = {"x": x, "y": y, "a": a}
    each = [expression.up_to(term, inputs, 2).functional(inputs) for term in terms]
    computed = expression.up_to(_joined(terms, operators), inputs, 2)
    (got,) = computed.structured(inputs)
    expected = computed.functional(inputs)
    fine = np.isfinite(expected)
    assert np.array_equal(np.isfinite(got), fine)
    scale = np.sum(np.abs(each), axis=0)  # terms may cancel, such as x/log(y) beside y = 1
    assert np.all(np.abs(got[fine] - expected[fine]) <= 1e-11 * (1 + scale[fine]))


@pytest.mark.parametrize(
    "text",
    ["x*y", "x*y + x**2*y**2 + x**3*y + x*y**3", "x*y*x*y", "x/y*x", "exp(x + y)", "exp(x - y)*x*y + x + y*x**2"],
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "exponents",
    [(0.99, -0.5), (0.5, 0.49), (0.5, 0.51), (-0.99, 0.5), (-0.5, -0.49), (-0.5, -0.51), (0.34, -0.34), (0.1, 0.1)],
)
def test_the_ends_of_the_range(expression: Expressions, text: str, dtype: str, exponents: tuple[float, float]) -> None:
    """No overflow, underflow or nan that the original order has not, and none less."""
    largest = np.log(np.finfo(dtype).max)
    x, y = (np.exp(largest * e) * np.array([0.5, 1.0, 1.9]) for e in exponents)
    if "exp" in text:
        x, y = (largest * e * np.array([0.9, 1.0]) for e in exponents)
    inputs = {"x": x, "y": y}
    computed = expression(text, inputs, (), dtype)
    (got,), (plain,) = computed.structured(inputs)[0], computed.plain(inputs)[0]
    assert np.array_equal(np.isfinite(got), np.isfinite(plain))
    fine = np.isfinite(plain)
    with np.errstate(invalid="ignore"):
        changed = np.abs(got - plain)
    assert np.all(changed[fine] <= 100 * np.finfo(dtype).eps * np.abs(plain)[fine] * max(1, np.abs(largest)))


def polynomial(rank: int, seed: int) -> tuple[str, np.ndarray[Any, Any]]:
    random = np.random.default_rng(seed)
    coefficients = np.where(random.random((rank, rank)) < 0.6, random.uniform(-1, 1, (rank, rank)), 0.0)
    terms = [f"({c!r})*x**{i}*y**{j}" for (i, j), c in np.ndenumerate(coefficients) if c]
    return " + ".join(terms).replace("np.float64", ""), coefficients


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("rank", [3, 6, 12])
def test_the_bound_on_what_separation_changes(expression: Expressions, rank: int, dtype: str) -> None:
    """|separated - termwise| ≤ (r + 4)·ε·Σ|term|."""
    text, coefficients = polynomial(rank, rank)
    random = np.random.default_rng(1)
    inputs = {"x": random.uniform(-1.5, 1.5, 70), "y": random.uniform(-1.5, 1.5, 90)}
    computed = expression(text, inputs, (), dtype)
    assert computed.engine.ranks == (rank,)
    (got,), (plain,) = computed.structured(inputs)[0], computed.plain(inputs)[0]
    powers = np.arange(rank)
    x, y = (np.abs(np.asarray(v, dtype))[:, None] ** powers for v in inputs.values())
    terms = np.einsum("ni,mj,ij->nm", x, y, np.abs(coefficients))
    assert np.all(np.abs(got - plain) <= (rank + 4) * np.finfo(dtype).eps * terms)
    assert not np.array_equal(got, plain)


def test_one_request_beyond_the_guard_does_not_change_the_others(expression: Expressions) -> None:
    text = "x*y + x**2*y**2 + x**3*y**3 + x"
    fine, beyond = {"x": [1.1, 2.3], "y": [3.7, 4.1]}, {"x": [1e200, 2.3], "y": [1e-150, 4.1]}
    computed = expression.up_to(text, fine, 1)
    got, of_beyond, again = computed.structured(fine, beyond, fine)
    assert np.array_equal(got, computed.structured(fine)[0])
    assert np.array_equal(again, got)
    assert np.array_equal(of_beyond, computed.plain(beyond)[0], equal_nan=True)
