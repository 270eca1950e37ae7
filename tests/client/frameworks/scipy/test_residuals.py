"""Residuals for loops of others: one request for both at the same parameters."""

from __future__ import annotations

from typing import Any

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


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"data": np.ma.masked_array(Y, T == 3)}, "a masked array"),
        ({"data": ("k", Y)}, r"dims \('k',\) for a model over \('t',\)"),
        ({"weights": ("k", Y)}, r"dims \('k',\) for a model over \('t',\)"),
        ({"data": ("t", Y), "weights": ("k", Y)}, r"weights: dims \('k',\) for data over \('t',\)"),
        ({"weights": Y[:5]}, r"weights: shape \[5\] for data of shape \[6\]"),
        ({"inputs": T}, "give names with their values"),
        ({"names": []}, "name the parameters, in their order"),
        ({"names": 3}, "names: 3; name the parameters"),
        ({"at": [0.0]}, r"shape \[1\]; give one number for each of 'a', 'b'"),
        ({"at": {"a": 0.0, "b": 0.0}}, "a dict of object values"),
    ],
)
def test_what_can_not_be_meant_is_refused(given: dict[str, Any], told: str) -> None:
    asked: dict[str, Any] = {"inputs": {"t": T}, "data": Y, "names": ["a", "b"], "at": [0.0, 0.0], **given}
    at = asked.pop("at")
    with FakeClient(LINE) as client, pytest.raises(gridgrad.RequestError, match=told):
        residuals(client, "a + b*t", **asked)(at)


def test_data_with_their_dims_and_a_single_parameter() -> None:
    with FakeClient(LINE) as client:
        served = residuals(client, "a + b*t", {"t": T, "a": 1.0}, ("t", Y), "b", weights=("t", 4 + 0 * T))
        assert_allclose(served(0.5), 2 + T - 2 * Y)
