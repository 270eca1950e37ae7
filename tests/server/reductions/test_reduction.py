"""What requests may want made of grids."""

from __future__ import annotations

from typing import Any

import pytest

from gridgrad_core.errors import ExpressionError, GridgradError, RequestError
from gridgrad_core.grid import Grid
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.deriving.programs import Programs
from gridgrad_server.reductions.reduction import plan_reduction, read_reduction
from gridgrad_server.requests.decode import read
from gridgrad_server.requests.decoded import DecodedFunction
from gridgrad_server.requests.function_key import FunctionKey, FunctionKeys

GRID = Grid(("t", "k", "x"), (3, 4, 0))
INPUTS = (("t", ("t",)), ("k", ("k",)), ("w", ("k",)), ("c", ()))


def made(kind: str = "sum", *dims: str, weights: str = "") -> pb.Reduction:
    return pb.Reduction(function=pb.Function(expression="t*k"), dims=dims or ("k",), kind=kind, weights=weights)


def test_dims_come_in_the_grid_s_order() -> None:
    assert read_reduction(made("mean", "k", "t"), GRID).dims == ("t", "k")
    assert read_reduction(made("mean", "k", "t"), GRID).left(GRID.dims) == ("x",)


@pytest.mark.parametrize(
    ("message", "field", "told"),
    [
        (made("median"), "reduction.kind", "use one of sum, mean, min, max, argmin, argmax, norm, count_nonfinite"),
        (made("sum", "y"), "reduction.dims", "the dim 'y', which the grid has not"),
        (made("sum", "k", "k"), "reduction.dims", "each once"),
        (pb.Reduction(kind="sum"), "reduction.dims", "name one dim"),
        (made("max", weights="k"), "reduction.weights", "give weights to one of sum, mean, norm"),
        (made("argmin", "x", "t"), "reduction.kind", "'argmin' along 'x', which is empty"),
        (made("pullback", "k"), "reduction.dims", "leave them out: a pull-back is of all dims"),
    ],
)
def test_what_can_not_be_meant_is_refused_with_its_field(message: pb.Reduction, field: str, told: str) -> None:
    with pytest.raises(RequestError, match=told) as raised:
        read_reduction(message, GRID)
    assert raised.value.field == field


def test_a_function_stands_in_one_place() -> None:
    axis = pb.Input(name="t", dims=["t"], linspace=pb.Linspace(num=2))
    request = pb.GridGradientRequest(inputs=[axis], reduction=pb.Reduction(dims=["t"], kind="sum"))
    with pytest.raises(RequestError, match="neither an expression nor a registered name"):
        read(request)
    request.reduction.function.expression = request.function.expression = "t"
    with pytest.raises(RequestError, match=r"set reduction\.function alone"):
        read(request)
    request.ClearField("function")
    decoded = read(request)
    assert (decoded.function.text, decoded.function.reduction and decoded.function.reduction.kind) == ("t", "sum")


async def keyed(reduction: pb.Reduction, **fields: Any) -> FunctionKey:
    found = read_reduction(reduction, Grid(("t", "k"), (3, 4)))
    spelled = DecodedFunction("expression", "t*k", INPUTS[:3], "float32", fields.pop("derivatives", (("k",),)))
    return await FunctionKeys(Programs(), "1").get(spelled._replace(reduction=found, **fields))


async def test_weights_may_use_inputs_that_the_function_does_not() -> None:
    key = await keyed(made("mean", weights=" w * 2 "))
    assert key.key.reduction is not None
    assert key.key.reduction.weights == "w*2"
    assert (key.planes, key.itemsize) == (2, 4)
    header = pb.ResultHeader.FromString(key.header((3,)))
    assert ([*header.dims], [*header.shape], header.dtype) == (["t"], [3], pb.DTYPE_FLOAT32)


@pytest.mark.parametrize(
    ("weights", "fields", "error", "told"),
    [
        ("t*w", {}, RequestError, "'t', which varies along 't', a dim that stays"),
        ("v*w", {}, RequestError, "'v', which is no input"),
        ("w, 1", {}, RequestError, "a tuple"),
        ("w*(", {}, ExpressionError, "reduction.weights"),
        ("w", {"derivatives": (("w",),)}, RequestError, "only the weights use.*weights are constants"),
        ("k", {}, RequestError, "'w', which the function does not use"),
    ],
)
async def test_weights_that_do_not_fit_are_refused(
    weights: str, fields: dict[str, Any], error: type[GridgradError], told: str
) -> None:
    with pytest.raises(error, match=told):
        await keyed(made("sum", weights=weights), **fields)


async def test_positions_are_whole_numbers_of_eight_bytes() -> None:
    key = await keyed(made("argmin"), inputs=INPUTS[:2])
    assert pb.ResultHeader.FromString(key.header((3,))).dtype == pb.DTYPE_INT64
    assert key.itemsize == 8


async def test_what_workers_are_told_of_each_stage() -> None:
    functions = FunctionKeys(Programs(), "1")
    found = read_reduction(made("mean", "t"), Grid(("t", "k"), (3, 4)))
    spelled = DecodedFunction("expression", "t*k", INPUTS[:2], "float32", (("k",),), reduction=found)
    whole = await functions.get(spelled)
    partial = functions.staged(whole, "partial", 8, "me")
    combined = functions.staged(whole, "combined", 0, "me")
    assert whole.message.reduction == plan_reduction(found, ("t", "k"), 2)
    assert (partial.planes, partial.computed_planes, partial.itemsize) == (3, 2, 8)
    assert partial.message.reduction.segment_blocks == 8
    assert partial.message.expression == "t*k"
    assert (combined.planes, combined.computed_planes, combined.itemsize) == (2, 3, 4)
    assert [*combined.message.inputs[0].dims] == ["states", "segments", "k"]
    assert combined.message.WhichOneof("function") is None
    assert functions.staged(whole, "partial", 8, "me") is partial
    assert len({each.number for each in (whole, partial, combined)}) == 3
