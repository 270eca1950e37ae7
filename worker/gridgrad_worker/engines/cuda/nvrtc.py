"""Compiles kernels with NVRTC, the compiler that torch brings along; needs neither a GPU nor CUDA's toolkit.

`torch.cuda._compile_kernel` does nearly this, but it is private, wants the toolkit's headers, and passes all
numbers as 32-bit ones.
"""

from __future__ import annotations

import ctypes
import functools
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import torch

from gridgrad_worker.native.errors import CannotCompileError, NothingToCompileWithError

__all__ = ["compile_kernels"]

_OPTIONS = ("--std=c++17", "--fmad=false", "--disable-warnings")
"""Products and sums are rounded each, as in the direct tier: else x*y - y*x would not be 0."""


def compile_kernels(text: str, architecture: str) -> bytes:
    """Compiles CUDA to a cubin. Takes from tenths of a second up, without holding up other threads.

    Args:
        text: the code.
        architecture: such as "sm_90".

    Raises:
        CannotCompileError: the compiler refuses it.
        NothingToCompileWithError: there is no NVRTC.
    """
    library = _library()
    program = ctypes.c_void_p()
    _check(library.nvrtcCreateProgram(ctypes.byref(program), text.encode(), b"kernels.cu", 0, None, None))
    try:
        options = [option.encode() for option in (*_OPTIONS, f"--gpu-architecture={architecture}")]
        status = library.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
        if status:
            raise CannotCompileError(
                _taken(library.nvrtcGetProgramLogSize, library.nvrtcGetProgramLog, program).decode()
            )
        return _taken(library.nvrtcGetCUBINSize, library.nvrtcGetCUBIN, program)
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))


def _taken(size_of: ctypes._NamedFuncPointer, take: ctypes._NamedFuncPointer, program: ctypes.c_void_p) -> bytes:
    size = ctypes.c_size_t()
    _check(size_of(program, ctypes.byref(size)))
    memory = ctypes.create_string_buffer(size.value)
    _check(take(program, memory))
    return memory.raw


def _check(status: int) -> None:
    if status:
        _library().nvrtcGetErrorString.restype = ctypes.c_char_p
        raise CannotCompileError(f"NVRTC: {_library().nvrtcGetErrorString(status).decode()}")


@functools.cache
def _library() -> ctypes.CDLL:
    failures = []
    for name in _names():
        try:
            return ctypes.CDLL(name)
        except OSError as error:
            failures.append(str(error))
    raise NothingToCompileWithError(
        f"there is no NVRTC, which torch for CUDA {torch.version.cuda} should bring: {failures[0]}"
    )


def _names() -> Iterator[str]:
    """Where it may be: known to the loader, in one of NVIDIA's packages, or in torch itself."""
    major = (torch.version.cuda or "13").split(".")[0]
    yield f"libnvrtc.so.{major}"
    packages = Path(sysconfig.get_path("platlib"))
    for place in (packages / "nvidia", Path(torch.__file__).parent):
        yield from sorted(map(str, place.glob(f"**/libnvrtc[.-]*so.{major}*")))
