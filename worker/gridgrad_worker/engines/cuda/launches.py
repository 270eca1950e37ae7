"""Kernels that are loaded, ready to be queued on a GPU."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from torch import Tensor

from gridgrad_worker.devices import driver
from gridgrad_worker.engines.cuda.source import THREADS

__all__ = ["Kernels"]


class Kernels:
    """The kernels of a source.

    Args:
        code: a cubin.
        names: of the kernels.
    """

    def __init__(self, code: bytes, names: Sequence[str]) -> None:
        self._kernels = driver.load(code, names)

    def __call__(self, kernel: int, blocks: int, tensors: Sequence[Tensor], spans: int) -> None:
        """Queues a kernel on the current stream, as `gridgrad_worker.engines.cuda.cuda_engine.Run` has it."""
        table, *others = [ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors]
        driver.launch(self._kernels[kernel], blocks, THREADS, [table, ctypes.c_longlong(spans), *others])
