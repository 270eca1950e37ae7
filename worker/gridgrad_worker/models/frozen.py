"""A look at what a model does while it computes: nothing random, and nothing of it changes.

Dropout in training mode and batch norm that updates its statistics are no functions of the inputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode  # what torch's own docs name to see operations

from gridgrad_worker.registered.registration import FunctionError

__all__ = ["FrozenMode", "unchanged"]

_CURE = "export or give it as it is after .eval()"


class FrozenMode(TorchDispatchMode):  # type: ignore[no-untyped-call] # torch has no types there
    """While it is entered, operations of training are refused by name."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Calls one operation.

        Raises:
            FunctionError: it draws random numbers, or updates statistics.
        """
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise FunctionError(f"it draws random numbers, by {func}, as dropout in training mode does; {_CURE}")
        given = {each.name: value for each, value in zip(func._schema.arguments, args, strict=False)} | (kwargs or {})
        statistics = given.get("running_mean")
        if statistics is not None and (given.get("training") or given.get("train")):
            raise FunctionError(f"it has batch norm in training mode, by {func}, whose statistics change; {_CURE}")
        return func(*args, **(kwargs or {}))


@contextmanager
def unchanged(network: nn.Module) -> Iterator[None]:
    """Refuses a module that changes its parameters or buffers while this is entered.

    Raises:
        FunctionError: it did; the message names the first.
    """
    before = _state(network)
    yield
    for name, (tensor, version) in _state(network).items():
        was, known = before.get(name, (None, 0))
        if tensor is not was or version != known:
            raise FunctionError(f"it changes its buffer {name!r} when it computes; {_CURE}, or don't keep a state")


def _state(network: nn.Module) -> dict[str, tuple[Tensor, int]]:
    named = [*network.named_parameters(), *network.named_buffers()]
    return {name: (tensor, tensor._version) for name, tensor in named}
