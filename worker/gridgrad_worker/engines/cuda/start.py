"""Opens the compiled tier of a GPU."""

from __future__ import annotations

import functools

import torch

from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.compiled.tier import Hotness, Tier
from gridgrad_worker.engines.cuda.cuda_compiler import CudaCompiler
from gridgrad_worker.engines.cuda.launches import Kernels
from gridgrad_worker.engines.cuda.nvrtc import compile_kernels

__all__ = ["CUDA_HOTNESS", "open_cuda_tier"]

CUDA_HOTNESS = Hotness(points=1 << 17, tiles=2)
"""Little, since compiling costs little."""


def open_cuda_tier(device: Device) -> Tier:
    """The tier of a GPU, with code for just that one.

    Args:
        device: the GPU.
    """
    major, minor = torch.cuda.get_device_capability(device.torch_device)
    compile_ = functools.partial(compile_kernels, architecture=f"sm_{major}{minor}")
    return Tier(CudaCompiler(device, compile_, Kernels), CUDA_HOTNESS)
