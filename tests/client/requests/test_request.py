"""What callers ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
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


def test_a_settled_request_can_be_asked_many_times() -> None:
    calls = []

    def traced(t: Any) -> Any:
        calls.append(t)
        return 2 * t

    like = Request(traced, {}, derivatives=iter(["t"]), tag="lost", out=np.empty(1)).settled()
    texts = []
    for number in range(3):
        request = like.on({"t": [float(number)]})
        assert (request.tag, request.out) == (None, None)
        call = prepare(request)
        assert call.template.derivatives == (("t",),)
        texts.append(call.function[1])
    assert texts == ["2*t"] * 3
    assert len(calls) == 2, "traced once, which calls it twice"
    assert like.settled() is like
