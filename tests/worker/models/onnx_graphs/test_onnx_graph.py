"""ONNX graphs in torch: each operator as ONNX's reference computes it, in old versions too, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.testing import assert_allclose
from onnx import helper, numpy_helper

from gridgrad_worker.models.onnx_graphs.onnx_graph import OPERATORS, OnnxGraph, clean, read_model
from gridgrad_worker.models.onnx_graphs.reference import reference_values
from gridgrad_worker.registered.registration import FunctionError
from tests.worker.models.onnx_graphs.graphs import model, node

CPU = torch.device("cpu")
X = np.array([[0.3, -1.7], [2.6, 0.9], [-0.4, 3.2]])
UNARY = """Abs Asinh Atan Ceil Celu Cos Cosh Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity LeakyRelu LogSoftmax
Mish Neg Reciprocal Relu Round Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign Tan Tanh ThresholdedRelu
ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare ReduceL1 ReduceL2 ReduceLogSumExp Flatten
Transpose Squeeze"""
LIST = [1.5, -0.5]
GRAPHS: dict[str, tuple[list[onnx.NodeProto], dict[str, Any]]] = {
    **{name: ([node(name, "x")], {}) for name in UNARY.split()},
    "Acos": ([node("Tanh", "x", "t"), node("Acos", "t")], {}),
    "Acosh": ([node("Cosh", "x", "t"), node("Acosh", "t")], {}),
    "Asin": ([node("Tanh", "x", "t"), node("Asin", "t")], {}),
    "Atanh": ([node("Tanh", "x", "t"), node("Atanh", "t")], {}),
    "Log and Sqrt": ([node("Abs", "x", "t"), node("Log", "t", "l"), node("Sqrt", "t", "s"), node("Add", "l s")], {}),
    **{name: ([node(name, "x a")], {"a": LIST}) for name in ("Add", "Sub", "Mul", "Div", "PRelu", "Mod", "Min")},
    "Mod of floats": ([node("Mod", "x a", fmod=1)], {"a": LIST}),
    "variadic": ([node(n, "x a x", n) for n in ("Max", "Sum", "Mean")] + [node("Sum", "Max Sum Mean")], {"a": LIST}),
    "Pow": ([node("Pow", "x a", "p"), node("Pow", "b x", "q"), node("Add", "p q")], {"a": 3.0, "b": LIST[:1]}),
    "gelu by tanh": ([node("Gelu", "x", approximate="tanh")], {}),
    "Clip": ([node("Clip", "x a", "c"), node("Clip", "c , b")], {"a": -1.1, "b": 1.3}),
    "Where": ([node("Less", "x a", "l"), node("Not", "l", "n"), node("Where", "n x a")], {"a": LIST}),
    "logic": (
        [
            *(node("Greater", "x a", "g"), node("LessOrEqual", "x a", "l"), node("Xor", "g l", "o")),
            *(node("And", "g o", "n"), node("Or", "n l", "r"), node("Cast", "r", to=onnx.TensorProto.DOUBLE)),
        ],
        {"a": LIST},
    ),
    "Gemm": (
        [node("Gemm", "x w b", alpha=0.5, beta=2.0, transB=1)],
        {"w": [[1.0, 2.0], [0.3, -1.0], [0.1, 0.2]], "b": [0.1, 0.2, 0.3]},
    ),
    "MatMul": ([node("MatMul", "x w")], {"w": [[1.0, 2.0, 3.0], [0.3, -1.0, 0.5]]}),
    "Einsum": ([node("Einsum", "x w", equation="pi,ij->pj")], {"w": [[1.0, 2.0], [0.3, -1.0]]}),
    "Concat and Split": (
        [
            *(node("Concat", "x x x", "c", axis=1), node("Split", "c s", "a b", axis=1), node("Mul", "a a", "m")),
            node("Concat", "b m", axis=-1),
        ],
        {"s": [2, 4]},
    ),
    "Split in parts": ([node("Split", "x", "a b", axis=1, num_outputs=2), node("Sub", "a b")], {}),
    "Slice": ([node("Slice", "x s e a t")], {"s": [-1], "e": [-9], "a": [1], "t": [-1]}),
    "Gather": ([node("Gather", "x i", axis=1)], {"i": [1, -2, 0]}),
    "Gather of one": ([node("Gather", "x i", axis=1)], {"i": -1}),
    "GatherElements": ([node("GatherElements", "x i", axis=1)], {"i": [[1, -2], [0, 0], [1, 1]]}),
    "Reshape by its shape": (
        [
            *(node("Shape", "x", "s", end=1), node("Concat", "s m", "r", axis=0), node("Reshape", "x r", "z")),
            node("ReduceSum", "z a", keepdims=0),
        ],
        {"m": [1, -1], "a": [2]},
    ),
    "Unsqueeze": ([node("Unsqueeze", "x a", "u"), node("Squeeze", "u b")], {"a": [0, -1], "b": [0]}),
    "Expand and Tile": ([node("Expand", "x s", "e"), node("Tile", "e r")], {"s": [2, 1, 2], "r": [1, 1, 2]}),
    "Pad": ([node("Pad", "x p v")], {"p": [0, 1, 0, 2], "v": 0.3}),
    "constants": (
        [
            node("Constant", "", "c", value_floats=[0.5, 0.25]),
            node("ConstantOfShape", "s", "o", value=numpy_helper.from_array(np.array([2.0]))),
            *(node("Cast", "c", "d", to=onnx.TensorProto.DOUBLE), node("Mul", "d o", "m"), node("Mul", "x m")),
        ],
        {"s": [2]},
    ),
    "Range and CumSum": (
        [node("Range", "a b c", "r"), node("Mul", "x r", "m"), node("CumSum", "m d")],
        {"a": 1.0, "b": 2.9, "c": 1.0, "d": 1},
    ),
    "Trilu": ([node("Trilu", "x", upper=0)], {}),
    "CastLike": ([node("CastLike", "i x", "c"), node("Mul", "x c")], {"i": [2, 3]}),
    "LayerNormalization": ([node("LayerNormalization", "x a a", epsilon=1e-3)], {"a": LIST}),
    "BatchNormalization": (
        [node("BatchNormalization", "x a a a b")],
        {"a": LIST, "b": [0.3, 2.0]},
    ),
    "ArgMax": ([node("ArgMax", "x", "i", axis=1, keepdims=0), node("CastLike", "i x")], {}),
    "Dropout": ([node("Dropout", "x")], {}),
    "IsNaN and IsInf": (
        [
            *(node("Log", "x", "l"), node("IsNaN", "l", "n"), node("IsInf", "l", "i"), node("Or", "n i", "o")),
            node("Where", "o x l"),
        ],
        {},
    ),
}


def both(made: onnx.ModelProto, x: np.ndarray[Any, Any] = X) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """What torch and what the reference computes."""
    read = read_model(made.SerializeToString())
    (found,) = OnnxGraph(read).made(torch.float64, len(x), CPU)(torch.from_numpy(x))
    (right,) = reference_values(made, {"x": x})
    return found.numpy(), right


@pytest.mark.parametrize("name", GRAPHS)
def test_operators(name: str) -> None:
    nodes, tensors = GRAPHS[name]
    found, right = both(model(nodes, tensors))
    assert found.dtype == right.dtype
    assert_allclose(found, right, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(
    ("version", "nodes"),
    [
        (10, [node("Clip", "x", "c", min=-1.0, max=0.75), node("Squeeze", "c", "s"), node("Unsqueeze", "s", axes=[0])]),
        (9, [node("Slice", "x", "s", axes=[1], starts=[1], ends=[2]), node("ReduceSum", "s", axes=[1])]),
        (11, [node("Split", "x", "a b", axis=1, split=[1, 1]), node("Sub", "a b")]),
        (13, [node("ReduceMean", "x", "m", axes=[-1]), node("Sub", "x m")]),
        (10, [node("Pad", "x", mode="constant", pads=[0, 1, 0, 0], value=0.5)]),
    ],
)
def test_operators_of_older_versions(version: int, nodes: list[onnx.NodeProto]) -> None:
    found, right = both(model(nodes, version=version))
    assert_allclose(found, right, rtol=1e-14)


@pytest.mark.parametrize("operator", ["Softmax", "LogSoftmax"])
def test_softmax_before_version_13_is_over_all_further_dims(operator: str) -> None:
    made = model([node(operator, "x")], inputs={"x": ("points", 2, 2)}, version=12)
    x = np.arange(8.0).reshape(2, 2, 2)
    found, right = both(made, x)
    whole = np.exp(found) if operator == "LogSoftmax" else found
    assert_allclose(whole.sum(axis=(1, 2)), 1, rtol=1e-15)
    assert_allclose(found, right, rtol=1e-14)


def test_single_precision_widens_exactly() -> None:
    nodes = [node("Mul", "x a", "m"), node("Cast", "m", "c", to=onnx.TensorProto.FLOAT), node("Add", "c x")]
    made = model(nodes, {"a": [0.1, 0.2]}, dtype="float32")
    graph = OnnxGraph(read_model(made.SerializeToString()))
    (wide,) = graph.made(torch.float64, 3, CPU)(torch.from_numpy(X))
    tenths = np.array([0.1, 0.2], "float32").astype("float64")
    assert_allclose(wide, X * tenths + X, rtol=0, atol=0)
    (narrow,) = graph.made(torch.float32, 3, CPU)(torch.from_numpy(X.astype("float32")))
    assert narrow.dtype == torch.float32
    assert_allclose(reference_values(made, {"x": X})[0], wide, rtol=0, atol=0)


def external() -> onnx.ModelProto:
    made = model([node("Add", "x a")], {"a": LIST})
    tensor = made.graph.initializer[0]
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/hostname")
    tensor.ClearField("raw_data")
    return made


def custom() -> onnx.ModelProto:
    made = model([helper.make_node("FusedGemm", ["x"], ["y"], domain="com.microsoft")])
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return made


REFUSED = {
    "external": (external(), "its tensor 'a' lies in another file, which is not read; save the model with all"),
    "custom": (custom(), "its operator FusedGemm of com.microsoft is not served"),
    "unknown": (model([node("NonZero", "x")]), "its operator NonZero is not served; write it with others"),
    "training": (
        model([node("BatchNormalization", "x a a a a", "y m v", training_mode=1)], {"a": LIST}),
        r"its node '' \(BatchNormalization\): its BatchNormalization is in training mode",
    ),
    "dropout": (
        model([node("Dropout", "x r t")], {"r": 0.5, "t": True}),
        "its Dropout is in training mode; export it after",
    ),
    "a shape of numbers": (
        model([node("Cast", "x", "s", to=onnx.TensorProto.INT64), node("Reshape", "x s")]),
        "its Reshape has an input 1 that depends on inputs; make it a constant",
    ),
    "sizes that do not fit": (model([node("Add", "x a")], {"a": [1.0, 2.0, 3.0]}), r"\(Add\) raised RuntimeError"),
    "a bomb": (
        model([node("ConstantOfShape", "s", "o"), node("ReduceMax", "o", "m"), node("Mul", "x m")], {"s": [1 << 40]}),
        "it makes a tensor of sizes .1099511627776.; at most",
    ),
    "integers": (model([node("Neg", "x")], dtype="int64"), "its inputs are of INT64; export it with tensors of FLOAT"),
    "an old version": (model([node("Neg", "x")], version=6), "of version 6; export it by 7 or later"),
    "out of order": (model([node("Neg", "z")]), "takes 'z', which no node before it makes"),
    "nothing": (model([node("Neg", "x", "z")]), "its output .'y'. is made by no node"),
    "reflection": (model([node("Pad", "x p", mode="reflect")], {"p": [0, 1, 0, 1]}), "Pad is of mode 'reflect'"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused(what: str) -> None:
    made, message = REFUSED[what]
    data = made.SerializeToString()
    with pytest.raises(FunctionError, match=message):
        OnnxGraph(read_model(data)).made(torch.float64, 1, CPU)


def test_what_is_no_model_is_refused() -> None:
    named = model([node("Neg", "x", "unusual"), node("Neg", "unusual")]).SerializeToString()
    for data in (b"\xff" * 20, named.replace(b"unusual", b"\xffnusual")):
        with pytest.raises(FunctionError, match="it is no ONNX model"):
            read_model(data)


def test_shapes_of_inputs() -> None:
    made = model([node("Neg", "x")], inputs={"x": (-1, 2), "n": ("points",), "one": (), "held": (1, 3)})
    found = [each.shape for each in OnnxGraph(read_model(made.SerializeToString())).inputs]
    assert found == [(None, 2), (None,), (), (1, 3)]
    made.graph.input[0].type.tensor_type.ClearField("shape")
    with pytest.raises(FunctionError, match="its input 'x' has no shape; export it with one"):
        OnnxGraph(made)


def test_names_become_such_that_callers_can_write() -> None:
    assert [clean(name) for name in ("x", "input.1", "onnx::Gemm_0", "1é", "lambda")] == [
        *("x", "input_1", "onnx__Gemm_0", "_1_", "lambda_")
    ]


def test_the_page_names_every_operator() -> None:
    page = (Path(__file__).parents[4] / "docs" / "models.md").read_text()
    assert not [name for name in OPERATORS if f"`{name}`" not in page]
