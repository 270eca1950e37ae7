"""ONNX models that tests make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

VERSION = 21
WEIGHTS: dict[str, Any] = {"w": [[0.7, 0.2], [-0.4, 0.9]], "b": [0.1, -0.3], "v": [[1.5], [-0.8]], "c": [0.25]}


def model(
    nodes: Sequence[onnx.NodeProto],
    tensors: Mapping[str, Any] | None = None,
    *,
    inputs: Mapping[str, Sequence[int | str]] | None = None,
    outputs: Sequence[str] = ("y",),
    dtype: str = "float64",
    version: int = VERSION,
) -> onnx.ModelProto:
    """A model of nodes; lists of floats are tensors of its dtype, of integers of int64."""
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    made = [numpy_helper.from_array(_array(value, dtype), name) for name, value in (tensors or {}).items()]
    given = [
        helper.make_tensor_value_info(name, kind, shape) for name, shape in (inputs or {"x": ("points", 2)}).items()
    ]
    returned = [helper.make_tensor_value_info(name, kind, None) for name in outputs]
    graph = helper.make_graph(list(nodes), "made", given, returned, made)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)])


def _array(value: Any, dtype: str) -> np.ndarray[Any, Any]:
    found = np.array(value)
    return found.astype(dtype) if found.dtype.kind == "f" else found


def node(operator: str, inputs: str, outputs: str = "y", **attributes: Any) -> onnx.NodeProto:
    """A node, with its inputs and outputs in one text; a comma leaves one out."""
    names = [name.strip(",") for name in inputs.split()]
    return helper.make_node(operator, names, outputs.split(), **attributes)


def network(activation: str, **how: Any) -> onnx.ModelProto:
    """A network with two inputs and two units."""
    nodes = [node("Gemm", "x w b", "h"), node(activation, "h", "s"), node("MatMul", "s v", "o"), node("Add", "o c")]
    return model(nodes, WEIGHTS, **how)


def save(made: onnx.ModelProto, file: Path, settings: str = "") -> Path:
    """Writes a model, with settings in its metadata."""
    if settings:
        made.metadata_props.add(key="gridgrad", value=settings)
    file.write_bytes(made.SerializeToString())
    return file
