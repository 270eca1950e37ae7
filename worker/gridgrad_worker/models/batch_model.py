"""A model as its loader hands it on: a function of tensors whose first dim, the batch, is the points."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_worker.models.model_settings import ModelInput, ModelSettings
from gridgrad_worker.registered.registration import FunctionError

__all__ = ["BatchModel", "ModelFunction", "Oracle", "TensorInput", "at_point", "returned"]

ModelFunction = Callable[..., Any]
"""Takes a tensor for each `TensorInput`; returns a tensor, or a tuple of them."""


class TensorInput(NamedTuple):
    """A tensor that a model takes.

    Args:
        shape: for one point.
        is_batched: whether its first dim, which is 1 then, is the points.
    """

    name: str
    shape: tuple[int, ...]
    is_batched: bool

    @property
    def numbers(self) -> int:
        """How many numbers of a point it holds."""
        return math.prod(self.shape)

    @property
    def names(self) -> Iterator[str]:
        """The names of these, where nobody gives others."""
        return iter([self.name]) if self.numbers == 1 else (f"{self.name}{i}" for i in range(self.numbers))


class Oracle(NamedTuple):
    """What else computes a model, in double precision: the outputs for tensors of one point."""

    name: str
    values: Callable[[list[NDArray[np.float64]]], list[NDArray[np.float64]]]


class BatchModel(NamedTuple):
    """A model.

    Args:
        name: what callers name it by, unless its settings say otherwise.
        tensors: what it takes.
        outputs: the names of the tensors that it returns; none where they have none.
        dtype: of its weights; None where it has none, and any will do.
        device: where it is computed.
        made: the model in a dtype, for points in batches of some size.
        settings: what its author says of it.
        oracle: what its values are compared with.
    """

    name: str
    tensors: tuple[TensorInput, ...]
    outputs: tuple[str, ...]
    dtype: torch.dtype | None
    device: torch.device
    made: Callable[[torch.dtype, int], ModelFunction]
    settings: ModelSettings
    oracle: Oracle | None = None

    @property
    def inputs(self) -> tuple[ModelInput, ...]:
        """All inputs, in the order of the tensors.

        Raises:
            FunctionError: the settings name more or fewer than the tensors hold.
        """
        named, count = self.settings.inputs, sum(each.numbers for each in self.tensors)
        if not count:
            raise FunctionError("it takes no number; a constant needs no server")
        if not named:
            named = tuple(ModelInput(name, None, "") for each in self.tensors for name in each.names)
            _refuse_twins([each.name for each in named])
        if len(named) != count:
            taken = ", ".join(f"{each.name} {list(each.shape)}" for each in self.tensors)
            raise FunctionError(f"inputs has {len(named)} names for the {count} numbers of {taken}; name each")
        return named

    def batch(self, points: Tensor) -> list[Tensor]:
        """The tensors of some points, [points, inputs]."""
        parts = torch.split(points, [each.numbers for each in self.tensors], dim=1)
        return [
            part.reshape(len(points) if each.is_batched else 1, *each.shape[1:]) if each.shape else part.reshape(())
            for each, part in zip(self.tensors, parts, strict=True)
        ]


def at_point(tensors: Sequence[TensorInput], made: ModelFunction, numbers: Sequence[Tensor]) -> list[Tensor]:
    """All components of a model at a point, whose numbers are given in the order of the inputs."""
    given, start = [], 0
    for each in tensors:
        given.append(torch.stack(tuple(numbers[start : start + each.numbers])).reshape(each.shape))
        start += each.numbers
    return [number for found in returned(made(*given)) for number in found.reshape(-1).unbind()]


def _refuse_twins(names: Sequence[str]) -> None:
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise FunctionError(f"two of its inputs would be called {twins[0]!r}; name all of them in the settings")


def returned(found: object) -> tuple[Tensor, ...]:
    """The tensors that a model returned.

    Raises:
        FunctionError: it returned something else.
    """
    tensors = tuple(found) if isinstance(found, tuple | list) else (found,)
    for each in tensors:
        if not isinstance(each, Tensor):
            raise FunctionError(f"it returns {type(each).__name__}; have it return a tensor, or a tuple of them")
    return tensors
