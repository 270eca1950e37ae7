"""Kernels on the processor: their text, compiled by g++ with a header that makes loops of blocks and threads."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from torch import Tensor

from tests.worker.engines.cuda.simulated import SimulatedDevice

__all__ = ["Emulated", "compile_with_gcc", "load_emulated", "needs_gcc"]

_GCC = shutil.which("g++")

needs_gcc = pytest.mark.skipif(_GCC is None, reason="there is no g++")

_KERNEL = """
extern "C" void run_{name}(i64 blocks, const i64* spans, i64 count, const i64* tiles, const Real* inputs, Real* levels,
                           Real* out) {{
    for (blockIdx.x = 0; blockIdx.x < blocks; blockIdx.x++)
        for (threadIdx.x = 0; threadIdx.x < THREADS; threadIdx.x++)
            kernels::{name}(spans, count, tiles, inputs, levels, out);
}}
"""


def compile_with_gcc(text: str, folder: Path) -> bytes:
    """Compiles CUDA for the processor, and returns the path of the library as NVRTC would return code."""
    header = Path(__file__).with_name("emulated.h").read_text()
    names = re.findall(r"__launch_bounds__\(THREADS\) (\w+)\(", text)
    path = folder / "kernels.cpp"
    path.write_text(header + text + "".join(_KERNEL.format(name=name) for name in names))
    library = folder / f"kernels-{len(list(folder.iterdir()))}.so"
    options = ["-std=c++17", "-O1", "-ffp-contract=off", "-shared", "-fPIC", "-w"]
    subprocess.run([str(_GCC), *options, "-o", library, path], check=True)
    return bytes(library)


def load_emulated(code: bytes, names: Sequence[str], device: SimulatedDevice) -> Emulated:
    """Loads what `compile_with_gcc` has returned."""
    return Emulated(ctypes.CDLL(code.decode()), names, device)


class Emulated:
    """Kernels, as `gridgrad_worker.engines.cuda.cuda_engine.Run` has them.

    Args:
        library: has them.
        names: of the kernels.
        device: queued on.
    """

    def __init__(self, library: ctypes.CDLL, names: Sequence[str], device: SimulatedDevice) -> None:
        self._functions = [getattr(library, f"run_{name}") for name in names]
        self._device = device

    def __call__(self, kernel: int, blocks: int, tensors: Sequence[Tensor], spans: int) -> None:
        def task() -> None:
            table, *others = [ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors]
            self._functions[kernel](ctypes.c_longlong(blocks), table, ctypes.c_longlong(spans), *others)

        self._device.computing.queue(task)
