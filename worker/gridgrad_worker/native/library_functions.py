"""The values of functions that the library of special functions computes, on torch tensors.

They are operations of torch's own kind, so that they are seen where a function is taken down. Where the library can't
be compiled scipy's functions are called, if it is there. Of a GPU's tensors the processor computes them.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gridgrad_core.errors import RequestError
from gridgrad_worker.native.errors import CannotCompileError, MomentaryTroubleError
from gridgrad_worker.native.special_library import library_files

__all__ = ["OPERATIONS", "VALUES"]

_ARRAY = (ctypes.c_void_p, ctypes.c_int64)
_ARGUMENTS = (*_ARRAY, *_ARRAY, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int)
"""Of two arrays the numbers and the step; where to; how many, by how many threads."""


def _computed(name: str, scipy_name: str, x: Tensor, y: Tensor) -> Tensor:
    """A function of two numbers at all points, in the dtype of the second and on its device.

    Args:
        name: of the function in the library.
        scipy_name: by which scipy has it.
        x, y: its arguments.
    """
    shape = np.broadcast_shapes(x.shape, y.shape)
    numbers = [each.expand(shape).to("cpu", torch.float64) for each in (x, y)]
    library = _library()
    found = _by_scipy(name, scipy_name, numbers, library) if isinstance(library, str) else _by(library, name, *numbers)
    return found.to(y.device, y.dtype)


def _by(library: ctypes.CDLL, name: str, x: Tensor, y: Tensor) -> Tensor:
    to = torch.empty(x.shape, dtype=torch.float64)
    function = getattr(library, name)
    function.argtypes, function.restype = _ARGUMENTS, None
    (x, x_step), (y, y_step) = _stepped(x), _stepped(y)
    function(x.data_ptr(), x_step, y.data_ptr(), y_step, to.data_ptr(), to.numel(), torch.get_num_threads())
    return to


def _stepped(x: Tensor) -> tuple[Tensor, int]:
    """Numbers that lie one after the other; or, where all are one, that and no step."""
    one = all(step == 0 or length == 1 for step, length in zip(x.stride(), x.shape, strict=True))
    return (x, 0) if one else (x.contiguous(), 1)


def _by_scipy(name: str, scipy_name: str, numbers: list[Tensor], why: str) -> Tensor:
    try:
        from scipy import special
    except ImportError:
        found = f"{name}, which a library computes that can't be compiled here: {why}"
        raise RequestError("function", found, "or pip install scipy where the worker runs") from None
    with np.errstate(all="ignore"):
        found_here = getattr(special, scipy_name)(*[each.numpy() for each in numbers])
    return torch.from_numpy(np.asarray(found_here, np.float64))


def _library() -> ctypes.CDLL | str:
    """The library, or why there is none."""
    try:
        return _loaded_or_refused()
    except (MomentaryTroubleError, OSError) as error:
        return str(error)


@functools.cache
def _loaded_or_refused() -> ctypes.CDLL | str:
    try:
        with library_files() as files:
            return ctypes.CDLL(str(files.shared))
    except MomentaryTroubleError:
        raise
    except CannotCompileError as error:
        return str(error)


def _of_order(name: str, scipy_name: str) -> Callable[[int, Tensor], Tensor]:
    """A function of an order, a constant integer, and a number."""

    def computed(n: int, x: Tensor) -> Tensor:
        return _computed(name, scipy_name, torch.tensor(float(n), dtype=torch.float64), x)

    return computed


OPERATIONS: Any = torch.library.Library("gridgrad", "DEF")  # type: ignore[no-untyped-call] # torch's has no types
"""The functions as operations of torch: `torch.ops.gridgrad.jn(2, x)`."""

for _name, _scipy_name in {"jn": "jv"}.items():
    OPERATIONS.define(f"{_name}(int n, Tensor x) -> Tensor")
    OPERATIONS.impl(_name, _of_order(_name, _scipy_name), "CompositeExplicitAutograd")

_ops: Any = torch.ops.gridgrad

VALUES: dict[str, Callable[..., Tensor]] = {
    "j0": lambda x: _ops.jn(0, x),
    "j1": lambda x: _ops.jn(1, x),
    "jn": lambda n, x: _ops.jn(n, x),
}
"""The value of each function, by name: of tensors of one dtype, integer parameters as ints."""
