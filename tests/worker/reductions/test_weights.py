"""Weights of points."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from gridgrad_core.errors import ExpressionError
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.reductions.weights import point_weights

INPUTS = ArrayValues(np.array([1.0, 2.0, 3.0], np.float32), (0,), 2), ArrayValues(np.array([5.0, 7.0]), (1,), 2)


def test_they_are_computed_in_float64_over_a_window(cpu: CpuDevice) -> None:
    weights = point_weights("exp(-t)", {"t": (0,), "k": (1,)}, 2, cpu)
    assert_allclose(weights(Tile(INPUTS, Subgrid((1, 0), (2, 1)))), np.exp([-2.0, -3.0]), rtol=1e-15)


def test_what_is_no_expression_is_refused(cpu: CpuDevice) -> None:
    with pytest.raises(ExpressionError):
        point_weights("exp(", {"t": (0,), "k": (1,)}, 2, cpu)
