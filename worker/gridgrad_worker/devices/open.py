"""Opens the device that a worker is told to compute on."""

from __future__ import annotations

import warnings

import torch

from gridgrad_worker.devices import zero_tangents
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.devices.cuda import CudaDevice
from gridgrad_worker.devices.device import Device

__all__ = ["open_device"]


def open_device(name: str, threads: int) -> Device:
    """The device of a worker.

    Args:
        name: "cpu" or "cuda:<index>".
        threads: for work on the processor.
    """
    zero_tangents.install()
    _load_transforms()
    torch.set_float32_matmul_precision("highest")
    if name == "cpu":
        return CpuDevice(threads)
    torch.set_num_threads(threads)
    return CudaDevice(torch.device(name).index or 0)


def _load_transforms() -> None:
    """Has torch load what it loads at its first derivative, and warns of its own old code by."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.func.jvp(torch.sin, (torch.zeros(()),), (torch.ones(()),))
