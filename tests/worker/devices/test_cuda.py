"""A real GPU as a device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gridgrad_worker.devices.cuda import CudaDevice
from gridgrad_worker.devices.open import open_device

Solver = Any  # the fixture of conftest.py


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_gpu_answers_as_the_processor_does(solve: Solver, dtype: str) -> None:
    device = open_device("cuda:0", 1)
    assert isinstance(device, CudaDevice)

    def function(x: torch.Tensor, y: torch.Tensor, a: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.exp(-a * x**2) * torch.cos(y), x * torch.tanh(a * y)

    entries = [{"x": np.linspace(-1, 1, n), "y": np.linspace(0, 2, 2 * n), "a": 0.1 * n} for n in (1, 7, 2000)]
    orders = [["x"], ["y"], ["a"], ["x", "y"], ["a", "a"]]
    want = solve.batch(function, entries, orders, components=2, dtype=dtype)
    got = type(solve)(device).batch(function, entries, orders, components=2, dtype=dtype)
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    for ours, theirs in zip(got, want, strict=True):
        for order, grid in ours.items():
            np.testing.assert_allclose(grid, theirs[order], rtol=tolerance, atol=tolerance)


@pytest.mark.gpu
def test_a_gpu_without_memory_halves_its_work(solve: Solver) -> None:
    device = open_device("cuda:0", 1)
    free, _ = torch.cuda.mem_get_info()
    held = torch.empty(free - (200 << 20), dtype=torch.uint8, device="cuda")

    def greedy(x: torch.Tensor) -> tuple[torch.Tensor]:
        return (torch.stack([x] * 256).sum(),)

    x = np.linspace(0, 1, 1 << 20)
    (got,) = type(solve)(device).batch(greedy, [{"x": x}], [["x"]])
    del held
    np.testing.assert_allclose(got[()][0], 256 * x, rtol=1e-14)
    assert (got["x",] == 256).all()
