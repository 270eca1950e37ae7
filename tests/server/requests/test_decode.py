"""What is wrong with a request is found before anything is allocated, and answered with the field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from gridgrad_core.errors import (
    ExpressionError,
    GridgradError,
    RequestError,
    TooLargeError,
    UnknownFunctionError,
    UnsupportedError,
)
from gridgrad_core.grid import expand_order
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.deriving.programs import Programs
from gridgrad_server.requests.decode import decode, read, read_several
from gridgrad_server.requests.function_key import FunctionKeys
from gridgrad_server.rpc.intake import Intake
from tests.server.building import make_intake

Axis = Callable[..., pb.Input]


FIELD = wpb.RegisteredFunction(
    name="field",
    inputs=[wpb.FunctionInput(name="x"), wpb.FunctionInput(name="nu", default=0.1)],
    components=["u", "v"],
    tuple_valued=True,
)


@pytest.fixture
def intake() -> Intake:
    functions = FunctionKeys(Programs(), "1")
    functions.registered = {"field": FIELD}
    return make_intake(functions)


def request(expression: str = "t*k", *inputs: pb.Input, **fields: Any) -> pb.GridGradientRequest:
    fields.setdefault("function", pb.Function(expression=expression))
    return pb.GridGradientRequest(inputs=inputs, **fields)


def array(name: str, dims: list[str], shape: list[int], data: bytes, dtype: int = 0) -> pb.Input:
    values = pb.Array(dtype=cast(pb.Dtype, dtype), shape=shape, data=data)
    return pb.Input(name=name, dims=dims, array=values)


def linspace(name: str, num: int, dims: list[str] | None = None) -> pb.Input:
    return pb.Input(name=name, dims=[name] if dims is None else dims, linspace=pb.Linspace(start=0, stop=1, num=num))


T, K = linspace("t", 3), linspace("k", 2)
X = linspace("x", 3)
REGISTERED = pb.Function(registered="field")


def wrt(*names: str) -> pb.Derivative:
    return pb.Derivative(wrt=names)


LATER = bytes([0xF8, 0x7F, 1])
"""A field that is not in the schema: 2047, a varint."""


def of_later(message: Message) -> bytes:
    return message.SerializeToString() + LATER


@pytest.mark.parametrize("elements", [2, 1 << 14], ids=["small", "large"])
def test_an_unknown_field_is_refused_wherever_it_is(elements: int) -> None:
    inputs = [array("t", ["t"], [elements], bytes(8 * elements)), K]
    asked = request("t*k", *inputs)
    assert decode(pb.GridGradientRequest, asked.SerializeToString()) == asked
    with pytest.raises(UnsupportedError, match=r"^field 2047 of gridgrad.v1.GridGradientRequest, .*update the server"):
        decode(pb.GridGradientRequest, of_later(asked))
    asked.inputs[0].array.MergeFromString(LATER)
    with pytest.raises(UnsupportedError, match=r"request.inputs\[0\].array: field 2047 of gridgrad.v1.Array"):
        decode(pb.StreamGridGradientsRequest, pb.StreamGridGradientsRequest(request=asked).SerializeToString())


@pytest.mark.parametrize("message", [pb.ListFunctionsRequest(), pb.PrepareRequest(), pb.SessionRequest(id=1)])
def test_no_request_may_have_an_unknown_field(message: Message) -> None:
    assert decode(type(message), message.SerializeToString()) == message
    with pytest.raises(UnsupportedError, match="field 2047"):
        decode(type(message), of_later(message))


def test_an_unknown_feature_is_named_before_the_fields_that_come_with_it() -> None:
    asked = request("t", T, features=["tables", "time travel"])
    with pytest.raises(UnsupportedError, match="'time travel', which") as raised:
        read(asked)
    assert raised.value.field == "features"
    with pytest.raises(UnsupportedError, match="'time travel', which"):
        decode(pb.GridGradientRequest, of_later(asked))


def from_row(first: int, asked: pb.GridGradientRequest) -> pb.GridGradientRequest:
    asked.first_row = first
    return asked


def summed(text: str, *inputs: pb.Input) -> pb.GridGradientRequest:
    reduction = pb.Reduction(function=pb.Function(expression=text), dims=["t"], kind="sum")
    return pb.GridGradientRequest(inputs=inputs, reduction=reduction)


BAD: dict[str, tuple[pb.GridGradientRequest, type[GridgradError], str, str]] = {
    "nothing": (pb.GridGradientRequest(), RequestError, "function", "neither an expression"),
    "no text": (request("  "), ExpressionError, "function.expression", "empty"),
    "syntax": (request("t^2", T), ExpressionError, "function.expression", "line 1, column 2"),
    "an unknown function": (request("sn(t)", T), ExpressionError, "function.expression", "'sn'"),
    "arity": (request("sin(t, t)", T), ExpressionError, "function.expression", "sin"),
    "a name not given": (request("t*k", T), RequestError, "inputs", "'k'"),
    "a name not used": (request("t", T, array("q", [], [], bytes(8))), RequestError, "inputs[1].name", "'q'"),
    "no identifier": (request("t", linspace("2t", 3)), RequestError, "inputs[0].name", "'2t'"),
    "no ASCII": (request("t", linspace("τ", 3)), RequestError, "inputs[0].name", "'τ'"),
    "an empty dim": (request("t", linspace("t", 3, [""])), RequestError, "inputs[0].dims", "dim"),
    "a name twice": (request("t", T, T), RequestError, "inputs[1].name", "a second time"),
    "lengths disagree": (
        request("t*k", T, linspace("k", 2, ["t"])), RequestError, "inputs[1].dims", "length 2 in 'k' and 3 in 't'",
    ),
    "too few bytes": (
        request("t", array("t", ["t"], [3], bytes(23))), RequestError, "inputs[0].array.data", "23 bytes",
    ),
    "bytes of another dtype": (
        request("t", array("t", ["t"], [3], bytes(24), 1)), RequestError, "inputs[0].array.data", "24 bytes",
    ),
    "a negative length": (
        request("t", array("t", ["t"], [-1], b"")), RequestError, "inputs[0].array.shape", "[-1]",
    ),
    "a negative count": (request("t", linspace("t", -1)), RequestError, "inputs[0].linspace.num", "-1"),
    "linspace with two dims": (
        request("t", linspace("t", 3, ["a", "b"])), RequestError, "inputs[0].linspace", "['a', 'b']",
    ),
    "more dims than lengths": (
        request("t", array("t", ["a", "b"], [1], bytes(8))), RequestError, "inputs[0].dims", "2 dims",
    ),
    "a dim twice": (
        request("t", array("t", ["a", "a"], [1, 1], bytes(8))), RequestError, "inputs[0].dims", "repeated",
    ),
    "no values": (request("t", pb.Input(name="t", dims=["t"])), RequestError, "inputs[0]", "no values"),
    "an unknown dtype": (request("t", T, dtype=7), RequestError, "dtype", "7"),
    "an array of unknown dtype": (
        request("t", array("t", [], [], bytes(8), 9)), RequestError, "inputs[0].array.dtype", "9",
    ),
    "too many inputs": (
        request("t", *[linspace(f"x{i}", 1) for i in range(17)]), RequestError, "inputs", "17 inputs",
    ),
    "too many dims": (request("t", *[linspace(f"x{i}", 1) for i in range(9)]), RequestError, "inputs", "9 dims"),
    "a derivative by no input": (request("t", T, derivatives=[wrt("q")]), RequestError, "derivatives", "'q'"),
    "a derivative by nothing": (
        request("t", T, derivatives=[wrt("t"), wrt()]), RequestError, "derivatives[1]", "nothing",
    ),
    "an order of 5": (request("t", T, derivatives=[wrt(*"ttttt")]), RequestError, "derivatives", "order 5"),
    "a huge grid": (
        request("t*k", linspace("t", 10**9), linspace("k", 10**9)), TooLargeError, "inputs", f"{10**18} points",
    ),
    "a huge length beside an empty one": (
        request("t*k", linspace("t", 10**16), linspace("k", 0)), TooLargeError, "inputs[0]", f"length {10**16}",
    ),
    "lengths whose product overflows": (
        request("t", array("t", ["a", "b"], [2**62, 2**62], bytes(8))), RequestError, "inputs[0].array.data", "8 bytes",
    ),
    "a first row beyond the grid": (
        from_row(3, request("t", T)), RequestError, "first_row", "3 of a grid of shape [3]",
    ),
    "a first row of a number": (from_row(1, request("7")), RequestError, "first_row", "1 of a grid of shape []"),
    "a first row of a reduction": (from_row(1, summed("t", T)), RequestError, "first_row", "1 beside a reduction"),
    "an unregistered name": (
        request("", X, function=pb.Function(registered="fild")), UnknownFunctionError, "function.registered", "'fild'",
    ),
    "a registered function without its input": (
        request("", function=REGISTERED), RequestError, "inputs", "'x'",
    ),
    "an input that a registered function does not take": (
        request("", X, array("q", [], [], bytes(8)), function=REGISTERED), RequestError, "inputs[1].name", "'q'",
    ),
    "a derivative by a default": (
        request("", X, function=REGISTERED, derivatives=[wrt("nu")]), RequestError, "derivatives[0]", "default",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
async def test_bad_requests_are_refused_by_field(name: str, intake: Intake) -> None:
    bad, kind, field, found = BAD[name]
    with pytest.raises(kind) as refused:
        await intake.request(read(bad), None, "", None)  # type: ignore[arg-type] # no sink is needed for a refusal
    assert type(refused.value) is kind
    assert refused.value.field == field
    assert found in refused.value.found
    assert refused.value.remedy


def test_a_first_row_is_of_one_grid() -> None:
    several = pb.StreamGridGradientsRequest(request=from_row(1, request("t", T)), entries=2)
    with pytest.raises(RequestError, match="1 beside several entries") as raised:
        read_several(several)
    assert raised.value.field == "first_row"


async def test_495_derivatives_by_accident_are_counted(intake: Intake) -> None:
    names = [f"x{i}" for i in range(8)]
    inputs = [array(name, [], [], bytes(8)) for name in names]
    every = [wrt(*each) for each in expand_order(names, 4)]
    with pytest.raises(TooLargeError, match="494 derivatives, 495 planes with the value") as refused:
        await intake.request(read(request("+".join(names), *inputs, derivatives=every)), None, "", None)  # type: ignore[arg-type] # no sink
    assert refused.value.field == "derivatives"


def test_an_input_may_hide_a_constant() -> None:
    decoded = read(request("e*t", T, array("e", [], [], bytes(8))))
    assert [each.spec.name for each in decoded.inputs] == ["t", "e"]


@pytest.mark.parametrize(
    ("dtypes", "dtype"), [([1, 1], "float32"), ([1, 2], "float64"), ([2, 0], "float64"), ([0, 1], "float64")]
)
def test_the_default_dtype_is_float32_if_every_array_is(dtypes: list[int], dtype: str) -> None:
    inputs = [array(f"x{i}", [], [], bytes(4 if each == 1 else 8), each) for i, each in enumerate(dtypes)]
    assert read(request("x0", *inputs)).function.dtype == dtype


def test_linspaces_alone_are_float64() -> None:
    assert read(request("t", T)).function.dtype == "float64"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_request_or_refused(raw: bytes) -> None:
    for message in (pb.GridGradientRequest, pb.StreamGridGradientsRequest):
        try:
            decode(message, raw)
        except UnsupportedError:
            pass
        except RequestError as error:
            assert "send the whole" in error.remedy  # noqa: PT017 - both outcomes are right


@given(st.data())
def test_every_truncation_is_refused_or_another_request(data: st.DataObject) -> None:
    whole = request("t*k + 1", T, array("k", ["k"], [2], bytes(16)), derivatives=[wrt("t")]).SerializeToString()
    cut = data.draw(st.integers(0, len(whole) - 1))
    try:
        read(decode(pb.GridGradientRequest, whole[:cut]))
    except RequestError:
        return
    # Only a cut between two fields leaves a message, and then one that says less
    assert pb.GridGradientRequest.FromString(whole[:cut]).ByteSize() == cut
