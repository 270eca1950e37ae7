"""Residuals for loops of others: one request for both at the same parameters."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gridgrad
from gridgrad.frameworks.scipy.residuals import residuals
from gridgrad.testing import FakeClient, Grids

T = np.arange(6.0)
Y = np.array([2.8, 1.9, 1.45, 1.05, 0.9, 0.75])
LINE: Grids = {"a + b*t": {(): lambda t, a, b: a + b * t, "a": 1.0, "b": T}}


def test_scipy_finds_the_minimum_by_them() -> None:
    least_squares = pytest.importorskip("scipy.optimize").least_squares
    gaps = np.where(T == 3, np.nan, Y)
    with FakeClient(LINE) as client:
        served = residuals(client, "a + b*t", {"t": T}, gaps, ["a", "b"], weights=4.0)
        found = least_squares(served, [0.0, 0.0], jac=served.jacobian)
        assert len(client.requests) <= found.nfev + 1
        used = ~np.isnan(gaps)
        assert_allclose(found.x[::-1], np.polyfit(T[used], Y[used], 1), rtol=1e-10)
        assert_allclose(served([1.0, 0.0]), 2 * (1 - Y[used]))
        assert served.jacobian([1.0, 0.0]).shape == (5, 2)


def test_data_of_another_shape_are_refused() -> None:
    with FakeClient(LINE) as client, pytest.raises(gridgrad.RequestError, match=r"data of shape \[5\] for a model of"):
        residuals(client, "a + b*t", {"t": T}, Y[:5], ["a", "b"])([0.0, 0.0])
