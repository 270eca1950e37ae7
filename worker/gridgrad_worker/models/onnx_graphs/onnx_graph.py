"""An ONNX graph as a function of tensors, in a dtype and for batches of a size: all shapes are known then."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnx.inliner
import torch
from google.protobuf.message import DecodeError
from onnx import helper, numpy_helper
from torch import Tensor

from gridgrad_worker.models.graphs.graph_program import GraphProgram, GraphStep, ValueName
from gridgrad_worker.models.onnx_graphs.combining import COMBINING
from gridgrad_worker.models.onnx_graphs.elementwise import ELEMENTWISE
from gridgrad_worker.models.onnx_graphs.node import OnnxNode, Operators
from gridgrad_worker.models.onnx_graphs.shapes import SHAPES
from gridgrad_worker.registered.registration import FunctionError

__all__ = ["OnnxGraph", "OnnxInput", "clean", "read_model"]

OPERATORS: Operators = {**ELEMENTWISE, **SHAPES, **COMBINING}
_OWN_DOMAINS = ("", "ai.onnx")
_OLDEST = 7
_EXAMPLE = 0.5
_FLOATING: dict[int, torch.dtype] = {onnx.TensorProto.FLOAT: torch.float32, onnx.TensorProto.DOUBLE: torch.float64}


class OnnxInput(NamedTuple):
    """A tensor that a graph takes; a dim of any length is None."""

    name: str
    shape: tuple[int | None, ...]


def read_model(data: bytes) -> onnx.ModelProto:
    """A model, whose tensors are all within.

    Raises:
        FunctionError: it is none, or has tensors in other files or operators of others.
    """
    try:
        model = onnx.load_model_from_string(data)
        if model.functions:
            model = onnx.inliner.inline_local_functions(model)
        _check_names(model.graph)
    except (DecodeError, RuntimeError, ValueError) as error:
        raise FunctionError(f"it is no ONNX model: {error}; export it again") from None
    tensors = [*model.graph.initializer, *_attribute_tensors(model.graph)]
    for each in tensors:
        if each.data_location == onnx.TensorProto.EXTERNAL:
            raise FunctionError(
                f"its tensor {each.name[:100]!r} lies in another file, which is not read; "
                "save the model with all tensors within, by onnx.save_model(onnx.load(path), path)"
            )
    if model.graph.sparse_initializer:
        raise FunctionError("it has sparse tensors; export it with dense ones")
    for node in model.graph.node:
        if node.domain not in _OWN_DOMAINS or node.op_type not in OPERATORS:
            of = f" of {node.domain}" if node.domain not in _OWN_DOMAINS else ""
            raise FunctionError(f"its operator {node.op_type[:100]}{of[:100]} is not served; write it with others")
    return model


def _check_names(graph: onnx.GraphProto) -> None:
    """Refuses names that are no UTF-8, which protobuf gives as bytes."""
    named = [name for node in graph.node for name in (*node.input, *node.output, node.op_type, node.domain, node.name)]
    named += [each.name for each in (*graph.input, *graph.output)] + [each.name for each in graph.initializer]
    for name in named:
        if not isinstance(name, str):
            raise ValueError(f"the name {name!r} is no UTF-8")


def _attribute_tensors(graph: onnx.GraphProto) -> list[onnx.TensorProto]:
    return [each.t for node in graph.node for each in node.attribute if each.type == onnx.AttributeProto.TENSOR]


class OnnxGraph:
    """A graph.

    Args:
        model: as `read_model` returns it.

    Attributes:
        inputs: what it takes, without its constants.
        outputs: the names of what it returns.
        dtype: of what it takes.

    Raises:
        FunctionError: its version or its inputs are not served.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self._graph = model.graph
        self._version = max((each.version for each in model.opset_import if each.domain in _OWN_DOMAINS), default=0)
        if self._version < _OLDEST:
            raise FunctionError(f"its operators are of version {self._version}; export it by {_OLDEST} or later")
        try:
            self._tensors = {each.name: _tensor(each) for each in self._graph.initializer}
        except (ValueError, TypeError, KeyError) as error:
            raise FunctionError(f"a tensor of it can't be read: {error}; export it again") from None
        given = [each for each in self._graph.input if each.name not in self._tensors]
        self.inputs = [_input(each) for each in given]
        self.outputs = [each.name for each in self._graph.output]
        self.dtype = _dtype(given)

    def made(self, dtype: torch.dtype, batch: int, device: torch.device) -> Callable[..., tuple[Tensor, ...]]:
        """The graph in a dtype: tensors of its own dtype become of that one, and so do casts to it.

        Raises:
            FunctionError: an operation fails, or shapes depend on inputs.
        """
        return _Conversion(self._graph, self._version, {self.dtype: dtype}, device).run(
            {name: _cast(each, self.dtype, dtype, device) for name, each in self._tensors.items()},
            {each.name: _example(each.shape, batch, dtype, device) for each in self.inputs},
        )


