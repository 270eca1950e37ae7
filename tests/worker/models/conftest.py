"""Models to load: written by the tests, and loaded as workers load them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridgrad_worker.devices.open import open_device
from gridgrad_worker.engines.functional.functional_engine import FunctionalEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.models.model_loading import LoadedModels, load_models
from gridgrad_worker.registered.bind import bind
from gridgrad_worker.registered.registration import Registration

WriteModule = Callable[[str], str]
Load = Callable[..., LoadedModels]

_numbers = itertools.count()


@pytest.fixture
def load() -> Load:
    """Loads models."""
    return lambda *entries: load_models([str(each) for each in entries], open_device("cpu", 1), ())


@pytest.fixture
def write_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteModule:
    """Writes a module and returns its name, which no other has."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(text: str) -> str:
        name = f"written_{next(_numbers)}"
        (tmp_path / f"{name}.py").write_text(f"import torch\nfrom torch import nn\n{text}")
        return name

    return write


def computed(
    model: Registration, wanted: Sequence[tuple[int, ...]], *point: float, dtype: str = "float64"
) -> NDArray[np.floating]:
    """Derivatives of all components at a point, [wanted, components]."""
    torch_dtype = torch.float32 if dtype == "float32" else torch.float64
    device = open_device("cpu", 1)
    function = bind(model, [each.name for each in model.inputs], torch_dtype, device.torch_device)
    engine = FunctionalEngine(function, wanted, len(model.components), torch_dtype, device, model.mode)
    values = tuple(ArrayValues(np.array([x], dtype), [0], 1) for x in point)
    out = np.empty((len(wanted) * len(model.components), 1), dtype)
    engine.compute([Tile(values, Subgrid((0,), (1,)))], [out])
    return out.reshape(len(wanted), -1)
