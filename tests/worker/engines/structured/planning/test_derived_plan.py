"""Derived plans come out of a message as they went in, and what is none is refused."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from gridgrad_core.errors import InternalError
from gridgrad_core.lang.functions.tabulated import TableSpec
from gridgrad_core.lang.parser.parser import parse
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.engines.structured.planning.derived_plan import (
    DerivedPlan,
    derive_plan,
    read_derived,
    written_down,
)

MASKS = {"x": 1, "y": 2, "a": 0}
WANTED = [("x",), ("y",), ("x", "y")]
SEPARABLE = "x*y*a + x**2*exp(-y) + sin(x)*y**3 + x**3*log(1 + y)"
TEXTS = [SEPARABLE, "where(x > y, max(x, -0.0), polygamma(2, y)) + inf - nan*a", "(x*y, not x < y)", "3"]
TEXTS += ["solve(solve(z**3 - u*x, z, 1) - y, u, 1, 2)", "solve((u*v - x, u + v - y), (u, v), (a, 2), v)"]


def made(text: str) -> DerivedPlan:
    return derive_plan(parse(text, list(MASKS)), WANTED, MASKS)


@pytest.mark.parametrize("text", TEXTS)
def test_it_comes_out_as_it_went_in(text: str) -> None:
    plan = made(text)
    found = read_derived(written_down(plan), 4)
    assert repr(found.nodes) == repr(list(plan.nodes)), "by their text, in which -0.0 is not 0.0 and nan is nan"
    assert repr(found.separated) == repr(plan.separated._replace(nodes=list(plan.separated.nodes)))
    assert found.outputs == plan.outputs


def test_a_sum_over_another_array_than_the_first_comes_out_as_it_went_in() -> None:
    arrays = [TableSpec(name, 0, 0, "") for name in "nm"]
    plan = derive_plan(parse("sum(m*x)", list(MASKS), arrays), WANTED, MASKS)
    assert repr(read_derived(written_down(plan), 4).nodes) == repr(list(plan.nodes))


def test_separated_sums_are_among_what_is_tested() -> None:
    assert made(SEPARABLE).separated.checked
    assert made(SEPARABLE).separated.ranks


def change_code(message: pb.DerivedPlan) -> None:
    message.written.codes[0] = 99


def change_argument(message: pb.DerivedPlan) -> None:
    message.written.arguments[0] = len(message.written.codes)


def drop_argument(message: pb.DerivedPlan) -> None:
    message.written.arguments.pop()


def drop_input(message: pb.DerivedPlan) -> None:
    message.written.inputs.pop()


def change_kind(message: pb.DerivedPlan) -> None:
    message.written.operations.add(arguments=1).local.kind = "guess"


def drop_constant(message: pb.DerivedPlan) -> None:
    message.written.constants.pop()


def change_output(message: pb.DerivedPlan) -> None:
    message.written.outputs[0] = 1 << 31


def drop_output(message: pb.DerivedPlan) -> None:
    message.written.outputs.pop()


def change_operation(message: pb.DerivedPlan) -> None:
    message.written.operations[0].name = "system"


def change_arity(message: pb.DerivedPlan) -> None:
    message.written.operations[0].arguments = 7


def change_term(message: pb.DerivedPlan) -> None:
    message.checked[0].terms[0].factors.append(1 << 30)


def change_separated(message: pb.DerivedPlan) -> None:
    message.separated.outputs.pop()


def change_saved(message: pb.DerivedPlan) -> None:
    message.saved = math.nan


@pytest.mark.parametrize(
    "change",
    [
        *(change_code, change_argument, drop_argument, drop_input, drop_constant, change_output, drop_output),
        *(change_operation, change_arity, change_term, change_separated, change_saved),
    ],
)
def test_what_was_changed_is_refused(change: Callable[[pb.DerivedPlan], None]) -> None:
    message = pb.DerivedPlan.FromString(written_down(made(SEPARABLE)))
    change(message)
    with pytest.raises(InternalError, match="please report it"):
        read_derived(message.SerializeToString(), 4)


def test_what_is_no_message_is_refused() -> None:
    for serialized in (b"\xff\xff", b""):
        with pytest.raises(InternalError):
            read_derived(serialized, 4)
