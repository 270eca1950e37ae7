"""The numbers of a registered function at points."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.registered.partial_comparison import FindingError
from gridgrad_worker.registered.point_values import by_torch
from gridgrad_worker.registered.registration import describe

POINTS = np.array([[1.0, 2.0], [3.0, 4.0], [-1.0, 0.5]])


def test_partials_are_those_asked_for_with_or_without_the_value(cpu: CpuDevice) -> None:
    registered = describe(lambda x, y: x * x * y, "f", {}, None, None, "forward", {}, check=True)
    found = by_torch(registered, cpu).at(POINTS, [(0, 1), (1,)])
    x = POINTS[:, 0]
    assert list(found) == [(0, 1), (1,)]
    np.testing.assert_array_equal(found[0, 1], [2 * x])
    np.testing.assert_array_equal(found[(1,)], [x * x])
    near = by_torch(registered, cpu).beside(POINTS, 0, [(0,)])[(0,)]
    assert near.shape[::3] == (2, 3)


def test_what_can_not_be_computed_says_so(cpu: CpuDevice) -> None:
    module = torch.nn.Linear(1, 1)
    registered = describe(lambda x: module(x[None])[0], "f", {}, None, None, "forward", {}, check=True)
    with pytest.raises(FindingError, match="dtype"):
        by_torch(registered, cpu).at(POINTS[:, :1], [()])
