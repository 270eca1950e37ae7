"""Torch modules by the name of their class, instance or factory, with weights of a file beside their settings."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gridgrad_worker.models.batch_model import BatchModel, ModelFunction, TensorInput
from gridgrad_worker.models.frozen import unchanged
from gridgrad_worker.models.model_files import inside, read_bounded
from gridgrad_worker.models.model_settings import ModelSettings
from gridgrad_worker.registered.registration import FunctionError
from gridgrad_worker.registered.registry import import_module

__all__ = ["load_module", "settings_beside"]


def settings_beside(target: str) -> Path:
    """Where the settings of package.module:Name are looked for: Name.toml beside the module.

    Raises:
        FunctionError: there is no such module.
    """
    module, _, name = target.partition(":")
    file = getattr(import_module(module), "__file__", None)
    return Path(file or module).parent / f"{name.rpartition('.')[2]}.toml"


def load_module(target: str, settings: ModelSettings, folder: Path, device: torch.device) -> BatchModel:
    """Makes a module and loads its weights.

    Args:
        target: package.module:Name.
        settings: what its author says of it; names its inputs.
        folder: where its weights are.
        device: where it is computed.

    Raises:
        FunctionError: it can't be made, or is in training mode.
    """
    module, _, name = target.partition(":")
    if not settings.inputs:
        raise FunctionError(
            f"it has no settings that name its inputs; write them into {name}.toml beside {module}: "
            "[inputs] with a line such as x = {} for each"
        )
    network, is_ours = _made(target, settings)
    if settings.state:
        _load_state(network, inside(folder, settings.state))
    if is_ours:
        network.eval()  # a class says nothing of the mode; who made an instance does
    _refuse_training(network)
    tensors = _tensors(settings)

    def made(dtype: torch.dtype, batch: int) -> ModelFunction:  # noqa: ARG001 - takes batches of any size
        ready = copy.deepcopy(network).to(device=device, dtype=dtype).requires_grad_(False)
        with unchanged(ready), torch.no_grad():
            zeros = [torch.zeros((2, *each.shape[1:]), dtype=dtype, device=device) for each in tensors]
            _try(ready, zeros)
        return ready

    dtype = _dtype([*network.parameters(), *network.buffers()])
    return BatchModel(name.rpartition(".")[2], tensors, (), dtype, device, made, settings)


def _try(network: nn.Module, tensors: list[Tensor]) -> None:
    """Calls it, for what it changes; what it raises is told where it is computed at a point that was meant."""
    try:
        network(*tensors)
    except Exception:  # noqa: BLE001 - an author's code raises what it likes
        return


def _made(target: str, settings: ModelSettings) -> tuple[nn.Module, bool]:
    """The module, and whether it was made here of its class."""
    module, _, path = target.partition(":")
    found: Any = import_module(module)
    for name in path.split("."):
        if not hasattr(found, name):
            raise FunctionError(f"{module} has no {path!r}; write the name of a class, an instance or a factory in it")
        found = getattr(found, name)
    is_class = inspect.isclass(found) and issubclass(found, nn.Module)
    if isinstance(found, nn.Module):
        if settings.arguments:
            raise FunctionError(f"arguments for {path}, which is an instance; take them out, or name its class")
        return copy.deepcopy(found), False
    try:
        network = found(**settings.arguments)
    except Exception as error:
        raise FunctionError(
            f"making it by {path}({', '.join(settings.arguments)}) raised {type(error).__name__}: {error}; "
            "write what it is to be called with into arguments"
        ) from error
    if not isinstance(network, nn.Module):
        raise FunctionError(f"{path} makes {type(network).__name__}, no torch.nn.Module; a function takes @function")
    return network, is_class


def _refuse_training(network: nn.Module) -> None:
    for name, each in network.named_modules():
        if each.training:
            what = f"its part {name!r}" if name else "it"
            raise FunctionError(f"{what} ({type(each).__name__}) is in training mode; call .eval() on the whole of it")


def _load_state(network: nn.Module, file: Path) -> None:
    """Loads weights in the dtype of the file: load_state_dict would narrow doubles without a word."""
    state = _state_of(file)
    dtype = _dtype(state.values())
    if dtype is not None:
        network.to(dtype)
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise FunctionError(
            f"state: the weights of {file.name} are of another: {error}; save its state_dict()"
        ) from None


def _state_of(file: Path) -> dict[str, Tensor]:
    """The tensors of a file, by name; nothing of it is run."""
    if file.suffix == ".safetensors":
        try:
            from safetensors import SafetensorError
            from safetensors.torch import load
        except ImportError:
            raise FunctionError("state: safetensors is not here; pip install 'gridgrad[safetensors]'") from None
        try:
            return load(read_bounded(file))
        except SafetensorError as error:
            raise FunctionError(f"state: {file.name} is no safetensors file: {error}; save it again") from None
    read_bounded(file, 0)
    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # noqa: BLE001 - torch raises its own, and those of pickle and zipfile
        raise FunctionError(
            f"state: {file.name} can't be loaded with weights_only ({type(error).__name__}); "
            "save the state_dict() alone by torch.save, or as safetensors"
        ) from None
    if not isinstance(found, dict) or not all(isinstance(each, Tensor) for each in found.values()):
        raise FunctionError(f"state: {file.name} has more than tensors by name; save the state_dict() alone")
    return found


def _dtype(tensors: Iterable[Tensor]) -> torch.dtype | None:
    """That of the floating ones."""
    found = {each.dtype for each in tensors if each.is_floating_point() or each.is_complex()}
    if len(found) > 1:
        named = ", ".join(sorted(map(str, found)))
        raise FunctionError(f"its weights are of several dtypes, {named}; convert all to one, by .float() or .double()")
    return next(iter(found), None)


def _tensors(settings: ModelSettings) -> tuple[TensorInput, ...]:
    """Those that its forward takes: one of all inputs, or as `tensors` says."""
    names = tuple(each.name for each in settings.inputs)
    given = settings.tensors or (names,)
    if tuple(name for each in given for name in each) != names:
        raise FunctionError("tensors has other names, or another order, than inputs; write each input once, in order")
    return tuple(TensorInput("+".join(each), (1, len(each)), True) for each in given)
