"""Kernels on the processor: their text, compiled by g++ with a header that makes loops of blocks and threads."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from torch import Tensor

from gridgrad_worker.cuda.source import Source
from tests.worker.cuda.simulated import SimulatedDevice

__all__ = ["Emulated", "needs_gcc"]

_GCC = shutil.which("g++")

needs_gcc = pytest.mark.skipif(_GCC is None, reason="there is no g++")

_KERNEL = """
extern "C" void run_{name}(i64 blocks, const i64* jobs, i64 count, const i64* entries, const Real* inputs, Real* levels,
                           Real* out) {{
    for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++)
        for (threadIdx.x = 0; threadIdx.x < THREADS; threadIdx.x++) {name}(jobs, count, entries, inputs, levels, out);
}}
"""


class Emulated:
    """The kernels of a source, as `gridgrad_worker.cuda.compiled.Run` has them.

    Args:
        source: the kernels.
        device: queued on.
        folder: to compile in.
    """

    def __init__(self, source: Source, device: SimulatedDevice, folder: Path) -> None:
        text = folder / "kernels.cpp"
        header = Path(__file__).with_name("emulated.h").read_text()
        text.write_text(header + source.text + "".join(_KERNEL.format(name=name) for name in source.names))
        library = folder / "kernels.so"
        options = ["-std=c++17", "-O1", "-ffp-contract=off", "-shared", "-fPIC", "-w"]
        subprocess.run([str(_GCC), *options, "-o", library, text], check=True)
        loaded = ctypes.CDLL(str(library))
        self._functions = [getattr(loaded, f"run_{name}") for name in source.names]
        self._device = device

    def __call__(self, kernel: int, blocks: int, tensors: Sequence[Tensor], jobs: int) -> None:
        def task() -> None:
            table, *others = [ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors]
            self._functions[kernel](ctypes.c_longlong(blocks), table, ctypes.c_longlong(jobs), *others)

        self._device.computing.queue(task)
