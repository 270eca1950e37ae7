"""Checks of what a real server serves."""

from __future__ import annotations

import numpy as np
import pytest

import gridgrad

AXES = {"t": np.linspace(0.5, 2, 20), "k": np.linspace(-1, 1, 11)}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_expressions_and_functions_agree(client: gridgrad.Client, dtype: str) -> None:
    pytest.importorskip("mpmath")
    for function in ("t*norm_cdf(k) + gamma(t)", lambda t, k: t * np.sin(k) + np.hypot(t, k)):
        report = client.check(function, AXES, order=2, dtype=dtype)
        assert report.ok, str(report)
        assert "50 digits" in report.method


def test_what_is_nan_somewhere_is_no_alarm(client: gridgrad.Client) -> None:
    pytest.importorskip("mpmath")
    function = "maximum(sqrt(x), 0.1) + clip(log(x), -1, 1) + heaviside(arcsin(x), 1) + sign(norm_ppf(x)) + erfinv(x)"
    report = client.check(function, {"x": np.linspace(-1.5, 1.6, 32)}, points=32)
    assert not report.disagreements, str(report)
    assert report.compared["f", ("x",)] > 5


def test_registered_functions_are_compared_with_differences(client: gridgrad.Client) -> None:
    report = client.check(gridgrad.registered("vortex"), {"x": [1.0, 2.0], "y": [0.5, 1.0, 1.5]}, order=2)
    assert report.ok, str(report)
    assert "served values" in report.method


def test_a_wrong_derivative_is_found(client: gridgrad.Client) -> None:
    report = client.check(gridgrad.registered("wrong_slope"), {"x": [0.7]})
    (found,) = report.disagreements
    assert found.served == pytest.approx(0.881, abs=1e-3)
    assert found.expected == pytest.approx(0.651, abs=1e-3)
