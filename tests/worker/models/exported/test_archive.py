"""Archives of exported programs: what is stored as bytes is read, and nothing else."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from gridgrad_worker.models.exported.archive import ProgramArchive
from gridgrad_worker.registered.registration import FunctionError
from tests.worker.models.exported.programs import changed, exported, rewritten

WEIGHTS = "weights/model_weights_config.json"


@pytest.fixture(scope="module")
def program() -> bytes:
    return exported(nn.Linear(2, 1), torch.rand(3, 2), extra={"gridgrad.toml": "name = 'é'"})


def refused(data: bytes) -> str:
    with pytest.raises(FunctionError) as found:
        read(data)
    return str(found.value)


def read(data: bytes) -> None:
    archive = ProgramArchive(data)
    archive.program()
    archive.tensors()


def test_what_is_read(program: bytes) -> None:
    archive = ProgramArchive(program)
    assert {name: tuple(each.shape) for name, each in archive.tensors().items()} == {"weight": (1, 2), "bias": (1,)}
    assert archive.settings() == "name = 'é'"
    assert "graph_module" in archive.program()


def test_what_is_pickled_is_never_read(program: bytes) -> None:
    archive = ProgramArchive(changed(program, lambda name, data: None if "sample_inputs" in name else data))
    assert archive.tensors()


def said_of_weight(**changes: Any) -> Callable[[Any], None]:
    return lambda content: content["config"]["weight"].update(changes)


def shape_of_weight(**changes: Any) -> Callable[[Any], None]:
    return lambda content: content["config"]["weight"]["tensor_meta"].update(changes)


@pytest.mark.parametrize(
    ("rewrite", "message"),
    [
        (said_of_weight(use_pickle=True), "its 'weight' is an object or a tensor of a subclass, which is pickled"),
        (said_of_weight(path_name="../../../../etc/hostname"), r"its archive has no data/weights/\.\./\.\./"),
        (shape_of_weight(sizes=[{"as_int": 1 << 40}], strides=[{"as_int": 0}]), "larger than the file"),
        (shape_of_weight(sizes=[{"as_int": 3}], strides=[{"as_int": 1}]), "its tensor 'weight' can't be read"),
        (shape_of_weight(storage_offset={"as_int": 1}), "its tensor 'weight' can't be read"),
        (shape_of_weight(dtype=99), "its tensor 'weight' can't be read: 99"),
        (shape_of_weight(layout=1), "is sparse"),
        (lambda content: content.update(config=[]), "its archive has the list of weights as list"),
    ],
)
def test_tensors_that_are_refused(program: bytes, rewrite: Callable[[Any], None], message: str) -> None:
    assert re.search(message, refused(rewritten(program, WEIGHTS, rewrite)))


def only(name: str, data: bytes = b"{}") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, data)
    return file.getvalue()


def test_archives_that_are_refused(program: bytes) -> None:
    assert "no archive of torch.export" in refused(b"PK")
    assert "no program under models/" in refused(only("a/data/aotinductor/model.so"))
    assert "no program under models/" in refused(only("serialized_exported_program.json"))
    assert "models/model.json is no JSON" in refused(only("a/models/model.json", b"["))
    assert "models/model.json is no JSON" in refused(only("a/models/model.json", b"[" * 100_000))
    assert "models/model.json as list" in refused(only("a/models/model.json", b"[]"))
    assert "compressed" in refused(changed(program, lambda _, data: data, zipfile.ZIP_DEFLATED))
    file = io.BytesIO(changed(program, lambda _, data: data))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("archive/data/weights/model.pt", b"")
    assert "its weights are pickled, as torch did before 2.9" in refused(file.getvalue())
