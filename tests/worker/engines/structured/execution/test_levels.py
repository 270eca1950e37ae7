"""The steps of a level of several dims, on windows of any shape, against numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridgrad_worker.engines.structured.execution.hoist import HoistedValues
from gridgrad_worker.engines.structured.execution.levels import LevelRunner, StepResult
from gridgrad_worker.engines.structured.execution.windows import PanelWindow
from gridgrad_worker.engines.structured.planning.plan import SEPARATED, ExecutionPlan, Level, Step
from tests.worker.engines.structured.execution.running import plan_of

CPU = torch.device("cpu")


def window_of(requests: int, rows: slice, columns: slice, panel: tuple[int, int]) -> PanelWindow:
    return PanelWindow(slice(0, requests), (rows, columns), panel)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (8, 64), (17, 33)])
@pytest.mark.parametrize("requests", [1, 2])
def test_operations_of_all_kinds(shape: tuple[int, int], requests: int) -> None:
    plan = plan_of("x*y + exp(x*y) - where(x > y, x, 2) + 3*hypot(x, y) + isnan(x*y) + (x*y)**2.5")
    runner = LevelRunner(plan, plan.levels[-1], torch.float64, CPU)
    random = np.random.default_rng(sum(shape))
    x, y = random.uniform(0.5, 2, (requests, shape[0], 1)), random.uniform(0.5, 2, (requests, 1, shape[1]))
    known = {i: StepResult(torch.from_numpy(x if plan.steps[i].mask == 1 else y), None) for i in runner.operands}
    runner.run(window_of(requests, slice(0, shape[0]), slice(0, shape[1]), shape), known)
    expected = x * y + np.exp(x * y) - np.where(x > y, x, 2) + 3 * np.hypot(x, y) + (x * y) ** 2.5
    np.testing.assert_allclose(known[plan.outputs[0]].view, expected, rtol=1e-13)


def test_results_go_where_they_are_wanted() -> None:
    plan = plan_of("x*y, exp(x*y)")
    runner = LevelRunner(plan, plan.levels[-1], torch.float64, CPU)
    x, y = torch.linspace(0, 1, 4).double().view(1, 4, 1), torch.linspace(1, 2, 6).double().view(1, 1, 6)
    known = {i: StepResult(x if plan.steps[i].mask == 1 else y, None) for i in runner.operands}
    wide = torch.zeros(2, 1, 4, 9).double()
    destinations = {step: wide[plane, :, :, :6] for plane, step in enumerate(plan.outputs)}
    runner.run(window_of(1, slice(0, 4), slice(0, 6), (4, 6)), known, destinations)
    torch.testing.assert_close(wide[0, :, :, :6], x * y, rtol=0, atol=0)
    torch.testing.assert_close(wide[1, :, :, :6], (x * y).exp())
    assert not wide[:, :, :, 6:].any()


@pytest.mark.parametrize("at_pole", [False, True])
@pytest.mark.parametrize(
    ("text", "is_exact", "function"),
    [
        ("where(x == 0, 7, x*y + 1)", True, lambda x, y: np.where(x == 0, 7, x * y + 1)),
        ("where(x == 0, x*y, y - x)", True, lambda x, y: np.where(x == 0, x * y, y - x)),
        ("where(x == 0, y, exp(x*y))", False, lambda x, y: np.where(x == 0, y, np.exp(x * y))),
    ],
)
def test_where_nothing_is_chosen_the_rest_goes_to_the_results_at_once(
    text: str, is_exact: bool, function: Callable[..., NDArray[np.float64]], at_pole: bool
) -> None:
    plan = plan_of(f"{text}, exp(x*y)*2")
    runner = LevelRunner(plan, plan.levels[-1], torch.float64, CPU)
    x, y = (
        torch.linspace(0 if at_pole else 1, 4, 5).double()[None, :, None],
        torch.linspace(1, 2, 6).double()[None, None],
    )
    values = {("input", 1): x, ("input", 2): y, ("eq", 1): x == 0}
    known = {i: StepResult(values[plan.steps[i].op, plan.steps[i].mask], None) for i in runner.operands}
    out = torch.zeros(2, 1, 5, 6).double()
    destinations = {step: out[plane] for plane, step in enumerate(plan.outputs)}
    for _ in range(2):
        here = dict(known)
        runner.run(window_of(1, slice(0, 5), slice(0, 6), (5, 6)), here, destinations)
        np.testing.assert_allclose(out[0, 0], function(x[0].numpy(), y[0].numpy()), rtol=1e-14)
        np.testing.assert_allclose(out[1, 0], 2 * np.exp((x * y)[0].numpy()), rtol=1e-14)
    beside = here[plan.steps[plan.outputs[0]].args[2]].view
    assert (beside.data_ptr() == out.data_ptr()) == (is_exact and not at_pole)


def test_a_number_has_the_same_bits_in_any_window() -> None:
    plan = plan_of("exp(sin(x*y)) + (x*y)**1.7")
    runner = LevelRunner(plan, plan.levels[-1], torch.float64, CPU)
    x, y = torch.linspace(0.1, 1, 40).double().view(1, 40, 1), torch.linspace(1, 2, 50).double().view(1, 1, 50)

    def computed(rows: slice, columns: slice) -> torch.Tensor:
        known = {
            i: StepResult(x[:, rows] if plan.steps[i].mask == 1 else y[:, :, columns], None) for i in runner.operands
        }
        runner.run(window_of(1, rows, columns, (40, 50)), known)
        return known[plan.outputs[0]].view.clone()

    whole = computed(slice(0, 40), slice(0, 50))
    for rows, columns in [(slice(3, 9), slice(1, 50)), (slice(39, 40), slice(49, 50)), (slice(0, 40), slice(7, 8))]:
        assert torch.equal(computed(rows, columns), whole[:, rows, columns])


def test_separated_sums_are_products_of_what_was_prepared() -> None:
    steps = [Step("input", (), 1, 0), Step("input", (), 2, 1), Step("const", (), 0, 2.0), Step("const", (), 0, 3.0)]
    steps.append(Step(SEPARATED, (0, 2, 1, 3), 3, None))  # x*y + 2*3
    grid = Level(3, (), (4,), (), (4,))
    below = tuple(Level(mask, (i,), (), (), (i,)) for i, mask in enumerate((1, 2)))
    plan = ExecutionPlan(tuple(steps), (4,), 2, (*below, grid))
    runner = LevelRunner(plan, grid, torch.float64, CPU)
    known = HoistedValues(plan)
    x, y = torch.linspace(0, 1, 5).double().view(1, 5, 1), torch.linspace(1, 2, 7).double().view(1, 1, 7)
    known.others = {0: x, 1: y}
    runner.prepare((1, 5, 7), known)
    here: dict[int, StepResult] = {}
    runner.run(window_of(1, slice(1, 4), slice(2, 7), (5, 7)), here)
    torch.testing.assert_close(here[4].view, (x * y + 6)[:, 1:4, 2:7], rtol=1e-15, atol=0)
    runner.free()
    assert not runner._factors
