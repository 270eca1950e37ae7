"""Levels of one dim or none: computed in waves, on the rows of a table, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gridgrad_worker.engines.structured.execution import hoist
from gridgrad_worker.engines.structured.execution.hoist import HoistedLevel, HoistedValues, LevelTable
from gridgrad_worker.engines.structured.planning.plan import ExecutionPlan
from tests.worker.engines.structured.execution.running import Array, plan_of

CPU = torch.device("cpu")
TEXT = "y*(sin(x) + sin(2*x) + exp(a)*x**2 + where(x > a, sin(a), x) + exp(sin(2*x)) + lgamma(x))"


def computed(plan: ExecutionPlan, x: Array, a: Array) -> HoistedValues:
    """The levels below the grid of requests, of values x [requests, n], as y, and a [requests]."""
    known = HoistedValues(plan)
    for level in plan.levels[:-1]:
        made = HoistedLevel(plan, level, torch.float64, CPU)
        values = {0: a[:, None, None], 1: x[:, :, None], 2: x[:, None, :]}[level.mask]
        known.tables[level.mask] = table = LevelTable(made, values.shape, torch.float64, CPU)
        for step in level.inputs:
            table.view(step).copy_(torch.from_numpy(values))
        made.run(table, known)
    return known


@pytest.mark.parametrize("is_wide", [False, True])
@pytest.mark.parametrize("length", [1, 7, 64, 130])
def test_all_that_is_kept_is_right(length: int, is_wide: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if is_wide:
        monkeypatch.setattr(hoist, "_WIDE", 1)
    plan = plan_of(TEXT)
    random = np.random.default_rng(length)
    x, a = random.uniform(0.5, 2, (3, length)), random.uniform(0.5, 2, 3)
    known = computed(plan, x, a)
    (of_x,) = [level for level in plan.levels if level.mask == 1]
    (factor,) = [i for i in of_x.kept if plan.steps[i].op == "add"]
    column, gammas = a[:, None], torch.from_numpy(x).lgamma().numpy()
    expected = np.sin(x) + np.sin(2 * x) + np.exp(column) * x**2 + np.where(x > column, np.sin(column), x)
    expected = expected + np.exp(np.sin(2 * x)) + gammas
    np.testing.assert_allclose(known.view(factor)[:, :, 0], expected, rtol=1e-14)


def test_steps_of_one_mask_are_stacked() -> None:
    plan = plan_of("y*sin(x) + cos(y)*cos(x)")
    x = np.linspace(0, 1, 5)[None]
    known = computed(plan, x, np.zeros(1))
    (level,) = [each for each in plan.levels if each.mask == 1]
    steps = [next(i for i in level.steps if plan.steps[i].op == op) for op in ("cos", "sin")]
    stacked = known.stacked(steps)
    assert stacked.shape == (2, 1, 5, 1)
    np.testing.assert_allclose(stacked[:, 0, :, 0], [np.cos(x[0]), np.sin(x[0])], rtol=1e-15)


@pytest.mark.parametrize("rows", [[2, 2, 2], [1, 2, 3], [3, 0, 2]])
def test_selections_are_what_indexing_gives(rows: list[int]) -> None:
    values = torch.arange(20.0).view(5, 4)
    selection = hoist._selection(rows, CPU)
    assert torch.equal(selection.of(values), values[rows])
    assert (selection.places is None) == (rows != [3, 0, 2])
