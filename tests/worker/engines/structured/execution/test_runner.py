"""A plan run on groups of requests: levels once, the grid by windows."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.structured.execution import runner as module
from gridgrad_worker.engines.structured.execution.hoist import HoistedLevel, HoistedValues, LevelTable
from gridgrad_worker.engines.structured.execution.runner import PlanRunner
from tests.worker.engines.structured.execution.running import Array, axes_of, group_of, plan_of, whole_group

TEXT = "a*x*y + exp(-x)*sin(y) + exp(x*y), x, 3, sin(a)*y"


def expected(x: Array, y: Array, a: Array) -> Array:
    column = x[:, None]
    planes = a * column * y + np.exp(-column) * np.sin(y) + np.exp(column * y), column, 3.0, np.sin(a) * y
    return np.stack(np.broadcast_arrays(*planes))


@pytest.mark.parametrize("window_points", [None, 16])
@pytest.mark.parametrize("shapes", [[(20, 30)], [(5, 6)] * 3, [(5, 6), (2, 9), (7, 1)]])
def test_groups_are_computed_as_numpy_does(
    cpu: CpuDevice, shapes: list[tuple[int, int]], window_points: int | None
) -> None:
    made = PlanRunner(plan_of(TEXT), torch.float64, cpu)
    if window_points is not None:
        made._window_points = window_points
    axes, outs = whole_group(4, *shapes)
    made.run(group_of(axes, outs))
    for each, out in zip(axes, outs, strict=True):
        np.testing.assert_allclose(out, expected(*each), rtol=1e-13)


def test_levels_are_computed_once_for_the_tiles_of_a_request(cpu: CpuDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    made = PlanRunner(plan_of(TEXT), torch.float64, cpu)
    ran: list[int] = []
    run = HoistedLevel.run

    def counted(level: HoistedLevel, table: LevelTable, known: HoistedValues) -> None:
        ran.append(level.mask)
        run(level, table, known)

    monkeypatch.setattr(HoistedLevel, "run", counted)
    axes, out = axes_of(20, 30), np.empty((4, 20, 30))
    for _ in range(3):
        made.run(group_of([axes], [out]))
    assert sorted(ran) == [0, 1, 2]
    made.run(group_of([axes_of(20, 30, 1)], [out]))
    assert len(ran) == 6, "other numbers are computed anew"
    np.testing.assert_allclose(out, expected(*axes_of(20, 30, 1)), rtol=1e-13)


def test_few_tables_are_kept(cpu: CpuDevice) -> None:
    made = PlanRunner(plan_of(TEXT), torch.float64, cpu)
    for columns in range(1, 3 * module._TABLES):
        axes, outs = whole_group(4, (3, columns))
        made.run(group_of(axes, outs))
        np.testing.assert_allclose(outs[0], expected(*axes[0]), rtol=1e-13)
    assert len(made._tables) == module._TABLES


def test_windows_shrink_until_they_can_shrink_no_more(cpu: CpuDevice) -> None:
    made = PlanRunner(plan_of(TEXT), torch.float64, cpu)
    axes, outs = whole_group(4, (20, 30))
    made.run(group_of(axes, outs))
    halved = 0
    while made.shrink():
        halved += 1
    assert made._window_points <= module._LEAST_WINDOW_POINTS
    assert halved >= 7
    outs[0][...] = np.nan
    made.run(group_of(axes, outs))
    np.testing.assert_allclose(outs[0], expected(*axes[0]), rtol=1e-13)
