"""What ONNX's own reference computes, in double precision.

https://onnx.ai/onnx/api/reference.html. Some of its operators are replaced: its Erf is of single precision, as are the
constants of Gelu and HardSwish; its Softmax goes along one axis in models of versions before 13 too.
"""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun

__all__ = ["reference_values"]

Array = NDArray[Any]

_erf = np.vectorize(math.erf, otypes=[np.float64])


class Erf(OpRun):
    """In double precision."""

    op_domain = ""

    def _run(self, x: Array) -> tuple[Array]:
        return (_erf(x).astype(x.dtype),)


class Gelu(OpRun):
    """In double precision."""

    op_domain = ""

    def _run(self, x: Array, approximate: str = "none") -> tuple[Array]:
        if approximate == "tanh":
            return (0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),)
        return (0.5 * x * (1 + _erf(x / math.sqrt(2))),)


class HardSwish(OpRun):
    """With a sixth in double precision."""

    op_domain = ""

    def _run(self, x: Array) -> tuple[Array]:
        return (x * np.clip(x / 6 + 0.5, 0, 1),)


class Softmax(OpRun):
    """As before version 13: over all dims from the axis on, as one."""

    op_domain = ""

    def _run(self, x: Array, axis: int = 1) -> tuple[Array]:  # noqa: ARG002 - its default is that of now
        return (np.exp(_log_softmax(x, self.onnx_node)),)


class LogSoftmax(OpRun):
    """As before version 13, without overflow."""

    op_domain = ""

    def _run(self, x: Array, axis: int = 1) -> tuple[Array]:  # noqa: ARG002 - as above
        return (_log_softmax(x, self.onnx_node),)


def _log_softmax(x: Array, node: onnx.NodeProto) -> Array:
    axis = next((each.i for each in node.attribute if each.name == "axis"), 1)
    flat = x.reshape(math.prod(x.shape[:axis]), -1)
    shifted = flat - flat.max(axis=1, keepdims=True)
    found: Array = (shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))).reshape(x.shape)
    return found


def reference_values(model: onnx.ModelProto, inputs: dict[str, Array]) -> list[Array]:
    """Its outputs for inputs of doubles."""
    version = max(each.version for each in model.opset_import if each.domain in ("", "ai.onnx"))
    replaced = [Erf, Gelu, HardSwish, *((Softmax, LogSoftmax) if version < 13 else ())]
    with np.errstate(all="ignore"):
        found = ReferenceEvaluator(_in_double(model), new_ops=replaced).run(None, inputs)
    return [np.asarray(each) for each in found]


def _in_double(model: onnx.ModelProto) -> onnx.ModelProto:
    """A model of singles as one of doubles; one of doubles as it is."""
    initializers = {each.name for each in model.graph.initializer}
    given = [each for each in model.graph.input if each.name not in initializers]
    if all(each.type.tensor_type.elem_type == TensorProto.DOUBLE for each in given):
        return model
    wide = copy.deepcopy(model)
    for value in (*wide.graph.input, *wide.graph.output, *wide.graph.value_info):
        if value.type.tensor_type.elem_type == TensorProto.FLOAT:
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    for tensor in wide.graph.initializer:
        _widen(tensor)
    for node in wide.graph.node:
        for attribute in node.attribute:
            _widen_attribute(node, attribute)
    return wide


def _widen(tensor: TensorProto) -> None:
    if tensor.data_type == TensorProto.FLOAT:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name))


def _widen_attribute(node: onnx.NodeProto, attribute: onnx.AttributeProto) -> None:
    if attribute.type == onnx.AttributeProto.TENSOR:
        _widen(attribute.t)
    elif node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT:
        attribute.i = TensorProto.DOUBLE
    elif attribute.name in ("value_float", "value_floats"):
        value = np.array(helper.get_attribute_value(attribute), dtype=np.float64)
        attribute.CopyFrom(helper.make_attribute("value", numpy_helper.from_array(value)))
