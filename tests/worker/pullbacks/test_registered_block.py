"""Pull-backs of functions of torch's operations."""

from __future__ import annotations

import numpy as np
import torch
from numpy.testing import assert_allclose
from torch import Tensor

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.tiles import ArrayValues
from gridgrad_worker.pullbacks.grid_pullback import PulledBlock
from gridgrad_worker.pullbacks.registered_block import RegisteredBlock

T, K = np.linspace(0.5, 2, 300), np.linspace(1, 3, 200)


def _function(t: Tensor, k: Tensor, a: Tensor) -> tuple[Tensor, ...]:
    return torch.exp(-a * t * k), t * a


def _cotangents(t: Tensor, k: Tensor, _: Tensor) -> tuple[Tensor, ...]:
    return k, torch.ones_like(t)


def test_gradients_of_several_windows_by_inputs_of_few_dims() -> None:
    inputs = ArrayValues(T, [0], 2), ArrayValues(K, [1], 2), ArrayValues(np.array(0.8), [], 2)
    block = PulledBlock(inputs, (len(T), len(K)))
    pulled = RegisteredBlock(_function, _cotangents, [0, 2], torch.float64, CpuDevice(1))
    value, (by_t, by_a), tier = pulled.of_block(lambda *_: [], block, "")
    grid = np.exp(-0.8 * np.outer(T, K))
    assert tier == ""
    assert_allclose(value, (grid * K).sum() + 0.8 * T.sum() * len(K))
    assert by_t is not None
    assert by_a is not None
    assert_allclose(by_t[:, 0], (-0.8 * K**2 * grid).sum(1) + 0.8 * len(K))
    assert_allclose(by_a[0, 0], (-np.outer(T, K**2) * grid).sum() + T.sum() * len(K))


def test_without_inputs_by_which_to_derive_there_is_the_sum() -> None:
    block = PulledBlock(
        (ArrayValues(T, [0], 1), ArrayValues(np.array(2.0), [], 1), ArrayValues(np.array(0.0), [], 1)), (300,)
    )
    value, gradient, _ = RegisteredBlock(_function, None, [], torch.float64, CpuDevice(1)).of_block(
        lambda *_: [], block, ""
    )
    assert value == 300
    assert not gradient
