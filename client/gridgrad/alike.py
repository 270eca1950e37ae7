"""Recognises a request that differs from one before only in numbers, so that most of the work on it is done already.

Safe for threads: what one overwrites of another is found out again.
"""

from __future__ import annotations

import struct
from collections.abc import Hashable, Sequence
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from gridgrad.grid import InputSpec
from gridgrad.inputs import FLOAT64, Inputs

if TYPE_CHECKING:
    from gridgrad.calls import Request

__all__ = ["Recent", "has_plain_inputs", "key_of", "numbers_alike"]

Kinds = Sequence[tuple[InputSpec, "np.dtype[Any] | None"]]
T = TypeVar("T")

_NUMBER = struct.Struct("<d")
_ORDERS = (NoneType, int)  # True and 1.0 would be equal to 1, and are not the same
_DTYPES = (str, type, np.dtype)


class Recent(Generic[T]):
    """Some of what was found out, by key.

    Args:
        kept: how many at most.
    """

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._found: dict[Hashable, T] = {}

    def get(self, key: Hashable) -> T | None:
        """What was kept under a key, if anything."""
        return self._found.get(key)

    def keep(self, key: Hashable, found: T) -> None:
        """Keeps it, if there is a key."""
        if key is not None:
            if len(self._found) >= self._kept:
                self._found.clear()
            self._found[key] = found


def key_of(request: Request) -> Hashable:
    """All of a request but its inputs, where that means the same whenever it is seen; else None."""
    function, order, dtype = request.function, request.order, request.dtype
    tier: object = request.tier
    if request.coefficients or type(function) is not str or type(tier) is not str:
        return None
    if type(order) not in _ORDERS or not (dtype is None or isinstance(dtype, _DTYPES)):
        return None
    if request.wrt is None is request.derivatives:
        return function, order, dtype, tier
    try:
        return function, order, dtype, tier, _named(request.wrt), _named(request.derivatives)
    except TypeError:
        return None


def _named(given: object) -> Hashable:
    """Names as they are now; lists and tuples are told apart, since `derivatives` tells them apart."""
    if given is None or type(given) is str:
        return given
    if type(given) is list or type(given) is tuple:
        return type(given), *map(_named, given)
    raise TypeError


def has_plain_inputs(kinds: Kinds) -> bool:
    """Whether all inputs are arrays of one dim, their own, or numbers."""
    return all(dtype and spec.dims in ((), (spec.name,)) for spec, dtype in kinds)


def numbers_alike(inputs: Inputs, kinds: Kinds) -> tuple[bytes, ...] | None:
    """The numbers of inputs as they are sent; None where the inputs are not plainly of these kinds.

    Args:
        inputs: what the caller gave.
        kinds: plain ones.
    """
    if type(inputs) is not dict or len(inputs) != len(kinds):
        return None
    numbers = []
    for (name, value), ((known, _, shape), dtype) in zip(inputs.items(), kinds, strict=True):
        if name != known:
            return None
        if type(value) is np.ndarray:
            if value.shape != shape or value.dtype != dtype:
                return None
            numbers.append(value.tobytes())
        elif isinstance(value, float) and dtype == FLOAT64 and not shape:
            numbers.append(_NUMBER.pack(value))
        else:
            return None
    return tuple(numbers)
