"""Interpolants of served tables: against closed forms, and scipy's own interpolators."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.interpolate import CubicHermiteSpline

import gridgrad
from gridgrad.frameworks.scipy import Interpolant, interpolant

WAVE = "exp(-a*t)*sin(k)"
T, K = np.linspace(0, 2, 9), np.linspace(0, 3, 13)


@pytest.fixture
def wave(client: gridgrad.Client) -> Interpolant:
    return interpolant(client, WAVE, {"t": T, "a": 1.5, "k": K})


def points(*bounds: tuple[float, float], number: int = 200) -> Any:
    drawn = np.random.default_rng(0).random((number, len(bounds)))
    low, high = np.array(bounds).T
    return low + drawn * (high - low)


# What it computes


def test_along_one_axis_it_is_scipys_cubic_hermite_spline(client: gridgrad.Client) -> None:
    t = np.array([0.0, 0.3, 0.4, 1.1, 2.0])
    ours, theirs = interpolant(client, "exp(t)", {"t": t}), CubicHermiteSpline(t, np.exp(t), np.exp(t))
    x = np.linspace(0, 2, 301)
    for order in range(4):
        assert_allclose(ours(x, order), theirs(x, order), rtol=1e-12)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_cubics_are_exact_on_uneven_axes(client: gridgrad.Client, count: int) -> None:
    axes = {name: np.array([-1.0, 0.2, 0.5, 2.0])[: 6 - count] for name in "tkzw"[:count]}
    made = interpolant(client, "*".join(f"({name}**3 - 2*{name} + 1)" for name in axes), axes)
    x = points(*[(axis[0], axis[-1]) for axis in axes.values()])
    assert_allclose(made(x), np.prod(x**3 - 2 * x + 1, axis=1), atol=1e-12)
    assert_allclose(made(x, [1] * count), np.prod(3 * x**2 - 2, axis=1), atol=1e-11)
    assert made.error is not None
    assert made.error.max_abs < 1e-12


def test_at_its_points_it_has_the_values_and_partials_of_the_table(client: gridgrad.Client, wave: Interpolant) -> None:
    table = client.gradient(WAVE, {"t": T, "a": 1.5, "k": K}, derivatives=["t", "k", ("t", "k")])
    mesh = np.meshgrid(T, K, indexing="ij")
    for orders, wrt in {(0, 0): (), (1, 0): ("t",), (0, 1): ("k",), (1, 1): ("t", "k")}.items():
        assert_allclose(wave(tuple(mesh), orders), table.d[wrt], atol=1e-13)


def test_first_derivatives_are_continuous(wave: Interpolant) -> None:
    for orders in itertools.product((0, 1), repeat=2):
        left = wave((np.nextafter(T[1:-1], 0)[:, None], K[1:-1]), orders)
        assert_allclose(wave((T[1:-1, None], K[1:-1]), orders), left, atol=1e-13)


def test_halving_the_cells_makes_the_error_sixteen_times_smaller(client: gridgrad.Client) -> None:
    def error(cells: int) -> float:
        axes = {"t": np.linspace(0, 2, cells + 1), "k": np.linspace(0, 3, cells + 1)}
        made = interpolant(client, WAVE, {**axes, "a": 1.5}).error
        assert made is not None
        return float(made.max_abs)

    errors = [error(cells) for cells in (8, 16, 32)]
    assert errors[0] / errors[1] == pytest.approx(16, rel=0.2)
    assert errors[1] / errors[2] == pytest.approx(16, rel=0.1)


def test_decreasing_axes_and_linspaces_make_the_same(client: gridgrad.Client, wave: Interpolant) -> None:
    other = interpolant(client, WAVE, {"k": gridgrad.linspace(3, 0, 13), "a": 1.5, "t": ("time", T[::-1])})
    assert other.names == ("k", "t")
    x = points((0, 2), (0, 3))
    assert_allclose(other(x[:, ::-1]), wave(x), rtol=1e-12)


def test_a_tuple_gives_components_last(client: gridgrad.Client) -> None:
    made = interpolant(client, "u = t*k; v = t - k; u, v", {"t": [0.0, 1.0], "k": [0.0, 2.0]})
    assert made.components == ("u", "v")
    x = points((0, 1), (0, 2), number=6).reshape(2, 3, 2)
    assert_allclose(made(x), np.stack([x[..., 0] * x[..., 1], x[..., 0] - x[..., 1]], axis=-1), atol=1e-15)
    assert made.error is not None
    assert (made.error.max_abs.shape, made.error.at.shape) == ((2,), (2, 2))
    assert "components u, v" in repr(made)


def test_its_polynomial_can_be_integrated(client: gridgrad.Client) -> None:
    made = interpolant(client, "t**3*k", {"t": [0.0, 1.0, 2.0], "k": [0.0, 3.0]})
    assert made.polynomial.integrate([(0, 2), (0, 3)]) == pytest.approx(4 * 4.5)


# Its error


def test_more_points_find_no_much_larger_error(client: gridgrad.Client, wave: Interpolant) -> None:
    finer = interpolant(client, WAVE, {"t": T, "a": 1.5, "k": K}, parts=8)
    assert wave.error is not None
    assert finer.error is not None
    assert wave.error.max_abs <= finer.error.max_abs < 1.1 * wave.error.max_abs


def test_the_error_is_the_same_in_slabs(monkeypatch: pytest.MonkeyPatch, client: gridgrad.Client) -> None:
    inputs = {"t": T, "a": 1.5, "k": K}
    whole = interpolant(client, f"{WAVE}, {WAVE}*t", inputs).error
    monkeypatch.setattr("gridgrad.frameworks.scipy.measured.POINTS_AT_ONCE", 40)
    parts = interpolant(client, f"{WAVE}, {WAVE}*t", inputs).error
    assert whole is not None
    assert parts is not None
    assert_array_equal(parts.max_abs, whole.max_abs)
    assert_array_equal(parts.at, whole.at)
    assert_allclose(parts.rms, whole.rms, rtol=1e-12)


# How it is called


def test_a_table_that_is_not_finite_says_where(client: gridgrad.Client) -> None:
    axes = {"t": [0.0, 1.0], "k": [1.0, 2.0]}
    with pytest.raises(gridgrad.RequestError, match=r"a value that is -inf at t = 0, k = 1; 2 of 4"):
        interpolant(client, "log(t)*k", axes)
    with pytest.raises(gridgrad.RequestError, match=r"the derivative by t that is inf at t = 0, k = 1"):
        interpolant(client, "sqrt(t)*k, t", axes)
