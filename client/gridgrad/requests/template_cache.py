"""Recognises a request that differs from one before only in numbers, so that most of the work on it is done already.

Safe for threads: what one overwrites of another is found out again.
"""

from __future__ import annotations

import operator
import struct
from collections.abc import Hashable, Sequence
from types import NoneType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from gridgrad.arguments.inputs import FLOAT64, Inputs
from gridgrad_core.grid import InputSpec

if TYPE_CHECKING:
    from gridgrad.requests.prepare import Request

__all__ = ["Recent", "has_plain_inputs", "numbers_alike"]

Kinds = Sequence[tuple[InputSpec, "np.dtype[Any] | None"]]
T = TypeVar("T")

_NUMBER = struct.Struct("<d")
_ORDERS = (NoneType, int)  # 1.0 is equal to 1, and is none
_PLAIN = (str, int, type, np.dtype)
_said = operator.attrgetter("function", "order", "dtype", "tier", "coefficients", "wrt", "derivatives")


class Recent(Generic[T]):
    """Some of what was found out, by what was asked.

    Args:
        kept: how many at most.
    """

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._found: dict[Hashable, T] = {}

    def get(self, request: Request) -> T | None:
        """What was found out for such a request, inputs aside; None for the first."""
        if type(request.function) is not str or type(request.order) not in _ORDERS:
            return None
        try:
            return self._found.get(_said(request))
        except TypeError:  # something can't be a key
            key = _key_of(request)
            return None if key is None else self._found.get(key)

    def keep(self, request: Request, found: T) -> None:
        """Keeps what was found out, if it will be true whenever the same is asked."""
        key = _key_of(request)
        if key is not None:
            if len(self._found) >= self._kept:
                self._found.clear()
            self._found[key] = found


def _key_of(request: Request) -> Hashable:
    """What is asked, as it is now and means the same later; None where there may be more to it than names."""
    *said, wrt, derivatives = _said(request)
    if any(each is not None and not isinstance(each, _PLAIN) for each in said) or request.coefficients:
        return None
    try:
        return *said, _named(wrt), _named(derivatives)
    except TypeError:
        return None


def _named(given: object) -> Hashable:
    """Names as they are now; a list is marked, since `derivatives` tells it from a tuple."""
    if given is None or type(given) is str:
        return given
    if type(given) is list:
        return list, *map(_named, given)
    if type(given) is tuple:
        return tuple(map(_named, given))
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
