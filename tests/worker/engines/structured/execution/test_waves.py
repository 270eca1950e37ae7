"""Waves: each step in one, after its arguments, and few of them."""

from __future__ import annotations

import torch

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.engines.structured.execution.waves import Wave, sort_into_waves
from gridgrad_worker.engines.structured.planning.plan import ExecutionPlan, make_plan


def plan_of(text: str) -> ExecutionPlan:
    program = parse(text, ["x", "y"])
    return make_plan(program.nodes, program.outputs, {"x": 1, "y": 2}, 2)


def waves_of(plan: ExecutionPlan, mask: int) -> list[Wave]:
    (level,) = [each for each in plan.levels if each.mask == mask]
    return sort_into_waves(plan.steps, level, torch.float64)


def test_like_steps_run_together_after_their_arguments() -> None:
    plan = plan_of("y*(sin(x) + cos(x) + sin(2*x) + sin(3*x) + exp(sin(x)) + exp(cos(x)))")
    (level,) = [each for each in plan.levels if each.mask == 1]
    waves = waves_of(plan, 1)
    assert sorted(step for wave in waves for step in wave.steps) == sorted(level.steps)
    known = {i for i, step in enumerate(plan.steps) if step.op == "const"} | set(level.inputs)
    for wave in waves:
        assert len({plan.steps[step].op for step in wave.steps}) == 1
        assert all(set(plan.steps[step].args) <= known for step in wave.steps)
        known.update(wave.steps)
    together = {plan.steps[wave.steps[0]].op: len(wave.steps) for wave in waves}
    assert (together["mul"], together["exp"]) == (2, 2)


def test_results_have_rows_one_after_another_behind_the_inputs() -> None:
    waves = waves_of(plan_of("y*where(x > 1, sin(x), sin(2*x))"), 1)
    rows: dict[bool, list[int]] = {False: [0], True: []}  # the input x has the first
    for wave in waves:
        rows[wave.call.boolean] += range(wave.first, wave.first + len(wave.steps))
    assert all(each == list(range(len(each))) for each in rows.values())
    assert len(rows[True]) == 1


def test_exponents_that_differ_are_different_operations() -> None:
    assert len([w for w in waves_of(plan_of("y*(x**2 + x**3)"), 1) if w.call.bound]) == 2


def test_a_wave_comes_apart_into_its_steps() -> None:
    (wave,) = [
        w for w in waves_of(plan_of("y*(sin(2*x) + sin(3*x))"), 1) if len(w.steps) == 2 and len(w.arguments) == 1
    ]
    parts = list(wave.apart())
    assert [part.steps for part in parts] == [(step,) for step in wave.steps]
    assert [part.first for part in parts] == [wave.first, wave.first + 1]
    assert [part.arguments for part in parts] == [((argument,),) for argument in wave.arguments[0]]
