"""Opens the compiled tier of a GPU."""

from __future__ import annotations

import functools

import torch

from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.cuda.launches import Kernels
from gridgrad_worker.engines.cuda.nvrtc import compile_kernels
from gridgrad_worker.engines.cuda.tier import CudaTier

__all__ = ["open_tier"]


def open_tier(device: Device) -> CudaTier:
    """The tier of a GPU, with code for just that one.

    Args:
        device: the GPU.
    """
    major, minor = torch.cuda.get_device_capability(device.torch_device)
    return CudaTier(device, functools.partial(compile_kernels, architecture=f"sm_{major}{minor}"), Kernels)
