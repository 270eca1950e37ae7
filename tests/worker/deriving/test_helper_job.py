"""A helper's answers are what the parser, the derivation and the planner say."""

from __future__ import annotations

import pytest

from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.deriving import helper_job
from gridgrad_worker.deriving.helper_job import answer
from gridgrad_worker.engines.structured.planning.derived_plan import derive_plan, written_down
from gridgrad_worker.engines.structured.planning.explain import explanation_of

TEXT = "u = 2*x; (diff(u*y, x), exp(-y)*e)"


def plan(text: str = TEXT) -> pb.Plan:
    inputs = [pb.PlanInput(name=name, dims=["x", "y"][i:]) for i, name in enumerate("xy")]
    derivatives = [pb.PlanDerivative(wrt=wrt) for wrt in ([], [1], [0, 1])]
    return pb.Plan(expression=text, dtype="float64", inputs=inputs, derivatives=derivatives)


def test_a_text_is_parsed() -> None:
    found = answer(pb.HelperJob(parse=pb.SourceText(text=TEXT, inputs=["e"]))).parsed
    program = parse(TEXT, ["e"])
    assert (found.text, found.digest) == (program.text, program.digest)
    assert (tuple(found.inputs), tuple(found.components)) == (program.inputs, program.components)
    assert (found.tuple_valued, set(found.assigned)) == (True, {"u"})
    assert found.operations == len(program.nodes)


def test_an_expression_is_derived_on_its_own_dims() -> None:
    found = answer(pb.HelperJob(derive=plan())).derived
    assert found == written_down(derive_plan(parse(TEXT), [(), ("y",), ("x", "y")], {"x": 3, "y": 2}))


def test_an_expression_is_explained() -> None:
    assert answer(pb.HelperJob(explain=plan())).explanation == explanation_of(plan())


def test_what_is_wrong_with_a_text_is_told() -> None:
    for job in (pb.HelperJob(parse=pb.SourceText(text="x +")), pb.HelperJob(derive=plan("x +"))):
        assert answer(job).failure.reason == "expression"
        assert answer(job).failure.remedy


def test_a_defect_is_told_and_not_raised(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(helper_job, "parse", broken)
    failure = answer(pb.HelperJob(parse=pb.SourceText(text="x"))).failure
    assert (failure.reason, failure.found) == ("internal", "ZeroDivisionError: ")
    assert "please report it" in caplog.text


def test_want_of_memory_is_for_the_process_to_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def hungry(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(helper_job, "parse", hungry)
    with pytest.raises(MemoryError):
        answer(pb.HelperJob(parse=pb.SourceText(text="x")))
