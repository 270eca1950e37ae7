"""What all devices share: which errors are want of memory or the loss of a device, and buffers."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from gridgrad_worker.devices import driver
from gridgrad_worker.devices.device import is_lost, is_out_of_memory, points_within, reused

Solver = Any  # the fixture of conftest.py


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (MemoryError(), True),
        (torch.cuda.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("shapes do not match"), False),
        (ValueError("can't allocate memory"), False),
    ],
)
def test_want_of_memory_is_told_from_other_errors(error: Exception, expected: bool) -> None:
    assert is_out_of_memory(error) == expected


def test_torch_itself_says_so_when_the_host_has_no_memory() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


def test_a_lost_device_is_told_from_one_without_memory() -> None:
    assert is_lost(torch.AcceleratorError("CUDA error: an illegal memory access was encountered"))
    assert is_lost(driver.LostError("cuLaunchKernel: error 700"))
    assert not is_lost(torch.AcceleratorError("CUDA error: out of memory"))
    assert not is_lost(driver.DriverError("cuMemHostRegister: error 1"))
    assert not is_lost(ValueError("CUDA error: an illegal memory access was encountered"))


def test_a_buffer_is_used_again_by_dtype_and_grows() -> None:
    buffers: dict[torch.dtype, torch.Tensor] = {}
    first = reused(buffers, 2, 10, torch.float64, pinned=False)
    assert reused(buffers, 4, 5, torch.float64, pinned=False).data_ptr() == first.data_ptr()
    assert reused(buffers, 1, 3, torch.float32, pinned=False).dtype == torch.float32
    assert reused(buffers, 3, 10, torch.float64, pinned=False).shape == (3, 10)
    assert set(buffers) == {torch.float64, torch.float32}


@pytest.mark.parametrize(
    ("planes", "points", "expected"), [(1, 100_000, 100_000), (64, 100_000, 32_768), (1 << 20, 9, 1024)]
)
def test_results_of_a_chunk_are_bounded(planes: int, points: int, expected: int) -> None:
    assert points_within(planes, points) == expected
