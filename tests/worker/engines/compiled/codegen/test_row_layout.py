"""Which numbers of which level compiled code keeps, and in which row."""

from __future__ import annotations

import torch

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.compiled.codegen.row_layout import lay_out, sides_of
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.structured.planning.plan import SEPARATED, ExecutionPlan, make_plan

DIMS = {"x": 1, "y": 2, "a": 0}


def plan_of(text: str) -> ExecutionPlan:
    program = parse(text, list(DIMS))
    return make_plan(program.nodes, program.outputs, DIMS, 2)


def ops_of(plan: ExecutionPlan, steps: tuple[int, ...]) -> list[str]:
    return [plan.steps[step].op for step in steps]


def test_a_level_keeps_what_the_grid_and_the_results_read() -> None:
    plan = plan_of("exp(sin(x))*y + a")
    levels = {level.mask: level for level in lay_out(plan, None)}
    assert ops_of(plan, levels[1].rows) == ["exp"]
    assert ops_of(plan, levels[1].steps) == ["input", "sin", "exp"]
    assert ops_of(plan, levels[2].rows) == ["input"]
    assert ops_of(plan, levels[0].rows) == ["input"]
    assert [level.last for level in lay_out(plan, None)] == [0, 0, 1]


def test_a_level_of_which_nothing_is_read_is_left_out() -> None:
    assert [level.mask for level in lay_out(plan_of("sin(x)"), None)] == [1]


def test_what_the_guard_watches_comes_first(cpu: CpuDevice) -> None:
    program = parse("exp(-x**2 - y**2)/x + x**2*y**3 + x**3*sin(y) + x*y", ["x", "y"])
    axes = {"x": (0,), "y": (1,)}
    engine = StructuredEngine(program, axes, 2, [(), (0,), (1,)], torch.float64, cpu, separating=True)
    assert engine.guard is not None
    factors, divisors, powers = engine.guard.kinds
    for level in lay_out(engine.plan, engine.guard):
        ends = [sum(level.watched[: n + 1]) for n in range(3)]
        assert set(level.rows[: ends[0]]) <= set(factors)
        assert set(level.rows[ends[0] : ends[1]]) <= set(divisors)
        assert set(level.rows[ends[1] : ends[2]]) <= set(powers)
        assert len(level.rows[ends[2] :]) == len(set(level.rows[ends[2] :]))


def test_a_sum_has_the_factors_of_each_side_in_one_level(cpu: CpuDevice) -> None:
    program = parse("x*y + 2*y**2 + x**3*sin(y) + x**2*cos(y)", ["x", "y"])
    axes = {"x": (0,), "y": (1,)}
    plan = StructuredEngine(program, axes, 2, [()], torch.float64, cpu, separating=True).plan
    levels = {level.mask: level for level in lay_out(plan, None)}
    (index,) = [i for i in plan.levels[-1].steps if plan.steps[i].op == SEPARATED]
    args = plan.steps[index].args
    for mask, factors in zip(sides_of(plan, index), (args[: len(args) // 2], args[len(args) // 2 :]), strict=True):
        assert set(factors) <= set(levels[mask].rows)
