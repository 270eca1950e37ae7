"""The request template: what requests share that differ in numbers alone.

A caller in a loop changes numbers, seldom shapes, hardly ever the function. So all that costs time in a request but
its numbers is worked out once, into a `RequestTemplate`, and found again in two ways:

* `TemplateCache` recognises the next request by what the caller gave, before anything of it is read: the arguments
  but for the inputs are the key, and `plain_numbers` compares the inputs with those of the template.
* `template_of` is the cache behind it, by what was read: requests spelled in other ways share a template too.

The template also remembers what answers to it look like (`protocol.response_cache`), and requests that have the same
one travel together on a stream (`protocol.in_flight`).

Safe for threads: what one overwrites of another is found out again.
"""

from __future__ import annotations

import functools
import operator
import struct
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

import numpy as np

from gridgrad.arguments import derivatives as selecting
from gridgrad.arguments.derivatives import DerivativeSelection
from gridgrad.arguments.inputs import FLOAT32, FLOAT64, Inputs
from gridgrad.requests.encode import InputKind, input_head
from gridgrad.requests.reduction import GridReduction
from gridgrad.requests.request import FunctionIdentity, Registered, Request
from gridgrad_core.bounded_dict import BoundedDict
from gridgrad_core.errors import TooLargeError
from gridgrad_core.grid import Derivative, Grid, grid_of, in_step_remedy
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.features import IGNORE_UNUSED

__all__ = ["RequestTemplate", "TemplateCache", "key_beside_coefficients", "plain_numbers", "template_of"]

TEMPLATES_KEPT = 512

MOST_POINTS = 1 << 50
"""Points that take weeks to compute and 8 PiB to hold, in one plane."""

_NUMBER = struct.Struct("<d")
_ORDERS = (NoneType, int)  # an order of 1.0 would find the template of 1, and is to be refused
_FUNCTIONS = (str, Registered)  # what never means anything else
_PLAIN = (*_FUNCTIONS, int, type, np.dtype)
_arguments = operator.attrgetter("function", "order", "dtype", "tier", "unused", "coefficients", "weights",
                                 "reduce", "wrt", "derivatives")  # fmt: skip


@dataclass(slots=True, eq=False)
class RequestTemplate:
    """What requests share that differ in numbers alone.

    Args:
        function: the kind and text of the function.
        head: the serialized request without its inputs.
        derivatives: the partials in the order in which they are asked for.
        inputs: what the inputs are but for their numbers.
        input_heads: what stands before the numbers of each.
        grid: the grid of the result: what the inputs span, or the dims that stay.
        input_bytes: how large the arrays among the inputs are.
        component_bytes: how large the result is if the function has one component.
        dtype: computed in.
        features: that a server has to have for it.
        varying: the positions of the inputs whose numbers differ; None for all arrays.
        reduction: what is made of what the inputs span; None for a grid.
        response: the ResponseTemplate of the latest answer, which the next is likely to have; `protocol` keeps it here.
    """

    function: FunctionIdentity
    head: bytes
    derivatives: tuple[Derivative, ...]
    inputs: tuple[InputKind, ...]
    input_heads: tuple[bytes, ...]
    grid: Grid
    input_bytes: int
    component_bytes: int
    dtype: np.dtype[Any]
    features: tuple[str, ...] = ()
    varying: tuple[int, ...] | None = None
    reduction: GridReduction | None = None
    response: object = None

    @property
    def result_dtype(self) -> np.dtype[Any]:
        """Of the numbers of the result."""
        return (self.reduction and self.reduction.dtype) or self.dtype

    @property
    def is_plain(self) -> bool:
        """Whether all inputs are numbers, or arrays of one dim, their own."""
        return all(dtype and spec.dims in ((), (spec.name,)) for spec, dtype in self.inputs)


@functools.lru_cache(TEMPLATES_KEPT)
def template_of(
    function: FunctionIdentity,
    inputs: tuple[InputKind, ...],
    selection: DerivativeSelection,
    single: bool,
    tier: pb.Tier,
    features: tuple[str, ...] = (),
    reduction: GridReduction | None = None,
    weighing: frozenset[str] = frozenset(),
) -> RequestTemplate:
    """The template of such requests.

    Args:
        function: the kind and text of the function.
        inputs: what the inputs are but for their numbers.
        selection: the derivatives that the caller selects.
        single: whether it is computed in float32.
        tier: by what it is to be computed.
        features: that a server has to have for them.
        reduction: what is made of the grid; None for the grid itself.
        weighing: inputs that only weights use, by which nothing is derived unless asked for.

    Raises:
        RequestError: the inputs span no grid, or have no such derivatives.
        TooLargeError: they span one that nobody could compute.
    """
    grid = grid_of([spec for spec, _ in inputs])
    _check_points(grid, inputs)
    names = tuple([(spec.name, not spec.dims or spec.name in weighing) for spec, _ in inputs])
    derivatives, head = _head(function, names, selection, single, tier, features, reduction)
    input_bytes = sum(kind.nbytes for kind in inputs)
    dtype = FLOAT32 if single else FLOAT64
    grid = reduction.left(grid) if reduction else grid
    itemsize = ((reduction and reduction.dtype) or dtype).itemsize
    component_bytes = (1 + len(derivatives)) * grid.points * itemsize
    heads = tuple(map(input_head, inputs))
    sizes = input_bytes, component_bytes
    own = function, head, derivatives, inputs, heads, grid, *sizes, dtype
    return RequestTemplate(*own, features, reduction=reduction)


