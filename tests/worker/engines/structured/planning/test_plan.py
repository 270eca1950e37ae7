"""Plans: the steps of a program, each on the dims that it depends on."""

from __future__ import annotations

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.engines.structured.planning.plan import ExecutionPlan, Step, make_plan, masks_of

DIMS = {"x": 1, "y": 2, "a": 0, "f": 3}


def plan_of(text: str, watched: tuple[int, ...] = ()) -> ExecutionPlan:
    program = parse(text, list(DIMS))
    return make_plan(program.nodes, program.outputs, DIMS, 2, watched)


def ops(plan: ExecutionPlan, mask: int) -> list[str]:
    (level,) = [each for each in plan.levels if each.mask == mask]
    return [plan.steps[i].op for i in level.steps]


def test_each_operation_runs_on_the_dims_that_it_depends_on() -> None:
    plan = plan_of("sin(x) * cos(y) + exp(a) * f")
    assert ops(plan, 0) == ["exp"]
    assert ops(plan, 1) == ["sin"]
    assert ops(plan, 2) == ["cos"]
    assert sorted(ops(plan, 3)) == ["add", "mul", "mul"]


def test_levels_come_after_those_that_they_read() -> None:
    plan = plan_of("(sin(x) + a) * cos(y) + exp(a) * f")
    seen = {i for i, step in enumerate(plan.steps) if step.op == "const"}
    for level in plan.levels:
        assert set(level.operands) <= seen
        seen.update((*level.inputs, *level.steps))
        for i in level.steps:
            assert set(plan.steps[i].args) <= seen
    assert plan.levels[-1].mask == plan.full == 3


def test_a_level_keeps_what_others_and_the_results_read_and_no_more() -> None:
    plan = plan_of("exp(sin(x)) * y")
    (of_x,) = [level for level in plan.levels if level.mask == 1]
    assert [plan.steps[i].op for i in of_x.kept] == ["exp"]
    assert [plan.steps[i].op for i in plan_of("x, y").levels[0].kept] == ["input"]


def test_what_is_watched_is_kept_too() -> None:
    plan = plan_of("exp(sin(x)) * y")
    sine = next(i for i, step in enumerate(plan.steps) if step.op == "sin")
    (of_x,) = [level for level in plan_of("exp(sin(x)) * y", (sine,)).levels if level.mask == 1]
    assert sine in of_x.kept


def test_the_grid_is_a_level_even_if_nothing_runs_there() -> None:
    plan = plan_of("sin(x)")
    assert plan.levels[-1].mask == 3
    assert plan.levels[-1].steps == ()


def test_inputs_are_numbered_in_the_order_of_tiles() -> None:
    values = {step.value for step in plan_of("x + y + a + f").steps if step.op == "input"}
    assert values == {0, 1, 2, 3}


def test_masks_are_those_of_all_arguments() -> None:
    program = parse("x*y + a", list(DIMS))
    masks = masks_of(program.nodes, DIMS)
    assert masks[program.outputs[0]] == 3
    assert {masks[i] for i, node in enumerate(program.nodes) if node.op in ("const",)} <= {0}


def test_a_constant_zero_keeps_its_sign() -> None:
    assert str(Step("const", (), 0, -0.0).number) == "-0.0"
    assert Step("input", (), 1, None).number == 0.0
