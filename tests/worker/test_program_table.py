"""Programs by their ids: kept, forgotten, and their states reported once."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import InternalError, RequestError
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.compiled.tier import Hotness, Tier
from gridgrad_worker.program_table import ProgramTable
from tests.worker.engines.compiled.scripted import Code, ScriptedCompiler

PLAN = pb.Plan(
    expression="2*x",
    dtype="float64",
    inputs=[pb.PlanInput(name="x", dims=["x"])],
    derivatives=[pb.PlanDerivative()],
)
BAD = pb.Plan(expression="2*", dtype="float64", derivatives=[pb.PlanDerivative()])


@pytest.fixture
def compiler() -> ScriptedCompiler:
    return ScriptedCompiler()


@pytest.fixture
def tier(compiler: ScriptedCompiler) -> Tier:
    return Tier(compiler, Hotness(1000, 50))


@pytest.fixture
def table(cpu: CpuDevice, tier: Tier) -> ProgramTable:
    return ProgramTable(cpu, {}, "structured", tier)


def test_a_program_is_made_once_and_found_by_its_id(table: ProgramTable) -> None:
    program = table.of(pb.Batch(plan_id=3, plan=PLAN))
    assert table.of(pb.PlanRequest(plan_id=3)) is program
    assert table.ids == [3]
    with pytest.raises(InternalError, match="plan 4, which was never sent"):
        table.of(pb.Batch(plan_id=4))


def test_what_can_not_be_made_fails_each_time_that_it_is_asked_for(table: ProgramTable) -> None:
    for asked in (pb.Batch(plan_id=1, plan=BAD), pb.Batch(plan_id=1)):
        with pytest.raises(RequestError, match="the text ends"):
            table.of(asked)
    (state,) = table.changed_states([1])
    assert state.compiled == "never"
    assert "the text ends" in state.why


def test_what_is_forgotten_is_given_up(table: ProgramTable, tier: Tier) -> None:
    program = table.of(pb.Batch(plan_id=1, plan=PLAN))
    program.prepare()
    table.of(pb.Batch(plan_id=2, plan=PLAN, forget_plans=[1]))
    assert table.ids == [2]
    with pytest.raises(InternalError):
        table.of(pb.Batch(plan_id=1))
    assert len(tier._known) == 1


def test_states_are_reported_when_they_change(table: ProgramTable, compiler: ScriptedCompiler, tier: Tier) -> None:
    program = table.of(pb.Batch(plan_id=1, plan=PLAN))
    (state,) = table.changed_states([1, 9])
    assert (state.plan_id, state.compiled, state.why, state.engine) == (1, "pending", "", "structured")
    assert list(table.changed_states([1])) == []
    program.prepare()
    compiler.started[0].made = Code()
    tier.poll()
    assert [each.compiled for each in table.changed_states(table.ids)] == ["ready"]
    table.of(pb.Batch(plan_id=2, plan=PLAN, forget_plans=[1]))
    assert [each.plan_id for each in table.changed_states([1, 2])] == [2]
