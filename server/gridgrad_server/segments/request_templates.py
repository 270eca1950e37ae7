"""Templates of requests: of a grid, and of what is made of one, where need be in segments that are computed before."""

from __future__ import annotations

import math

from gridgrad_core.errors import TooLargeError
from gridgrad_core.grid import InputSpec
from gridgrad_core.reduction import PULLBACK_BLOCK_POINTS, blocks_of
from gridgrad_server.reductions.reduction import STATES_DIMS, Reduction
from gridgrad_server.requests.decoded import DecodedArray, DecodedInput, DecodedRequest
from gridgrad_server.requests.function_key import FunctionKey, FunctionKeys
from gridgrad_server.requests.request_cache import ServerTemplate
from gridgrad_server.requests.result_layout import RequestLayout

__all__ = ["template_of"]

_MOST_ELEMENTS = 1 << 22
"""Of a pull-back."""

_MOST_STATES = 1 << 22
"""Numbers of all segments of one together, which stay in the server until the last is computed."""


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
        layout = RequestLayout(function, decoded.grid.shape, decoded.inputs, decoded.grids, first_row=decoded.first_row)
        return ServerTemplate(function, layout, decoded.tier, *arrays, units=decoded.units)
    if reduction.is_pullback:
        return _of_pullback(decoded, function, functions, caller, tile_cost, arrays)
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


def _of_pullback(
    decoded: DecodedRequest,
    function: FunctionKey,
    functions: FunctionKeys,
    caller: str,
    tile_cost: int,
    arrays: tuple[tuple[bytes, ...], bool],
) -> ServerTemplate:
    """The template of a pull-back: a row of numbers, or as many rows as segments and then their sum."""
    elements = _elements(decoded)
    blocks = blocks_of(decoded.grid.shape or (1,), PULLBACK_BLOCK_POINTS)
    blocks_in_tile = max(1, tile_cost // (function.computed_planes * max(1, blocks.largest)))
    blocks_in_tile = max(blocks_in_tile, -(-blocks.total * elements // _MOST_STATES))
    if blocks.total <= blocks_in_tile or decoded.grids > 1:
        cost = max(1, -(-blocks.points // elements))
        layout = RequestLayout(function, (elements,), decoded.inputs, decoded.grids, cost, elements)
        return ServerTemplate(function, layout, decoded.tier, *arrays, units=decoded.units)
    segment_blocks = 1 << (blocks_in_tile - 1).bit_length()
    partial = functions.staged(function, "partial", segment_blocks, caller)
    rows, cost = blocks.segments(segment_blocks), max(1, segment_blocks * blocks.largest // elements)
    layout = RequestLayout(partial, (rows, elements), decoded.inputs, 1, cost, elements)
    before = ServerTemplate(partial, layout, decoded.tier, decoded.arrays.digests)
    combined = functions.staged(function, "combined", 0, caller)
    return ServerTemplate(
        combined, _combining(decoded, combined, layout, partial.planes), "", *arrays, before, decoded.units
    )


def _elements(decoded: DecodedRequest) -> int:
    """How many numbers a pull-back has: the sum, and one for each element of the inputs that it is by.

    Raises:
        TooLargeError: they are too many.
    """
    sizes = {given.spec.name: math.prod(given.spec.shape) for given in decoded.inputs}
    elements = 1 + sum(sizes[name] for (name,) in dict.fromkeys(decoded.function.derivatives))
    if elements > _MOST_ELEMENTS:
        found = f"a gradient of {elements - 1:,} elements"
        remedy = (
            f"ask for at most {_MOST_ELEMENTS - 1:,} at a time; by an input that has all dims of the grid it is "
            "the cotangent times the derivative, which `gradient` gives"
        )
        raise TooLargeError("derivatives", found, remedy)
    return elements


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
