"""Loads the models that --functions names: what is wrong is refused by name, and the rest is served."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from gridgrad_core.system.logging import MOST_A_MINUTE, fields
from gridgrad_worker.devices.device import Device
from gridgrad_worker.models.author_module import load_module, settings_beside
from gridgrad_worker.models.batch_model import BatchModel
from gridgrad_worker.models.exported_model import load_exported
from gridgrad_worker.models.model_files import expanded, read_text
from gridgrad_worker.models.model_registration import registration_of
from gridgrad_worker.models.model_settings import ModelSettings, read_settings
from gridgrad_worker.models.onnx_model import load_onnx
from gridgrad_worker.registered.derivative_check import check
from gridgrad_worker.registered.registration import FunctionError, Registration

__all__ = ["LoadedModels", "load_models"]

_log = logging.getLogger("gridgrad_worker")


class LoadedModels(NamedTuple):
    """The models that are served, and why others are not, by name."""

    served: dict[str, Registration]
    refused: dict[str, str]


def load_models(entries: Sequence[str], device: Device, taken: Collection[str]) -> LoadedModels:
    """Loads and checks models.

    Args:
        entries: files, directories of some, or package.module:Name.
        device: where they are computed.
        taken: names that they can't have.
    """
    loaded = LoadedModels({}, {})
    for name, entry, model in _each(entries, device.torch_device):
        try:
            found = registration_of(model()._replace(name=name))
            if found.name in taken or found.name in loaded.served:
                raise FunctionError(f"the name {found.name!r} is taken already; write another name = into its settings")
            name = found.name
            loaded.served[name] = check(found, device) if found.check else found
        except FunctionError as error:
            loaded.refused.setdefault(name, f"{_shown(entry)}: {error}")
            _log.error("model refused", extra=fields(model=entry, why=error))
        except Exception as error:  # noqa: BLE001 - files have what nobody foresaw, and the rest is served
            loaded.refused.setdefault(name, f"{_shown(entry)}: {_unforeseen(error)}")
            _log.exception("model refused", extra=fields(model=entry))
    if len(loaded.refused) > MOST_A_MINUTE:  # of which the log does not have a line each
        _log.error("models refused", extra=fields(count=len(loaded.refused), names=", ".join(loaded.refused)))
    return loaded


def _each(entries: Sequence[str], device: torch.device) -> Iterator[tuple[str, str, Callable[[], BatchModel]]]:
    """The name by which each model is refused, what it is, and what loads it."""
    for entry in entries:
        try:
            for each in expanded(entry):
                yield (_name_of(each), each, functools.partial(_loaded, each, device))
        except FunctionError as error:
            yield _shown(entry), entry, functools.partial(_raise, error)


def _shown(entry: str) -> str:
    """An entry as callers are told of it: of a path its last part, since where it lies is the operator's business."""
    return entry if _is_class(entry) else Path(entry).name


def _unforeseen(error: Exception) -> str:
    return f"loading it raised {type(error).__name__}; please report it"


def _name_of(entry: str) -> str:
    return entry.rpartition(":")[2].rpartition(".")[2] if _is_class(entry) else Path(entry).stem


def _is_class(entry: str) -> bool:
    return ":" in entry and "/" not in entry


def _raise(error: FunctionError) -> BatchModel:
    raise error


def _loaded(entry: str, device: torch.device) -> BatchModel:
    if _is_class(entry):
        beside = settings_beside(entry)
        return load_module(entry, _settings(beside) or ModelSettings(), beside.parent, device)
    file = Path(entry)
    settings = _settings(file.with_suffix(".toml"))
    if file.suffix == ".pt2":
        return load_exported(file, settings, device)
    if file.suffix == ".onnx":
        return load_onnx(file, settings, device)
    settings = settings or ModelSettings()
    if file.suffix == ".toml":
        if ":" not in settings.module:
            raise FunctionError("it has no module = 'package.module:Class', and no model has its name")
        return load_module(settings.module, settings, file.parent, device)
    raise FunctionError("is no model; name one that ends in .pt2, .onnx or .toml, a directory, or package.module:Class")


def _settings(file: Path) -> ModelSettings | None:
    return read_settings(read_text(file)) if file.is_file() else None
