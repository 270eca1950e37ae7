"""Models between real processes: called by name, listed with their settings, refused by name beside the rest."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gridgrad
from gridgrad.errors import UnknownFunctionError
from tests.service.harness import Running


def test_models_are_called_by_name_and_wrong_ones_refused(server: Running, client: gridgrad.Client) -> None:
    x, y = np.linspace(-1, 1, 4), np.linspace(0, 2, 3)
    result = client.gradient(gridgrad.registered("line"), {"x": x, "y": y})
    listed = {each.name: each for each in client.functions()}
    with pytest.raises(UnknownFunctionError, match=r"'slip' is not served: .*slip\.toml: samples\[0\]: f is .*not 1"):
        client.gradient(gridgrad.registered("slip"), {"x": 1.0})
    with pytest.raises(UnknownFunctionError, match=r"typo\.toml: ordre means nothing here; there are name"):
        client.gradient(gridgrad.registered("typo"), {"x": 1.0})
    near = client.gradient(gridgrad.registered("line"), {"x": x + 1e-6, "y": y}, derivatives=[()])
    assert result.units["x"] == "m"
    assert_allclose((near.value - result.value) / 1e-6, result.d["x"], rtol=1e-4, atol=1e-6)
    assert "slip" not in listed
    assert listed["line"].doc == "Served to order 1."
    refused = re.findall(r"model refused.* model=(\S+)", server.log.read_text())
    assert len(set(refused)) == 2, "by each worker that was started"


def test_an_onnx_model(client: gridgrad.Client) -> None:
    x, y = np.linspace(-1, 1, 5), np.linspace(-2, 2, 3)
    result = client.gradient(gridgrad.registered("network"), {"x0": x, "x1": y})
    assert result.info.engine == "structured"
    first, second = (np.tanh(a * x[:, None] + b * y + c) for a, b, c in ((0.7, -0.4, 0.1), (0.2, 0.9, -0.3)))
    assert_allclose(result.value, 1.5 * first - 0.8 * second + 0.25, rtol=1e-14)
    assert_allclose(result.d["x1"], -0.6 * (1 - first**2) - 0.72 * (1 - second**2), rtol=1e-13)
