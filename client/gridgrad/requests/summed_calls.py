"""Calls that sum over the same arrays as an earlier one: what these come to is kept, by their numbers too.

A text that sums over arrays is looked up with them: they are among the tables of the call, and are seen in its results.
So what a `TemplateCache` does for calls that have inputs alone, this does for them.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np

from gridgrad.arguments.coefficients import Stacks
from gridgrad.arguments.inputs import Input
from gridgrad.arguments.lookup_table import GivenTable
from gridgrad.requests.encode import decode_input
from gridgrad.requests.lowering import Shown
from gridgrad.requests.request import Request
from gridgrad.requests.template_cache import RequestTemplate, key_beside_coefficients
from gridgrad_core.bounded_dict import BoundedDict

__all__ = ["SummedCall", "SummedCalls"]

_KEPT = 64
_MOST_BYTES = 1 << 15
"""Of all arrays of a call: more takes as long to compare as to read."""


class SummedCall(NamedTuple):
    """What calls share that sum over the same arrays.

    Args:
        template: of the calls.
        arrays: these, as results show them.
        stacks: the derivatives as the caller asked for them.
        summed: the arrays as they are sent.
    """

    template: RequestTemplate
    arrays: tuple[Input, ...]
    stacks: Stacks
    summed: tuple[GivenTable, ...]

    def shown(self, numbers: tuple[bytes, ...]) -> Shown:
        """What the caller sees of a call with these numbers of its inputs."""
        return Shown((*map(decode_input, self.template.inputs, numbers), *self.arrays), self.stacks)


class SummedCalls:
    """The calls of texts with arrays that came last."""

    def __init__(self) -> None:
        self._kept: BoundedDict[Hashable, SummedCall] = BoundedDict(_KEPT)

    def get(self, request: Request) -> SummedCall | None:
        """What an earlier request with such arguments and such arrays came to; None for the first."""
        key = _key_of(request)
        return None if key is None else self._kept.get(key)

    def keep(self, request: Request, template: RequestTemplate, lowered: Shown, summed: tuple[GivenTable, ...]) -> None:
        """Keeps what a request came to, if all its arrays are summed over and its inputs are sent as they are given.

        Args:
            request: the request.
            template: of it.
            lowered: what the caller sees of it.
            summed: the arrays over which it sums.
        """
        key, count = _key_of(request), len(template.inputs)
        sent = tuple([spec.name for spec, _ in template.inputs])
        are_whole = {each.name for each in summed} == {*(request.coefficients or ())}
        if key is not None and are_whole and sent == tuple([each.name for each in lowered.inputs[:count]]):
            self._kept[key] = SummedCall(template, lowered.inputs[count:], lowered.stacks, summed)


def _key_of(request: Request) -> Hashable:
    """The arguments and the arrays as they are now; None where they could mean something else at another time."""
    given = request.coefficients
    if type(given) is not dict or type(request.function) is not str:
        return None
    arrays = [(name, each.dtype.str, each.shape, each) for name, each in given.items() if type(each) is np.ndarray]
    if len(arrays) < len(given) or sum(each.nbytes for *_, each in arrays) > _MOST_BYTES:
        return None
    key = key_beside_coefficients(request)
    return None if key is None else (key, *((*kind, each.tobytes()) for *kind, each in arrays))