def _check_points(grid: Grid, inputs: Sequence[InputKind]) -> None:
    if grid.points > MOST_POINTS:
        found = f"a grid of {' x '.join(f'{length:,}' for length in grid.shape)} points"
        remedy = in_step_remedy(spec for spec, _ in inputs) or "give shorter axes"
        raise TooLargeError("inputs", found, remedy)


@functools.lru_cache(TEMPLATES_KEPT)
def _head(
    function: FunctionIdentity,
    inputs: tuple[tuple[str, bool], ...],
    selection: DerivativeSelection,
    single: bool,
    tier: pb.Tier,
    features: tuple[str, ...],
    reduction: GridReduction | None,
) -> tuple[tuple[Derivative, ...], bytes]:
    names, scalars = [name for name, _ in inputs], [name for name, is_scalar in inputs if is_scalar]
    derivatives = selecting.resolve(selection, names, scalars)
    text = pb.Function(**{function[0]: function[1]})
    made = reduction.message if reduction else None
    if made:
        made.function.CopyFrom(text)
    message = pb.GridGradientRequest(
        function=None if made else text,
        reduction=made,
        derivatives=[pb.Derivative(wrt=derivative) for derivative in derivatives],
        dtype=pb.DTYPE_FLOAT32 if single else pb.DTYPE_FLOAT64,
        tier=tier,
        ignore_unused=IGNORE_UNUSED in features,
        features=features,
    )
    return derivatives, message.SerializeToString()


class TemplateCache:
    """The templates of recent requests, by the arguments of these but for the inputs.

    Args:
        kept: how many at most.
    """

    def __init__(self, kept: int = TEMPLATES_KEPT) -> None:
        self._found: BoundedDict[Hashable, RequestTemplate] = BoundedDict(kept)

    def get(self, request: Request) -> RequestTemplate | None:
        """The template of the latest request with such arguments; None for the first."""
        if type(request.function) not in _FUNCTIONS or type(request.order) not in _ORDERS:
            return None
        try:
            return self._found.get(_arguments(request))
        except TypeError:  # a list can't be a key
            key = _key_of(request)
            return None if key is None else self._found.get(key)

    def keep(self, request: Request, template: RequestTemplate) -> None:
        """Keeps the template of a request, if its arguments will always mean the same."""
        key = _key_of(request)
        if key is not None:
            self._found[key] = template


def _key_of(request: Request) -> Hashable:
    """The arguments as they are now; None where they could mean something else at another time."""
    return None if request.coefficients else key_beside_coefficients(request)


def key_beside_coefficients(request: Request) -> Hashable:
    """The arguments as they are now, but for the inputs and arrays of coefficients.

    Args:
        request: has them.

    Returns:
        Something that can be a key; None where they could mean something else at another time.
    """
    *plain, coefficients, weights, reduce, wrt, derivatives = _arguments(request)
    plain += [None if coefficients else coefficients, weights]
    if any(each is not None and not isinstance(each, _PLAIN) for each in plain):
        return None
    try:
        return *plain, _frozen_items(reduce), _frozen(wrt), _frozen(derivatives)
    except TypeError:
        return None


def _frozen(names: object) -> Hashable:
    """Names as they are now; a list is marked, since `derivatives` tells it from a tuple."""
    if names is None or type(names) is str:
        return names
    if type(names) is list:
        return list, *map(_frozen, names)
    if type(names) is tuple:
        return tuple(map(_frozen, names))
    raise TypeError


def _frozen_items(reduce: object) -> Hashable:
    """What a mapping of texts is now; it is marked, since nothing else means the same."""
    return (dict, *map(_frozen, reduce.items())) if type(reduce) is dict else _frozen(reduce)


def plain_numbers(inputs: Inputs, kinds: Sequence[InputKind]) -> tuple[bytes, ...] | None:
    """The numbers of inputs as they are sent; None where the inputs are not plainly of these kinds.

    Args:
        inputs: what the caller gave.
        kinds: those of a template that is plain.
    """
    if type(inputs) is not dict or len(inputs) != len(kinds):
        return None
    numbers = []
    for (name, value), ((known, _, shape), dtype) in zip(inputs.items(), kinds, strict=True):
        if name != known:
            return None
        if type(value) is np.ndarray:
            if value.shape != shape or (value.dtype is not dtype and value.dtype != dtype):
                return None
            numbers.append(value.tobytes())
        elif isinstance(value, float) and dtype == FLOAT64 and not shape:
            numbers.append(_NUMBER.pack(value))
        else:
            return None
    return tuple(numbers)
