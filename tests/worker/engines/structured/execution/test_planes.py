"""Planes: those that no step of the grid's level writes itself are filled in."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.structured.execution.hoist import HoistedValues
from gridgrad_worker.engines.structured.execution.levels import StepResult
from gridgrad_worker.engines.structured.execution.planes import ResultPlanes
from gridgrad_worker.engines.structured.execution.windows import PanelWindow
from tests.worker.engines.structured.execution.running import Array, axes_of, group_of, plan_of


@pytest.mark.parametrize("rows", [slice(0, 3), slice(1, 3)])
def test_constants_lower_levels_and_repeated_planes(cpu: CpuDevice, rows: slice) -> None:
    plan = plan_of("x*y, 2, x, x*y, y")
    axes = axes_of(3, 4)
    out: Array = np.full((5, 3, 4), np.nan)
    results = ResultPlanes(plan, group_of([axes], [out]), cpu)
    known = HoistedValues(plan)
    known.others = {
        plan.outputs[2]: torch.from_numpy(axes[0]).view(1, 3, 1),
        plan.outputs[4]: torch.from_numpy(axes[1]).view(1, 1, 4),
    }
    window = PanelWindow(slice(0, 1), (rows, slice(0, 4)), (3, 4))
    places = results.begin(window)
    assert list(places) == [plan.outputs[0]], "only what the grid computes is written by its step"
    product = torch.from_numpy(axes[0][rows, None] * axes[1])[None]
    places[plan.outputs[0]].copy_(product)
    results.end(window, {plan.outputs[0]: StepResult(product, None)}, known)
    results.finish()
    x, y = axes[0][:, None], axes[1]
    expected = np.stack(np.broadcast_arrays(x * y, 2.0, x, x * y, y))
    assert np.array_equal(out[:, rows], expected[:, rows])
    assert np.isnan(out).sum() == 5 * 4 * (3 - (rows.stop - rows.start))
