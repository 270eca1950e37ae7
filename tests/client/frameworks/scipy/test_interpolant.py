"""Interpolants: how they are called, and what they say of themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gridgrad
from gridgrad.frameworks.scipy import Interpolant, interpolant
from gridgrad.testing import FakeClient
from tests.client.frameworks.scipy.waves import WAVE, K, T

pytest.importorskip("scipy")

from scipy.interpolate import RegularGridInterpolator


def test_at_the_points_of_the_table_it_has_its_values_and_slopes(wave: Interpolant) -> None:
    t, k = np.meshgrid(T, K, indexing="ij")
    decay = np.exp(-1.5 * t)
    assert_allclose(wave((t, k)), decay * np.sin(k), atol=1e-14)
    assert_allclose(wave((t, k), (0, 1)), decay * np.cos(k), atol=1e-13)
    assert_allclose(wave((t, k), (1, 1)), -1.5 * decay * np.cos(k), atol=1e-13)


def test_it_says_where_it_is_and_how_good(wave: Interpolant) -> None:
    assert repr(wave).startswith("<Interpolant of t in [0, 2] (9), k in [0, 3] (13); measured error ")


@pytest.mark.parametrize(
    "xi",
    [
        [0.5, 0.6],
        (0.5, 0.6),
        ([0.5, 0.4], 0.6),
        (np.full((2, 1), 0.5), np.full(3, 0.6)),
        [[0.5, 0.6]],
        [0.5, 0.6, 0.7, 0.8],
        np.full((4, 5, 2), 0.5),
        np.empty((0, 2)),
    ],
)
def test_points_are_read_as_scipy_reads_them(wave: Interpolant, xi: Any) -> None:
    theirs = RegularGridInterpolator((T, K), np.zeros((9, 13)))
    assert wave(xi).shape == theirs(xi).shape


@pytest.mark.parametrize("xi", [[0.5, 0.6], ([0.5, 0.6],), [[0.5], [0.6]], np.full((4, 5, 1), 0.5)])
def test_points_on_one_axis_are_read_as_scipy_reads_them(client: FakeClient, xi: Any) -> None:
    made = interpolant(client, "t", {"t": [0.0, 1.0]})
    theirs = RegularGridInterpolator(([0.0, 1.0],), [0.0, 1.0])
    assert_allclose(made(xi), theirs(xi))
    assert made(0.5).shape == ()


def test_outside_is_an_error_or_nan(client: FakeClient, wave: Interpolant) -> None:
    for xi in ([[0.5, 3.1]], [[0.5, 1.0], [-0.1, 1.0]], [[np.inf, 1.0]]):
        with pytest.raises(gridgrad.RequestError, match=r"outside of the table's 0 to .*bounds_error=False"):
            wave(xi)
    lenient = interpolant(client, WAVE, {"t": T, "a": 1.5, "k": K}, bounds_error=False)
    found = lenient([[0.5, 3.1], [2.0, 3.0], [-0.1, 1.0], [np.nan, 1.0], [0.0, 0.0]])
    assert_array_equal(np.isnan(found), [True, False, True, True, False])
    assert np.isnan(wave([[np.nan, 1.0]])).all()


@pytest.mark.parametrize(
    ("xi", "nu", "message"),
    [
        ([1.0, 1.0, 1.0], None, r"points of shape \[3\]"),
        (np.zeros((2, 3)), None, "length of 2, for t, k"),
        ((1.0, 1.0, 1.0), None, "length of 2, for t, k"),
        ((np.zeros(2), np.zeros(3)), None, "broadcast together"),
        ("here", None, "no points"),
        ([1.0, 1.0], (1,), r"nu: \(1,\); give an order"),
        ([1.0, 1.0], (1, -1), "0 or more"),
        ([1.0, 1.0], (1, 0.5), "0 or more"),
    ],
)
def test_what_is_no_point_or_order_is_refused(wave: Interpolant, xi: Any, nu: Any, message: str) -> None:
    with pytest.raises(gridgrad.RequestError, match=message):
        wave(xi, nu)
