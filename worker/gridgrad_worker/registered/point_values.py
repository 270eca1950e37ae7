"""The numbers of a registered function and of its partials at points, by one of the engines."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from gridgrad_core.differences import STEPS, steps
from gridgrad_core.errors import GridgradError
from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.functional.functional_engine import FunctionalEngine
from gridgrad_worker.engines.functional.partials import Derivative
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.registered.bind import bind
from gridgrad_worker.registered.partial_comparison import ALTERNATIVES, FindingError
from gridgrad_worker.registered.registration import Registration, source_of

__all__ = ["EngineOf", "PointValues", "TileEngine", "by_torch"]

Array = NDArray[np.float64]

_LOOKS_AT_NUMBERS = ("data-dependent control flow", "calling .item() on a Tensor")  # as vmap says it

_PLEA = re.compile(r"[.,]?\s+please (?:file|try)|\. We don't support", re.IGNORECASE)
"""Where messages of torch go over to what its makers are to be asked for."""


class TileEngine(Protocol):
    """Computes tiles."""

    def compute(self, tiles: Sequence[Tile], outs: Sequence[NDArray[np.floating]], /) -> None:
        """Computes tiles together into [derivatives * components, points] each."""


EngineOf = Callable[[Sequence[Derivative], str], TileEngine]


def by_torch(registered: Registration, device: Device) -> PointValues:
    """What torch computes for a function: the functional engine's numbers."""
    names = [each.name for each in registered.inputs]

    def engine(wanted: Sequence[Derivative], dtype: str) -> FunctionalEngine:
        torch_dtype = torch.float32 if dtype == "float32" else torch.float64
        function = bind(registered, names, torch_dtype, device.torch_device)
        components = len(registered.components)
        return FunctionalEngine(function, wanted, components, torch_dtype, device, registered.mode)

    return PointValues(registered, engine)


class PointValues:
    """Evaluates a registered function and its partials as batches are.

    Args:
        registered: the function.
        engine: makes what computes derivatives by positions of inputs, in a dtype.
    """

    def __init__(self, registered: Registration, engine: EngineOf) -> None:
        self._registered = registered
        self._engine = engine

    def at(self, points: Array, wanted: Sequence[Derivative], dtype: str = "float64") -> dict[Derivative, Array]:
        """The derivatives [components, points] at points [points, inputs].

        Raises:
            FindingError: they can't be computed.
        """
        count, inputs = points.shape
        components = len(self._registered.components)
        values = tuple(ArrayValues(points[:, i], [0], 1) for i in range(inputs))
        asked = list(dict.fromkeys(((), *wanted)))  # an engine of expressions has the value first
        out = np.empty((len(asked) * components, count), dtype)
        try:
            self._engine(asked, dtype).compute([Tile(values, Subgrid((0,), (count,)))], [out])
        except GridgradError as error:
            raise FindingError(f"computed on {dtype}, {error.found}", f"{error.remedy}") from error
        except Exception as error:
            if any(each in str(error) for each in _LOOKS_AT_NUMBERS):
                found = "it looks at the numbers of a tensor, as an if, float() or .item() does"
                raise FindingError(found, "write torch.where for an if, and a fixed number of steps") from error
            said = _PLEA.split(str(error))[0]
            found = f"computing it and its derivatives on {dtype} raised {type(error).__name__}: {said}"
            raise FindingError(
                found, f"mend it{_hint(self._registered, error)}, or give the decorator {ALTERNATIVES}"
            ) from error
        planes = dict(zip(asked, out.reshape(len(asked), components, count), strict=True))
        return {each: planes[each] for each in wanted}

    def beside(self, points: Array, position: int, wanted: Sequence[Derivative]) -> dict[Derivative, Array]:
        """The derivatives where one input is some steps above and below: [2, STEPS, components, points]."""
        x = points[:, position]
        shifted = np.broadcast_to(points, (2, STEPS, *points.shape)).copy()
        shifted[0, ..., position] += steps(x)
        shifted[1, ..., position] -= steps(x)
        near = self.at(shifted.reshape(-1, points.shape[1]), wanted)
        return {each: np.moveaxis(found.reshape(-1, 2, STEPS, len(x)), 0, 2) for each, found in near.items()}


def _hint(registered: Registration, error: Exception) -> str:
    """What torch does not say itself: of weights in another dtype than the inputs, and of what modules are given."""
    if "dtype" in str(error):
        return " (a module of single precision is served once its .double() is called)"
    names = ", ".join(each.name for each in registered.inputs)
    wrapped = f"def {registered.name.replace('.', '_')}({names}): return model(torch.stack([{names}]))[0]"
    is_module = source_of(registered.function) is not registered.function and hasattr(registered.function, "forward")
    return f" (it is called with tensors of no dims: register such as {wrapped})" if is_module else ""
