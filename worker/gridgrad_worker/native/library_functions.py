"""The values of functions that the library of special functions computes, on torch tensors.

They are operations of torch's own kind, so that they are seen where a function is taken down. Where the library can't
be compiled scipy's functions are called, if it is there. Of a GPU's tensors the processor computes them.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gridgrad_core.errors import RequestError
from gridgrad_core.lang.library.library_table import LIBRARY
from gridgrad_worker.native.errors import CannotCompileError, MomentaryTroubleError
from gridgrad_worker.native.special_library import library_files

__all__ = ["OPERATIONS", "VALUES"]

_ARGUMENTS = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int)
"""Where arguments lie, and their steps; where to; how many, by how many threads."""


def _computed(name: str, *arguments: Tensor | int) -> Tensor:
    """A function at all points, in the dtype of its arguments and on their device."""
    tensors = [each for each in arguments if isinstance(each, Tensor)]
    orders = [torch.tensor(float(each), dtype=torch.float64) for each in arguments if isinstance(each, int)]
    shape = np.broadcast_shapes(*[each.shape for each in tensors])
    numbers = [each.to("cpu", torch.float64).expand(shape) for each in (*orders, *tensors)]
    library = _library()
    found = _by_scipy(name, numbers, library) if isinstance(library, str) else _by(library, name, numbers)
    return found.to(tensors[0].device, tensors[0].dtype)


def _by(library: ctypes.CDLL, name: str, numbers: Sequence[Tensor]) -> Tensor:
    to = torch.empty(numbers[0].shape, dtype=torch.float64)
    function = getattr(library, name)
    function.argtypes, function.restype = _ARGUMENTS, None
    stepped = [_stepped(each) for each in numbers]
    places = (ctypes.c_void_p * len(stepped))(*[each.data_ptr() for each, _ in stepped])
    steps = (ctypes.c_int64 * len(stepped))(*[step for _, step in stepped])
    function(places, steps, to.data_ptr(), to.numel(), torch.get_num_threads())
    return to


def _stepped(x: Tensor) -> tuple[Tensor, int]:
    """Numbers that lie one after the other; or, where all are one, that and no step."""
    one = all(step == 0 or length == 1 for step, length in zip(x.stride(), x.shape, strict=True))
    return (x, 0) if one else (x.contiguous(), 1)


def _by_scipy(name: str, numbers: Sequence[Tensor], why: str) -> Tensor:
    scipy_name, part = LIBRARY[name].scipy_name, LIBRARY[name].part
    found = f"{name}, which a library computes that can't be compiled here: {why}"
    if not scipy_name:
        raise RequestError("function", found, "scipy, which stands in for others, has no such function")
    try:
        from scipy import special
    except ImportError:
        raise RequestError("function", found, "or pip install scipy where the worker runs") from None
    with np.errstate(all="ignore"):
        given = [each.numpy() for each in numbers]
        orders = [each.astype(np.int64) for each in given[: LIBRARY[name].integers]]
        values = getattr(special, scipy_name)(*orders, *given[len(orders) :])
    return torch.from_numpy(np.asarray(values if part is None else values[part], np.float64))


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


OPERATIONS: Any = torch.library.Library("gridgrad", "DEF")  # type: ignore[no-untyped-call] # torch's has no types
"""The functions as operations of torch: `torch.ops.gridgrad.jn(2, x)`."""

for _name, _function in LIBRARY.items():
    _parameters = [f"int n{place}" for place in range(_function.integers)]
    _parameters += [f"Tensor x{place}" for place in range(_function.numbers)]
    OPERATIONS.define(f"{_name}({', '.join(_parameters)}) -> Tensor")
    OPERATIONS.impl(_name, functools.partial(_computed, _name), "CompositeExplicitAutograd")

_ops: Any = torch.ops.gridgrad

VALUES: dict[str, Callable[..., Tensor]] = {
    **{name: getattr(_ops, name) for name in LIBRARY},
    "j0": lambda x: _ops.jn(0, x),
    "j1": lambda x: _ops.jn(1, x),
    "y0": lambda x: _ops.yn(0, x),
    "y1": lambda x: _ops.yn(1, x),
    "k0": lambda x: _ops.kn(0, x),
    "k1": lambda x: _ops.kn(1, x),
}
"""The value of each function, by name: of tensors of one dtype, integer parameters as ints."""
