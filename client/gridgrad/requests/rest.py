"""The rest of a large grid, when what had come of it stays: the same request, whose result begins later.

The grid is cut along its first dim, where what is left is contiguous. Within a tier its points have the bits that they
would have had in the whole grid, since the server is told that they are part of it.
"""

from __future__ import annotations

import dataclasses

from gridgrad.requests.prepare import PreparedCall
from gridgrad_core.grid import Grid
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.enums import TIERS
from gridgrad_core.wire.features import RESTS

__all__ = ["rest_of"]


def rest_of(call: PreparedCall, first: int, tier: str | None = None) -> PreparedCall:
    """The call for a grid without its first part.

    Args:
        call: for the whole.
        first: the index along the first dim at which the rest begins.
        tier: that the first part was computed in; empty for an engine without tiers, None for that of the call.
    """
    template = call.template
    head = pb.GridGradientRequest.FromString(template.head)
    head.first_row = first
    head.features.append(RESTS)
    if tier is not None:
        head.tier = TIERS[tier or "auto"]
    rest = dataclasses.replace(
        template,
        head=head.SerializeToString(),
        grid=Grid(template.grid.dims, (template.grid.shape[0] - first, *template.grid.shape[1:])),
        features=(*template.features, RESTS),
        response=None,
    )
    return call._replace(template=rest)
