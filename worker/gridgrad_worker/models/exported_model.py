"""Models of files that torch.export.save wrote."""

from __future__ import annotations

from pathlib import Path

import torch

from gridgrad_worker.models.batch_model import BatchModel, ModelFunction, TensorInput
from gridgrad_worker.models.exported.archive import ProgramArchive
from gridgrad_worker.models.exported.exported_graph import ExportedGraph
from gridgrad_worker.models.model_files import read_bounded
from gridgrad_worker.models.model_settings import ModelSettings, read_settings
from gridgrad_worker.registered.registration import FunctionError

__all__ = ["load_exported", "tensor_input"]


def load_exported(file: Path, settings: ModelSettings | None, device: torch.device) -> BatchModel:
    """Loads an exported program, without unpickling.

    Args:
        file: as torch.export.save wrote it.
        settings: those beside the file, if there are.
        device: where it is computed.

    Raises:
        FunctionError: it can't be read, or calls what is not run here.
    """
    graph = ExportedGraph(ProgramArchive(read_bounded(file)))
    said = settings or (read_settings(graph.settings) if graph.settings else ModelSettings())
    tensors = tuple(tensor_input(each.name, each.shape, bool(said.inputs)) for each in graph.inputs)

    def made(dtype: torch.dtype, batch: int) -> ModelFunction:  # noqa: ARG001 - takes batches of any size
        return graph.made(dtype, device)

    return BatchModel(file.stem, tensors, (), graph.dtype, device, made, said)


def tensor_input(name: str, shape: tuple[int | None, ...], is_named: bool) -> TensorInput:
    """What a model takes, by the shape in its file, in which a dim of any length is None.

    Raises:
        FunctionError: it is not clear which dim is the points.
    """
    if None in shape[1:]:
        raise FunctionError(f"its input {name!r} has a dim of any length that is not its first; fix its length")
    if len(shape) > 1 and shape[0] not in (None, 1) and not is_named:
        raise FunctionError(
            f"its input {name!r} is of {list(shape)} alone; export it with a first dim of any length, "
            "or name all its numbers in the settings"
        )
    return TensorInput(name, tuple(1 if each is None else each for each in shape), shape[:1] == (None,))
