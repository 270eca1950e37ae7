"""Loops at high precision: digits beyond those of float64."""

from __future__ import annotations

import pytest

pytest.importorskip("mpmath")

import mpmath as mp

from gridgrad.checks.mpmath_reference import evaluate, partial
from gridgrad_core.lang.parser.parser import parse

KEPLER = parse("solve(E - e*sin(E) - M, E, M)", ("e", "M"))


def test_a_solution_has_all_digits() -> None:
    with mp.workdps(40):
        right = mp.mpf("0.63084352756315343106424925843695")
        assert abs(evaluate(KEPLER, {"M": mp.mpf("0.1"), "e": mp.mpf("0.9")})[0] - right) < mp.mpf(10) ** -31


def test_its_derivatives_are_taken_by_differences() -> None:
    with mp.workdps(40):
        right = mp.mpf("-10118.527428709104947273975856336")
        found = partial(KEPLER, {"M": mp.mpf("0.1"), "e": mp.mpf("0.9")}, ["M"] * 4)
        assert abs(found / right - 1) < mp.mpf(10) ** -20


def test_what_is_not_found_is_nan() -> None:
    assert mp.isnan(evaluate(parse("solve(x**2 - p, x, 1)"), {"p": -1})[0])
