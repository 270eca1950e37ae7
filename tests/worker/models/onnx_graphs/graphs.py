"""ONNX models that tests make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

VERSION = 21


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
