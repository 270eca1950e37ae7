"""The language by mpmath: values and partials of programs against closed forms with 50 digits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

import gridgrad

pytest.importorskip("mpmath")

import mpmath as mp

from gridgrad.checks.mpmath_reference import DIGITS, evaluate, partial

POINT = {"x": 0.75, "y": -1.5}


def agree(found: Any, expected: Any, digits: int = DIGITS - 2) -> None:
    with mp.workdps(DIGITS + 10):
        assert abs(found - expected) <= abs(expected) * mp.mpf(10) ** -digits


def test_components_are_evaluated_with_all_digits() -> None:
    first, second = evaluate(gridgrad.parse("exp(x)*y, x/3 + pi"), POINT)
    with mp.workdps(DIGITS + 10):
        agree(first, mp.exp(0.75) * -1.5)
    agree(evaluate(gridgrad.parse("x/3"), POINT)[0], mp.mpf("0.25"))
    assert second > 3.39


@pytest.mark.parametrize(
    ("wrt", "formula"),
    [
        ("", "exp(x*y)"),
        ("x", "y*exp(x*y)"),
        ("xy", "(1 + x*y)*exp(x*y)"),
        ("xxy", "(2*y + x*y**2)*exp(x*y)"),
        ("yyyy", "x**4*exp(x*y)"),
    ],
)
def test_partials_agree_with_closed_forms(wrt: Sequence[str], formula: str) -> None:
    found = partial(gridgrad.parse("exp(x*y)"), POINT, tuple(wrt))
    agree(found, evaluate(gridgrad.parse(formula), POINT)[0], digits=20)


def test_one_side_of_a_kink_is_seen_alone() -> None:
    kink = gridgrad.parse("abs(x)")
    agree(partial(kink, {"x": 0.0}, ("x",), reach=1), 1, digits=20)
    agree(partial(kink, {"x": 0.0}, ("x",), reach=-2), -1, digits=20)


def test_a_component_is_chosen() -> None:
    agree(partial(gridgrad.parse("x, x**3"), POINT, ("x",), component=1), 3 * mp.mpf(0.75) ** 2, digits=20)
