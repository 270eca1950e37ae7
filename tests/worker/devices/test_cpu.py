"""The processor as a device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gridgrad_worker.devices.cpu import CpuDevice

Solver = Any  # the fixture of conftest.py


def test_the_staging_buffer_is_used_again(cpu: CpuDevice) -> None:
    first = cpu.staging(3, 1000, torch.float64)
    again = cpu.staging(2, 500, torch.float64)
    assert (first.shape, again.shape) == ((3, 1000), (2, 500))
    assert again.data_ptr() == first.data_ptr()
    assert again.is_contiguous()
    assert cpu.staging(3, 1000, torch.float32).dtype == torch.float32


def test_slopes_that_torch_left_symbolic_are_zeros(cpu: CpuDevice) -> None:
    (numbers,) = cpu.download([torch._efficientzerotensor((3,), dtype=torch.float64)])
    assert numbers.tolist() == [0, 0, 0]


def test_numbers_are_copied_and_may_change_afterwards(cpu: CpuDevice) -> None:
    numbers, into = np.arange(4.0), torch.zeros(4, dtype=torch.float32)
    cpu.write(numbers, into)
    numbers[...] = 0
    assert into.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("threads", [1, 4])
def test_chunks_grow_with_the_threads_and_shrink_with_the_planes(threads: int) -> None:
    before = torch.get_num_threads()
    try:
        device = CpuDevice(threads)
        assert torch.get_num_threads() == threads
        assert device.chunk_points(1) == threads << 16
        assert device.chunk_points(1 << 30) == 1 << 10
    finally:
        torch.set_num_threads(before)