class _Conversion:
    """Makes steps of nodes, one after another, with an example of each value for its shape.

    What depends on no input is computed here, and needs no step.
    """

    def __init__(
        self, graph: onnx.GraphProto, version: int, dtypes: Mapping[torch.dtype, torch.dtype], device: torch.device
    ) -> None:
        self._graph = graph
        self._version = version
        self._dtypes = dtypes
        self._device = device

    def run(self, constants: dict[str, Tensor], inputs: Mapping[str, Tensor]) -> GraphProgram:
        """Converts the whole graph."""
        self._constants, self._examples = constants, {**constants, **inputs}
        steps = [step for node in self._graph.node if (step := self._step(node)) is not None]
        outputs = [each.name for each in self._graph.output]
        missing = [name for name in outputs if name not in self._examples]
        if missing or not outputs:
            raise FunctionError(f"its output {missing[:1]} is made by no node; export it again")
        return GraphProgram(list(inputs), self._constants, steps, outputs)

    def _step(self, node: onnx.NodeProto) -> GraphStep | None:
        where = f"its node {node.name[:100]!r} ({node.op_type})"
        unknown = [name for name in node.input if name and name not in self._examples]
        if unknown:
            raise FunctionError(f"{where} takes {unknown[0][:100]!r}, which no node before it makes; export it again")
        outputs = [name for name in node.output if name]
        try:
            operation = OPERATORS[node.op_type](self._described(node, len(outputs)))
            given = [self._examples[name] if name else None for name in node.input]
            found = operation(*given)
        except FunctionError as error:
            raise FunctionError(f"{where}: {error}") from None
        except Exception as error:
            raise FunctionError(
                f"{where} raised {type(error).__name__}: {error}; export it again, or mend it"
            ) from error
        results = found if isinstance(found, tuple) else (found,)
        named = dict(zip(outputs, results, strict=False))
        self._examples |= named
        if self._is_constant(node):
            self._constants |= {name: each.to(self._device) for name, each in named.items()}
            return None
        arguments = tuple(ValueName(name) if name else None for name in node.input)
        return GraphStep(operation, arguments, {}, tuple(outputs) if isinstance(found, tuple) else outputs[0])

    def _is_constant(self, node: onnx.NodeProto) -> bool:
        """Whether it depends on no input: shapes don't, since they are known."""
        return node.op_type in ("Shape", "Size") or all(name in self._constants for name in node.input if name)

    def _described(self, node: onnx.NodeProto, outputs: int) -> OnnxNode:
        attributes = {each.name: self._attribute(each) for each in node.attribute}
        constants = [self._constants.get(name) if name else None for name in node.input]
        return OnnxNode(node.op_type, self._version, attributes, constants, outputs, self._dtype)

    def _attribute(self, attribute: onnx.AttributeProto) -> Any:
        value = helper.get_attribute_value(attribute)
        if isinstance(value, onnx.TensorProto):
            found = _tensor(value)
            return found.to(self._device, self._dtypes.get(found.dtype, found.dtype))
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

    def _dtype(self, number: int) -> torch.dtype:
        found = torch.from_numpy(np.empty(0, helper.tensor_dtype_to_np_dtype(number))).dtype
        return self._dtypes.get(found, found)


def _tensor(proto: onnx.TensorProto) -> Tensor:
    return torch.from_numpy(np.array(numpy_helper.to_array(proto)))


def _cast(tensor: Tensor, own: torch.dtype, dtype: torch.dtype, device: torch.device) -> Tensor:
    return tensor.to(device, dtype if tensor.dtype == own else tensor.dtype)


def _input(proto: onnx.ValueInfoProto) -> OnnxInput:
    if not proto.type.tensor_type.HasField("shape"):
        raise FunctionError(f"its input {proto.name[:100]!r} has no shape; export it with one")
    dims = [each.dim_value for each in proto.type.tensor_type.shape.dim]
    return OnnxInput(proto.name, tuple(size if size > 0 else None for size in dims))  # some write -1 for any length


def _dtype(inputs: Sequence[onnx.ValueInfoProto]) -> torch.dtype:
    found = {each.type.tensor_type.elem_type for each in inputs}
    if len(found) != 1 or not found <= _FLOATING.keys():
        named = ", ".join(sorted(str(onnx.TensorProto.DataType.Name(each)) for each in found)) or "none"
        raise FunctionError(f"its inputs are of {named}; export it with tensors of FLOAT or of DOUBLE alone")
    return _FLOATING[next(iter(found))]


def _example(shape: Sequence[int | None], batch: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.full([batch if each is None else each for each in shape], _EXAMPLE, dtype=dtype, device=device)


def clean(name: str) -> str:
    """A name of a graph as one that callers can write."""
    found = re.sub(r"\W", "_", name, flags=re.ASCII)
    if keyword.iskeyword(found):
        return f"{found}_"
    return found if found[:1].isalpha() or found[:1] == "_" else f"_{found}"
