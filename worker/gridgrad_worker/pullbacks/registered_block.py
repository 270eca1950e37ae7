"""The gradient of a block of a registered function, by torch's reverse mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.functional.partials import PointFunction
from gridgrad_worker.engines.tiles import Subgrid, subgrids
from gridgrad_worker.pullbacks.grid_pullback import Compute, PulledBlock

__all__ = ["RegisteredBlock"]

Floats = NDArray[np.float64]

_WINDOW_POINTS = 1 << 14
"""Of which torch keeps what the way back needs."""


class RegisteredBlock:
    """Computes gradients of blocks of a function of torch's operations.

    Args:
        function: of as many tensors of no dims as there are inputs; a tuple of them, one for each component.
        cotangents: of the components, a function of the inputs too; None for ones.
        wrt: which inputs the gradient is by.
        dtype: computed in.
        device: computed on.
    """

    def __init__(
        self,
        function: PointFunction,
        cotangents: Callable[..., tuple[Tensor, ...]] | None,
        wrt: Sequence[int],
        dtype: torch.dtype,
        device: Device,
    ) -> None:
        self._function = function
        self._cotangents = cotangents
        self._wrt = wrt
        self._dtype = dtype
        self._device = device.torch_device

    def of_block(self, run: Compute, block: PulledBlock, tier: str) -> tuple[float, Sequence[Floats | None], str]:  # noqa: ARG002 - a BlockGradients takes it
        """The sum, its gradient, and no tier."""
        whole = Subgrid((0,) * len(block.shape), block.shape)
        arrays = [np.ascontiguousarray(each.over(whole)) for each in block.inputs]
        tensors = [torch.as_tensor(array, dtype=self._dtype, device=self._device) for array in arrays]
        gradient = [np.zeros(tensors[position].shape) for position in self._wrt]
        value = 0.0
        for window in subgrids(whole, _WINDOW_POINTS):
            parts = [tensor[_inside(tensor, window)] for tensor in tensors]
            found, slopes = self._pulled(parts, window.shape)
            value += found
            for total, tensor, slope in zip(gradient, (tensors[p] for p in self._wrt), slopes, strict=True):
                total[_inside(tensor, window)] += slope.detach().to("cpu", torch.float64).numpy()
        return value, gradient, ""

    def _pulled(self, parts: Sequence[Tensor], shape: tuple[int, ...]) -> tuple[float, Sequence[Tensor]]:
        """The sum over a window, and the slopes of it by the inputs that the gradient is by."""

        def total(*varied: Tensor) -> tuple[Tensor, Tensor]:
            changed = dict(zip(self._wrt, varied, strict=True))
            arguments = [self._spread(changed.get(i, part), shape) for i, part in enumerate(parts)]
            found = self._everywhere(self._function, arguments, shape)
            if self._cotangents is not None:
                fixed = [self._spread(part, shape) for part in parts]
                weights = self._everywhere(self._cotangents, fixed, shape)
                found = [f * weight.to(f.dtype) for f, weight in zip(found, weights, strict=True)]
            sums = [each.to(torch.float64).sum() for each in found]
            whole = torch.stack(sums).sum()
            return whole, whole

        with torch.enable_grad():
            pulled: Any = torch.func.vjp(total, *[parts[position] for position in self._wrt], has_aux=True)
            whole, pull_back, value = pulled
            return float(value.detach()), pull_back(torch.ones_like(whole))

    def _spread(self, part: Tensor, shape: tuple[int, ...]) -> Tensor:
        return part.expand(shape).reshape(-1)

    def _everywhere(self, function: PointFunction, arguments: Sequence[Tensor], shape: tuple[int, ...]) -> list[Tensor]:
        if not arguments:
            return [each.expand(shape) for each in function()]
        return [*torch.func.vmap(function)(*arguments)]


def _inside(whole: Tensor, window: Subgrid) -> tuple[slice, ...]:
    each = zip(whole.shape, *window, strict=True)
    return tuple([slice(None) if length == 1 else slice(start, start + own) for length, start, own in each])
