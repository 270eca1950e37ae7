"""Models of ONNX files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from gridgrad_worker.models.batch_model import BatchModel, ModelFunction, Oracle
from gridgrad_worker.models.exported_model import tensor_input
from gridgrad_worker.models.model_files import read_bounded
from gridgrad_worker.models.model_settings import ModelSettings, read_settings
from gridgrad_worker.registered.registration import FunctionError

__all__ = ["load_onnx"]

_METADATA = "gridgrad"


def load_onnx(file: Path, settings: ModelSettings | None, device: torch.device) -> BatchModel:
    """Loads an ONNX model; no other file is read.

    Args:
        file: of one model, with all its tensors.
        settings: those beside the file, if there are.
        device: where it is computed.

    Raises:
        FunctionError: it can't be read, or has what is not served.
    """
    try:
        from gridgrad_worker.models.onnx_graphs.onnx_graph import OnnxGraph, clean, read_model
        from gridgrad_worker.models.onnx_graphs.reference import reference_values
    except ImportError:
        raise FunctionError("onnx is not here; pip install 'gridgrad[onnx]'") from None
    model = read_model(read_bounded(file))
    graph = OnnxGraph(model)
    texts = [each.value for each in model.metadata_props if each.key == _METADATA]
    said = settings or (read_settings(texts[0]) if texts else ModelSettings())
    tensors = tuple(tensor_input(clean(each.name), each.shape, bool(said.inputs)) for each in graph.inputs)

    def made(dtype: torch.dtype, batch: int) -> ModelFunction:
        return graph.made(dtype, batch, device)

    def values(given: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
        return reference_values(model, dict(zip([each.name for each in graph.inputs], given, strict=True)))

    outputs = tuple(clean(each) for each in graph.outputs)
    return BatchModel(file.stem, tensors, outputs, graph.dtype, device, made, said, Oracle("onnx.reference", values))
