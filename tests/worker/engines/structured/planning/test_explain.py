"""What the engine says that it computes for an expression."""

from __future__ import annotations

import pytest

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.engines.structured.planning.explain import cut, explain, explanation_of

TEXT = "exp(-(x - 1)**2 - y**2) + x*y + x**2*y**3 + x**3*sin(y)"
DIMS = {"x": ["x"], "y": ["y"]}


def test_what_runs_where_before_and_after_separation() -> None:
    found = explain(parse(TEXT, list(DIMS)), DIMS, [("x",), ("y",)])
    assert found.ranks == (4, 4, 4)
    assert found.operations == {(): (0, 0), ("x",): (8, 7), ("y",): (6, 14), ("x", "y"): (20, 12)}
    assert found.per_point == (34, 20, 12)
    assert "f_x" in found.derived
    assert found.separated != found.derived


def test_the_texts_are_programs_that_compute_the_same() -> None:
    found = explain(parse(TEXT, list(DIMS)), DIMS, [("x",)])
    for text in (found.derived, found.separated):
        assert len(parse(text, list(DIMS)).outputs) == 2


def test_what_is_not_worth_separating_stays() -> None:
    found = explain(parse("sin(x*y)", list(DIMS)), DIMS, [])
    assert found.separated == found.derived
    assert found.ranks == ()


def message(expression: str | None = None, registered: str | None = None) -> pb.Plan:
    inputs = [pb.PlanInput(name=name, dims=dims) for name, dims in DIMS.items()]
    derivatives = [pb.PlanDerivative(), pb.PlanDerivative(wrt=[0]), pb.PlanDerivative(wrt=[1])]
    return pb.Plan(
        expression=expression, registered=registered, dtype="float64", inputs=inputs, derivatives=derivatives
    )


def test_a_message_says_the_same() -> None:
    found = explanation_of(message(expression=TEXT))
    assert list(found.ranks) == [4, 4, 4]
    assert (found.written, found.hoisted, found.left) == (34, 20, 12)
    assert [(list(level.dims), level.before, level.after) for level in found.levels][-1] == (["x", "y"], 20, 12)
    assert found.program == TEXT


def test_a_registered_function_has_no_program() -> None:
    with pytest.raises(RequestError, match="registered function") as caught:
        explanation_of(message(registered="theirs"))
    assert caught.value.field == "function.registered"


def test_long_texts_are_cut_in_the_middle_and_long_lines_at_their_end() -> None:
    assert cut("a\nb") == "a\nb"
    lines = cut("\n".join(map(str, range(1000)))).split("\n")
    assert lines[0] == "0"
    assert lines[-1] == "999"
    assert "800 lines are left out" in lines[100]
    assert len(lines) == 201
    assert cut("x" * 1000) == "x" * 500 + " ..."
