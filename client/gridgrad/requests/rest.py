"""The rest of a large grid, when what had come of it stays: a call like the first whose grid begins later.

The grid is cut along its first dim, where what is left is contiguous. Within a tier its points have the bits that they
would have had in the whole grid: a linspace travels as its values. In the direct tier they may differ by a rounding
where few points are left: sums are separated there only where a request has enough points for that.
"""

from __future__ import annotations

import dataclasses

from gridgrad.arguments.inputs import Input
from gridgrad.arguments.linspace import Linspace
from gridgrad.requests.encode import encode_numbers, input_head, kind_of, narrowed
from gridgrad.requests.prepare import PreparedCall
from gridgrad_core.grid import Grid
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.enums import TIERS

__all__ = ["rest_of"]

_MOST_BYTES = 16 << 20
"""What a linspace may take as values."""


def rest_of(call: PreparedCall, first: int, tier: str | None = None) -> PreparedCall | None:
    """The call for a grid without its first part; None where that can't be sent.

    Args:
        call: for the whole.
        first: the index along the first dim at which the rest begins.
        tier: that the first part was computed in; empty for an engine without tiers, None for that of the call.
    """
    template = call.template
    inputs = [_from(each, template.grid.dims[0], first) for each in call.inputs]
    sent = tuple([narrowed(each, template.dtype) for each in inputs])
    numbers = tuple(map(encode_numbers, sent))
    if sum(map(len, numbers)) > max(_MOST_BYTES, template.input_bytes):
        return None
    head = pb.GridGradientRequest.FromString(template.head)
    if tier is not None:
        head.tier = TIERS[tier or "auto"]
    kinds = tuple(map(kind_of, sent))
    rest = dataclasses.replace(
        template,
        head=head.SerializeToString(),
        inputs=kinds,
        input_heads=tuple(map(input_head, kinds)),
        grid=Grid(template.grid.dims, (template.grid.shape[0] - first, *template.grid.shape[1:])),
        response=None,
    )
    return call._replace(template=rest, numbers=numbers, input_digests={})


def _from(given: Input, dim: str, first: int) -> Input:
    """An input without its numbers before an index of a dim."""
    if dim not in given.dims:
        return given
    values = given.values.values() if isinstance(given.values, Linspace) else given.values
    return Input(given.name, given.dims, values[(slice(None),) * given.dims.index(dim) + (slice(first, None),)])
