"""Calls of registered functions: inputs by name, defaults filled in, results checked."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gridgrad_core.errors import RequestError
from gridgrad_worker.engines.functional.partials import PointFunction
from gridgrad_worker.registered.exact_operations import ExactOperations
from gridgrad_worker.registered.registration import RegisteredInput, Registration

__all__ = ["bind", "conform"]


def bind(registered: Registration, names: Sequence[str], dtype: torch.dtype, device: torch.device) -> PointFunction:
    """The function as one of the inputs that a request gives.

    Args:
        registered: the function.
        names: the inputs given, in order. What it has no input for is ignored: an axis that only broadcasts.
        dtype: of the inputs, and asked of the results.
        device: where the defaults are put.

    Raises:
        RequestError: an input without a default is not given; or, when called, the result is not as it must be.
    """
    sources: dict[RegisteredInput, int | Tensor] = {}
    for each in registered.inputs:
        if each.name in names:
            sources[each] = names.index(each.name)
        elif each.default is not None:
            sources[each] = torch.tensor(each.default, dtype=dtype, device=device)
        else:
            remedy = f"give the inputs {', '.join(i.name for i in registered.inputs if i.default is None)}"
            raise RequestError("inputs", f"{registered.name!r} without its input {each.name!r}", remedy)

    def at_point(*arguments: Tensor) -> tuple[Tensor, ...]:
        given = {each: arguments[s] if isinstance(s, int) else s for each, s in sources.items()}
        by_keyword = {each.name: value for each, value in given.items() if each.is_keyword}
        with ExactOperations():
            result = registered.function(*(v for each, v in given.items() if not each.is_keyword), **by_keyword)
        return conform(registered, result, dtype)

    return at_point


def conform(registered: Registration, result: object, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """The result as a tuple of components.

    Raises:
        RequestError: it is not one tensor of no dims and of `dtype` for each component.
    """
    outputs = result if registered.tuple_valued else (result,)
    count = len(registered.components)
    if not isinstance(outputs, tuple | list) or len(outputs) != count:
        raise _wrong(registered, result, f"return a tuple of {count} tensors, one for each of its outputs=")
    for output in outputs:
        if not isinstance(output, Tensor):
            raise _wrong(registered, output, "return tensors, such as torch.zeros_like(x) for a constant 0")
        if output.dim():
            raise _wrong(registered, output, "return tensors of no dims; it is called for one point at a time")
        if output.dtype != dtype:
            raise _wrong(registered, output, f"return {dtype}, as its inputs are: make constants with dtype=x.dtype")
    return tuple(outputs)


def _wrong(registered: Registration, got: object, remedy: str) -> RequestError:
    return RequestError("function.registered", f"{registered.name!r} returned {_describe(got)}", remedy)


def _describe(got: object) -> str:
    if isinstance(got, Tensor):
        return f"a tensor of shape {tuple(got.shape)} and {got.dtype}"
    if isinstance(got, tuple | list):
        return f"a {type(got).__name__} of {len(got)}"
    return f"{type(got).__name__} {got!r:.40}"
