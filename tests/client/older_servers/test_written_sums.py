"""What travels in another form to servers that are too old for the usual one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad.older_servers.written_sums import call_for_older, plan_for_older
from gridgrad.requests.function_spec import plan_message
from gridgrad.requests.prepare import PreparedCall, prepare, prepare_with_other_points
from gridgrad_core.v1 import gridgrad_pb2 as pb

TEXT = "sum(n*exp(-n*t))"


def request_of(text: str = TEXT, length: int = 3, **asked: Any) -> gridgrad.Request:
    given = {"n": np.arange(1.0, 1.0 + length)}
    return gridgrad.Request(text, {"t": [0.0, 1.0]}, coefficients=given, **asked)


def text_of(call: PreparedCall) -> str:
    return call.function[1]


def test_sums_over_arrays_are_written_out() -> None:
    call = prepare(request_of())
    older = call_for_older(call)
    assert older is not None
    assert (call.template.features, older.template.features) == (("arrays",), ())
    assert text_of(older) == "n_0*exp(-n_0*t) + n_1*exp(-n_1*t) + n_2*exp(-n_2*t)"
    assert [each.name for each in older.inputs] == ["t", "n_0", "n_1", "n_2"]
    assert older.request is call.request
    assert [each.name for each in older.shown] == [each.name for each in call.shown] == ["t", "n"]


def test_the_numbers_are_those_that_were_prepared() -> None:
    n = np.array([1.0, 2.0])
    call = prepare(gridgrad.Request(TEXT, {"t": [0.0, 1.0]}, coefficients={"n": n}, dtype="float32", tier="direct"))
    n[:] = 7.0
    older = call_for_older(call)
    assert older is not None
    message = pb.GridGradientRequest.FromString(older.whole)
    assert [each.name for each in message.inputs] == ["t", "n_0", "n_1"]
    assert older.numbers[1:] == (np.float32(1.0).tobytes(), np.float32(2.0).tobytes())
    assert (message.tier, message.dtype, [*message.features]) == (pb.TIER_DIRECT, pb.DTYPE_FLOAT32, [])


def test_a_plan_is_that_of_the_call() -> None:
    plan = plan_message(TEXT, {"t": [0.0, 1.0]}, None, None, None, None, {"n": [1.0, 2.0, 3.0]})
    older, call = plan_for_older(plan), call_for_older(prepare(request_of()))
    assert older is not None
    assert call is not None
    assert older.function.expression == text_of(call)
    assert [each.name for each in older.inputs] == [each.name for each in call.inputs]
    assert [*older.derivatives] == [*plan.derivatives]


def test_what_was_changed_stays_changed() -> None:
    integral = request_of(f"{TEXT} + integrate(exp(-x*t), x, 0, 1)")
    plain, changed = call_for_older(prepare(integral)), call_for_older(prepare_with_other_points(integral))
    assert plain is not None
    assert changed is not None
    assert text_of(plain) != text_of(changed)


@pytest.mark.parametrize(
    "request_",
    [request_of("t"), request_of(length=513), request_of(reduce="sum")],
    ids=["no sums", "too many numbers", "another feature"],
)
def test_what_has_no_other_form(request_: gridgrad.Request) -> None:
    assert call_for_older(prepare(request_)) is None


def test_a_plan_that_has_no_other_form() -> None:
    for text, length in (("t", 3), (TEXT, 513)):
        plan = plan_message(text, {"t": [0.0, 1.0]}, None, None, None, None, {"n": np.ones(length)})
        assert plan_for_older(plan) is None
