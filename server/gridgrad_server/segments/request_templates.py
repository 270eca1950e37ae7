"""Templates of requests: of a grid, and of what is made of one, where need be in segments that are computed before."""

from __future__ import annotations

from gridgrad_core.grid import InputSpec
from gridgrad_core.reduction import blocks_of
from gridgrad_server.reductions.reduction import STATES_DIMS, Reduction
from gridgrad_server.requests.decoded import DecodedArray, DecodedInput, DecodedRequest
from gridgrad_server.requests.function_key import FunctionKey, FunctionKeys
from gridgrad_server.requests.request_cache import ServerTemplate
from gridgrad_server.requests.result_layout import RequestLayout

__all__ = ["template_of"]


def template_of(
    decoded: DecodedRequest,
    function: FunctionKey,
    functions: FunctionKeys,
    caller: str,
    tile_cost: int,
    keeps_arrays: bool = False,
) -> ServerTemplate:
    """The template of a request.

    Args:
        decoded: the request.
        function: of it.
        functions: have the keys of its stages.
        caller: whose it is.
        tile_cost: the usual cost of a tile: one result of more is made in segments of less.
        keeps_arrays: whether all are kept that it names.
    """
    arrays = decoded.arrays.digests, keeps_arrays
    reduction = decoded.function.reduction
    if reduction is None:
        layout = RequestLayout(function, decoded.grid.shape, decoded.inputs, decoded.grids)
        return ServerTemplate(function, layout, decoded.tier, *arrays, units=decoded.units)
    lengths = dict(zip(decoded.grid.dims, decoded.grid.shape, strict=True))
    blocks = blocks_of([lengths[dim] for dim in reduction.dims])
    blocks_in_tile = max(1, tile_cost // (function.computed_planes * max(1, blocks.largest)))
    if blocks.total <= blocks_in_tile or decoded.grids > 1:
        shape = _lengths_left(reduction, decoded)
        layout = RequestLayout(function, shape, decoded.inputs, decoded.grids, max(1, blocks.points))
        return ServerTemplate(function, layout, decoded.tier, *arrays, units=decoded.units)
    segment_blocks = 1 << (blocks_in_tile.bit_length() - 1)
    partial = functions.staged(function, "partial", segment_blocks, caller)
    before = _of_segments(decoded, partial, blocks.segments(segment_blocks), segment_blocks * blocks.largest)
    combined = functions.staged(function, "combined", 0, caller)
    layout = _combining(decoded, combined, before.layout, partial.planes)
    return ServerTemplate(combined, layout, "", *arrays, before, decoded.units)


def _of_segments(decoded: DecodedRequest, partial: FunctionKey, segments: int, segment_points: int) -> ServerTemplate:
    """The template of what is computed before: what is kept of segments."""
    reduction = decoded.function.reduction
    assert reduction, "something is made of its grid"  # noqa: S101 - narrows the type
    shape = segments, *_lengths_left(reduction, decoded)
    layout = RequestLayout(partial, shape, decoded.inputs, 1, segment_points)
    return ServerTemplate(partial, layout, decoded.tier, decoded.arrays.digests)


def _combining(decoded: DecodedRequest, combined: FunctionKey, segments: RequestLayout, planes: int) -> RequestLayout:
    """The layout of what is put together of what is kept of segments, so many numbers of each."""
    reduction = decoded.function.reduction
    assert reduction, "something is made of its grid"  # noqa: S101 - narrows the type
    dims = (*STATES_DIMS, *reduction.left(decoded.grid.dims))
    states = InputSpec(STATES_DIMS[0], dims, (planes, *segments.shape))
    inputs = [DecodedInput(states, DecodedArray("float64", b""))]
    return RequestLayout(combined, segments.shape[1:], inputs, 1, segments.shape[0])


def _lengths_left(reduction: Reduction, decoded: DecodedRequest) -> tuple[int, ...]:
    """The lengths of the dims that stay."""
    lengths = zip(decoded.grid.dims, decoded.grid.shape, strict=True)
    return tuple(length for dim, length in lengths if dim not in reduction.dims)
