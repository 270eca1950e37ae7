"""Derivatives by the values of tables: what travels for them, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad import Request
from gridgrad.requests.function_spec import plan_message
from gridgrad.requests.prepare import prepare
from gridgrad_core.v1 import gridgrad_pb2 as pb

X = np.array([0.0, 1.0, 2.0, 4.0])
V = gridgrad.table([1.0, 0.0, 2.0, 3.0], x=X)


def sent(function: Any, *, inputs: Any = None, **asked: Any) -> pb.GridGradientRequest:
    given = {"r": [0.5, 1.5], "v": V, **(inputs or {})}
    return pb.GridGradientRequest.FromString(prepare(Request(function, given, **asked)).message)


@pytest.mark.parametrize("function", ["v(r)*r", lambda r, v: v(r) * r, gridgrad.parse("v(r)*r", (), [V.spec("v")])])
def test_values_are_moved_by_scalars(function: Any) -> None:
    message = sent(function, derivatives=["v", ("r", "v")])
    names = [each.name for each in message.inputs]
    assert names == ["v", "basis0", "r", "v_0", "v_1", "v_2", "v_3"]
    moved = [np.frombuffer(each.array.data)[0] for each in message.inputs if not (each.dims or each.HasField("table"))]
    assert moved == [0.0] * 4
    (basis,) = [each.table for each in message.inputs if each.name == "basis0"]
    assert_array_equal(np.frombuffer(basis.values.data).reshape(4, 4), np.eye(4))
    assert [tuple(each.wrt) for each in message.derivatives] == [
        *((f"v_{n}",) for n in range(4)),
        *(("r", f"v_{n}") for n in range(4)),
    ]


def test_a_table_that_nothing_is_asked_by_goes_as_it_is() -> None:
    message = sent("v(r)*r", wrt="r")
    assert message.function.expression == "v(r)*r"
    assert [each.name for each in message.inputs] == ["v", "r"]


def test_where_slopes_are_quotients_each_component_has_splines_of_its_own() -> None:
    two = gridgrad.table([[1.0, 0.0], [2.0, 5.0], [4.0, 1.0], [5.0, 2.0]], x=X, method="pchip")
    message = sent("v_0(r)*v_1(r)", inputs={"v": two}, wrt="v")
    first, second = (each.table for each in message.inputs if each.name.startswith("basis"))
    assert (first.method, [*first.values.shape], second.method) == ("hermite", [2, 4, 4], "hermite")
    assert first.values.data != second.values.data
    with pytest.raises(gridgrad.RequestError, match=r"order 3 .* whose method 'pchip' is not linear in them"):
        sent("v_0(r)", inputs={"v": two}, derivatives=["r", ("v", "v", "r", "v")])


def test_what_is_prepared_is_what_is_asked() -> None:
    message = sent("v(r)", wrt="v")
    plan = plan_message("v(r)", {"r": [0.5], "v": V}, "v", None, None, None)
    assert plan.function == message.function
    assert plan.derivatives == message.derivatives


def test_names_that_are_taken_are_left_to_others() -> None:
    message = sent("v(r) + basis0*basis1(r)", inputs={"basis0": 1.0, "basis1": V}, wrt="v")
    assert {each.name for each in message.inputs if each.HasField("table")} == {"v", "basis1", "basis2"}


def test_a_component_that_is_not_called_has_no_scalars() -> None:
    two = gridgrad.table(np.ones((4, 2)), x=X[::-1])
    assert [each.name for each in sent("v_1(r)", inputs={"v": two}, wrt="v").inputs[2:]] == [
        *("r", "v_0_1", "v_1_1", "v_2_1", "v_3_1")
    ]


@pytest.mark.parametrize(
    ("function", "inputs", "message"),
    [
        ("v(r)*v_2", {"v_2": 1.0}, "'v_2' twice; rename one: for derivatives by the values of 'v' these are v_0 and"),
        ("v_2 = r\nv(v_2)", {}, "'v_2' twice; rename one"),
        (
            "v(r)",
            {"v": gridgrad.table(np.ones(513), x=np.arange(513))},
            "derivatives by the 513 values of 'v', a grid for each; ask client.gradient for first derivatives",
        ),
    ],
)
def test_what_has_no_such_derivatives_is_refused(function: str, inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(gridgrad.RequestError) as caught:
        sent(function, inputs=inputs, wrt=["v"])
    assert message in str(caught.value)
