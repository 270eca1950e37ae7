"""Polylogarithms at high precision beside the integrals that define them."""

from __future__ import annotations

import pytest

mp = pytest.importorskip("mpmath")

from gridgrad.checks import mpmath_polylogarithm as ours  # noqa: E402 - after what may not be there


@pytest.mark.parametrize(("j", "x"), [("0.5", "-3.25"), ("-0.5", "5"), ("9.5", "2.5"), ("3", "-0.25"), ("2", "7")])
def test_fermi_and_diracs_are_integrals(j: str, x: str) -> None:
    with mp.workdps(30):
        order, at = mp.mpf(j), mp.mpf(x)
        integral = mp.quad(lambda y: 2 * y ** (2 * order + 1) / (1 + mp.exp(y * y - at)), [0, 1, 2, 3, 5, 15])
        assert mp.almosteq(ours.fermi_dirac(order, at), integral / mp.gamma(order + 1), rel_eps=1e-25)


@pytest.mark.parametrize(("j", "x"), [("0.5", "-0.25"), ("1", "-3"), ("2.5", "-0.5")])
def test_bose_and_einsteins_are_integrals(j: str, x: str) -> None:
    with mp.workdps(30):
        order, at = mp.mpf(j), mp.mpf(x)
        integral = mp.quad(lambda y: 2 * y ** (2 * order + 1) / mp.expm1(y * y - at), [0, 0.5, 1, 2, 3, 5, 15])
        assert mp.almosteq(ours.bose_einstein(order, at), integral / mp.gamma(order + 1), rel_eps=1e-25)


@pytest.mark.parametrize("x", [-2.5, 0.5, 1.75, 8.0])
@pytest.mark.parametrize("n", [1, 4])
def test_debyes_are_integrals(n: int, x: float) -> None:
    with mp.workdps(30):
        integral = mp.quad(lambda t: t**n / mp.expm1(t) if t else mp.mpf(n == 1), [0, x])
        assert mp.almosteq(ours.debye(n, mp.mpf(x)), n * integral / mp.mpf(x) ** n, rel_eps=1e-25)
        slope = mp.diff(lambda y: ours.debye(n, y), x)
        assert mp.almosteq(ours.debye_derivative(1, n, mp.mpf(x)), slope, rel_eps=1e-12)


@pytest.mark.parametrize("x", [-3.5, -0.25, 0.75])
@pytest.mark.parametrize("s", [-1.5, 2, 3.5])
def test_derivatives_of_polylogarithms_are_those_of_their_values(s: float, x: float) -> None:
    with mp.workdps(30):
        for n in (1, 3):
            difference = mp.diff(lambda y: ours.polylog(mp.mpf(s), y), x, n)
            assert mp.almosteq(ours.polylog_derivative(n, mp.mpf(s), mp.mpf(x)), difference, rel_eps=1e-10)
