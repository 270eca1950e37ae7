"""Requests in JSON: what each form means, and what is refused where."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gridgrad_core.errors import RequestError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.http.grids.json_request import read_json


def read(**asked: object) -> pb.GridGradientRequest:
    return read_json(json.dumps({"expression": "f", **asked}).encode()).message


def test_derivatives_are_asked_for_by_order_or_listed() -> None:
    def listed(**asked: object) -> list[list[str]]:
        message = read(inputs={"t": [1], "k": [1], "a": 1}, **asked)
        return [list(each.wrt) for each in message.derivatives]

    assert [each.name for each in read(inputs={"t": [1], "k": [1], "a": 1}).inputs] == ["t", "k", "a"]
    assert listed(order=0) == []
    assert listed() == listed(order=1) == [["t"], ["k"]]
    assert listed(order=2, wrt=["t", "a"]) == [["t"], ["a"], ["t", "t"], ["t", "a"], ["a", "a"]]
    assert listed(derivatives=[["k", "t"], "a"]) == [["t", "k"], ["a"]]


def test_reductions_dtype_tier_and_timeout() -> None:
    message = read(inputs={"t": [1], "k": [1]}, reduce={"k": "sum"}, weights="k", dtype="float32", tier="direct")
    assert message.reduction == pb.Reduction(function=pb.Function(expression="f"), dims=["k"], kind="sum", weights="k")
    assert not message.HasField("function")
    assert (message.dtype, message.tier) == (pb.DTYPE_FLOAT32, pb.TIER_DIRECT)
    assert read_json(b'{"registered": "f", "timeout": 2.5}').timeout_s == 2.5


def test_a_cotangent_asks_for_a_sum_and_its_gradient() -> None:
    inputs = {"t": [1, 2], "k": {"linspace": [0, 1, 5]}, "a": 2, "w": {"dims": ["k", "t"], "values": [[1, 2]] * 5}}
    asked = {"expression": "f", "inputs": inputs, "cotangent": "w*t", "wrt": ["w", "a", "k"]}
    found = read_json(json.dumps(asked).encode())
    want = pb.Reduction(function=pb.Function(expression="f"), kind="pullback", weights="w*t")
    assert found.message.reduction == want
    assert [list(each.wrt) for each in found.message.derivatives] == [["w"], ["a"], ["k"]]
    assert found.gradient == (("w", (5, 2)), ("a", ()), ("k", (5,)))
    assert read_json(json.dumps({"expression": "f", "inputs": inputs}).encode()).gradient is None


X = {"x": [1]}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"function": "x"}, "function"),
        ({"inputs": X, "registered": "g"}, "function"),
        ({"expression": 1}, "expression"),
        ({"inputs": [1]}, "inputs"),
        ({"inputs": {"x": True}}, "inputs.x"),
        ({"inputs": {"x": None}}, "inputs.x"),
        ({"inputs": {"x": [1, True]}}, "inputs.x[1]"),
        ({"inputs": {"x": [1, None]}}, "inputs.x[1]"),
        ({"inputs": {"x": [1, "inf"]}}, "inputs.x[1]"),
        ({"inputs": {"x": [[1]]}}, "inputs.x[0]"),
        ({"inputs": {"x": {}}}, "inputs.x"),
        ({"inputs": {"x": {"linspace": [0, 1, 5], "values": [1]}}}, "inputs.x"),
        ({"inputs": {"x": {"linspace": [0, 1]}}}, "inputs.x.linspace"),
        ({"inputs": {"x": {"linspace": [0, 1, 2.5]}}}, "inputs.x.linspace"),
        ({"inputs": {"x": {"linspace": [0, 1, -1]}}}, "inputs.x.linspace"),
        ({"inputs": {"x": {"geomspace": [0, 1, 5]}}}, "inputs.x.geomspace"),
        ({"inputs": {"x": {"geomspace": [-1, 1, 5]}}}, "inputs.x.geomspace"),
        ({"inputs": {"x": {"geomspace": [1, 2, 10**6]}}}, "inputs.x.geomspace"),
        ({"inputs": {"x": {"dims": ["a", "b"], "values": [[1], [1, 2]]}}}, "inputs.x.values"),
        ({"inputs": {"x": {"dims": ["a", "b"], "values": [1]}}}, "inputs.x.values"),
        ({"inputs": {"x": {"dims": 3, "values": [1]}}}, "inputs.x.dims"),
        ({"inputs": X, "order": 5}, "order"),
        ({"inputs": X, "order": True}, "order"),
        ({"inputs": X, "order": 1, "derivatives": []}, "derivatives"),
        ({"inputs": X, "derivatives": "x"}, "derivatives"),
        ({"inputs": X, "wrt": "y"}, "wrt"),
        ({"inputs": X, "wrt": [1]}, "wrt"),
        ({"inputs": X, "reduce": {}}, "reduce"),
        ({"inputs": X, "reduce": {"x": "sum", "y": "mean"}}, "reduce"),
        ({"inputs": X, "reduce": {"x": 1}}, "reduce"),
        ({"inputs": X, "reduce": {"x": "summ"}}, "reduce"),
        ({"inputs": X, "reduce": {"x": "pullback"}}, "reduce"),
        ({"inputs": X, "reduce": {"x": "sum"}, "weights": 1}, "weights"),
        ({"inputs": X, "weights": "x"}, "weights"),
        ({"inputs": X, "cotangent": 1}, "cotangent"),
        ({"inputs": X, "cotangent": "x", "weights": "x"}, "cotangent"),
        ({"inputs": X, "cotangent": "x", "derivatives": [["x"]]}, "cotangent"),
        ({"inputs": {"x": {"coefficients": []}}}, "inputs.x"),
        ({"inputs": {"x": {"coefficients": 1}}}, "inputs.x"),
        ({"inputs": {"x": {"coefficients": [[1]]}}}, "inputs.x"),
        ({"inputs": {"x": {"coefficients": [1], "dims": "x"}}}, "inputs.x"),
        ({"inputs": X, "dtype": "int8"}, "dtype"),
        ({"inputs": X, "tier": ["direct"]}, "tier"),
        ({"inputs": X, "timeout": 0}, "timeout"),
        ({"inputs": X, "timeout": "1"}, "timeout"),
    ],
)
def test_what_is_wrong_is_named(asked: dict[str, Any], field: str) -> None:
    with pytest.raises(RequestError) as refused:
        read(**asked)
    assert refused.value.field == field
    assert refused.value.remedy


def test_a_key_that_is_misspelt_is_shown() -> None:
    with pytest.raises(RequestError, match=r'inputs.x: {"dims": "a", "value": \[1\]}; write a number, a list'):
        read(inputs={"x": {"dims": "a", "value": [1]}})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"", "no JSON"),
        (b"[" * 20_000, "deeply"),
        (b"\xff", "UTF-8"),
        (rb'{"expression": "\ud800", "inputs": {"t": 1}}', r"'\\ud800', half a character"),
        (rb'{"expression": "t", "inputs": {"t": [1]}, "wrt": ["t"], "cotangent": "\ud800"}', "half a character"),
        (b'{"inputs": {"t": [NaN]}}', "NaN"),
        (b'{"expression": "t", "expression": "k"}', "second time"),
        (b"[1]", r"\[1\]"),
        (b'{"expression": "t", "inputs": {"t": [1e400]}}', "float64"),
        (b'{"expression": "t", "inputs": {"t": [1' + b"0" * 400 + b"]}}", "float64"),
        (b'{"expression": "t", "inputs": {"t": 1' + b"0" * 5000 + b"}}", "JSON"),
    ],
)
def test_what_is_no_request_is_refused(text: bytes, found: str) -> None:
    with pytest.raises(RequestError, match=found):
        read_json(text)


SCALARS = {f"x{i}": 1 for i in range(512)}


@pytest.mark.parametrize(
    "asked",
    [
        {"inputs": SCALARS, "wrt": [*SCALARS], "order": 4},  # 2,919,618,944 partials
        {"inputs": X, "derivatives": [["x"]] * 20_000},
        {"inputs": {f"x{i}": {"geomspace": [1, 2, 8192]} for i in range(100)}},
        {"inputs": {f"x{i}": 1 for i in range(10_000)}},
        {"inputs": {"x": {"dims": ["a", "b"], "values": [[1]] * 20_000}}},
        {"inputs": [{}] * 20_000},
        {"inputs": X, "derivatives": [[]] * 40_000},
    ],
)
def test_what_would_take_long_to_read_is_refused_before(asked: dict[str, Any]) -> None:
    with pytest.raises(RequestError) as refused:
        read(**asked)
    assert refused.value.remedy


def test_names_that_come_twice_count_once() -> None:
    assert len(read(inputs=X, wrt=["x"] * 50_000, order=4).derivatives) == 4
