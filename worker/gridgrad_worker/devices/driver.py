"""The calls of CUDA's driver that torch has no words for: memory of others pinned, kernels loaded and launched.

They act in the context that torch has made current in this thread. The driver is asked and not the
runtime library: what fails there is remembered and blamed on the next kernel that torch launches.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import weakref
from collections.abc import Sequence

import torch

__all__ = ["DriverError", "Kernel", "LostError", "launch", "load", "pin", "unpin"]

_NOT_LOST = frozenset({1, 3, 100, 101, 200, 201, 209, 218, 222, 300, 301, 500, 701, 712, 713, 801})
"""Errors that leave the context as it was: wrong arguments, code for another GPU, nothing found,
too many resources for a launch, memory that is registered or is not, what is not supported."""


_OUT_OF_MEMORY = 2


class DriverError(RuntimeError):
    """A call failed, and the device goes on."""


class LostError(RuntimeError):
    """The device answers nothing any more until the process is started anew."""


class _Module:
    """What kernels are loaded from; unloaded when the last of them is gone, which has ended by then."""

    def __init__(self, code: bytes) -> None:
        self.handle = ctypes.c_void_p()
        _call("cuModuleLoadData", ctypes.byref(self.handle), ctypes.c_char_p(code))
        weakref.finalize(self, _unload, self.handle).atexit = False


class Kernel:
    """A kernel that is loaded.

    Args:
        module: what it is from.
        name: of the kernel.
    """

    def __init__(self, module: _Module, name: str) -> None:
        self.function = ctypes.c_void_p()
        _call("cuModuleGetFunction", ctypes.byref(self.function), module.handle, ctypes.c_char_p(name.encode()))
        self._module = module


def pin(address: int, size: int) -> None:
    """Locks memory of the host in place, so that copies to it run by themselves.

    Raises:
        DriverError: the system does not allow it.
        OSError: there is no driver.
    """
    _call("cuMemHostRegister_v2", ctypes.c_void_p(address), ctypes.c_size_t(size), ctypes.c_uint(0))


def unpin(address: int) -> None:
    """Ends `pin`.

    Raises:
        DriverError: it is not pinned.
    """
    _call("cuMemHostUnregister", ctypes.c_void_p(address))


def load(code: bytes, names: Sequence[str]) -> list[Kernel]:
    """Loads kernels.

    Args:
        code: a cubin, or PTX with a zero at its end.
        names: of the kernels.

    Raises:
        DriverError: it does not suit this GPU, or has no such kernels.
    """
    module = _Module(code)
    return [Kernel(module, name) for name in names]


def launch(kernel: Kernel, blocks: int, threads: int, arguments: Sequence[ctypes.c_void_p | ctypes.c_longlong]) -> None:
    """Queues a kernel on torch's current stream.

    Args:
        kernel: what to run.
        blocks: how many, in one dim.
        threads: of each block.
        arguments: pointers and 64-bit numbers.

    Raises:
        DriverError: it can't be launched.
        LostError: what was launched before has failed.
    """
    places = (ctypes.c_void_p * len(arguments))(*(ctypes.addressof(argument) for argument in arguments))
    stream = ctypes.c_void_p(_stream())
    shape = [ctypes.c_uint(n) for n in (blocks, 1, 1, threads, 1, 1, 0)]
    _call("cuLaunchKernel", kernel.function, *shape, stream, places, None)


def _unload(module: ctypes.c_void_p) -> None:
    with contextlib.suppress(DriverError, LostError, OSError):  # where all is lost, this is too
        _call("cuModuleUnload", module)


def _stream() -> int:
    return torch.cuda.current_stream().cuda_stream


@functools.cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL("libcuda.so.1")


def _call(name: str, *arguments: object) -> None:
    status = getattr(_library(), name)(*arguments)
    if status:
        text = ctypes.c_char_p()
        _library().cuGetErrorString(status, ctypes.byref(text))
        found = f"{name}: error {status}, {(text.value or b'unknown').decode()}"
        if status == _OUT_OF_MEMORY:
            raise MemoryError(found)
        raise (DriverError if status in _NOT_LOST else LostError)(found)
