"""What callers ask for."""

from __future__ import annotations

import pytest

import gridgrad
from gridgrad.requests.prepare import prepare
from gridgrad.requests.request import FunctionLike, Request
from gridgrad_core.v1 import gridgrad_pb2 as pb

INPUTS = {"t": [1.0, 2.0], "k": [3.0], "c": 4.0}


def test_a_function_is_text_a_program_or_registered() -> None:
    spelled: list[tuple[FunctionLike, pb.Function]] = [
        ("t*k*c", pb.Function(expression="t*k*c")),
        (gridgrad.registered("t*k*c"), pb.Function(registered="t*k*c")),
    ]
    for function, sent in spelled:
        assert pb.GridGradientRequest.FromString(prepare(Request(function, INPUTS)).message).function == sent
    program = gridgrad.parse("t*k*c")
    sent_text = pb.GridGradientRequest.FromString(prepare(Request(program, INPUTS)).message).function.expression
    assert gridgrad.parse(sent_text) == program
    with pytest.raises(gridgrad.RequestError, match=r"gridgrad.registered"):
        prepare(Request(1.5, INPUTS))  # type: ignore[arg-type]  # what the test is about
