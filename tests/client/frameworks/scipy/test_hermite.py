"""Hermite's cubics: against scipy's own, and exact for cubics."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gridgrad.arguments.inputs import FloatArray
from gridgrad.frameworks.scipy.hermite import coefficients

pytest.importorskip("scipy")

from scipy.interpolate import CubicHermiteSpline, NdPPoly

X, Y = np.array([0.0, 0.3, 0.4, 1.1, 2.0]), np.array([-1.0, 0.0, 0.5])


def test_along_one_axis_they_are_those_of_scipy() -> None:
    theirs = CubicHermiteSpline(X, np.sin(X), np.cos(X))
    assert_allclose(coefficients(np.stack([np.sin(X), np.cos(X)]), [X]), theirs.c, atol=1e-12)


def test_products_of_cubics_are_exact_and_components_are_kept() -> None:
    def cubic(x: FloatArray) -> tuple[FloatArray, FloatArray]:
        return x**3 - 2 * x + 1, 3 * x**2 - 2

    corners = np.array([[np.multiply.outer(f, g) for g in cubic(Y)] for f in cubic(X)])
    stacked = np.stack([corners, -2 * corners], axis=-1)
    polynomial = NdPPoly(coefficients(stacked, [X, Y]), (X, Y))
    points = np.random.default_rng(1).uniform([0.0, -1.0], [2.0, 0.5], (100, 2))
    expected = np.prod(points**3 - 2 * points + 1, axis=1)
    assert_allclose(polynomial(points), np.stack([expected, -2 * expected], axis=-1), atol=1e-12)
