"""Results: what a worker wrote into a slot, made into messages of the unary call and of a stream.

A message is its header, joined with the numbers in one copy; see gridgrad_core.wire.buffer for its layout.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from gridgrad_core.errors import GridgradError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.buffer import prefix
from gridgrad_server.requests.request_cache import result_header
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.rpc.errors import to_status
from gridgrad_server.rpc.outgoing import OutgoingMessage
from gridgrad_server.scheduling.request import Failures, GridRequest

__all__ = [
    "WINDOW_BYTES",
    "ResultWindow",
    "cut_into_windows",
    "failure_message",
    "pack_messages",
    "stream_messages",
    "unary_header",
]

WINDOW_BYTES = 3 << 19
"""About how many bytes of numbers a message of a stream has at most."""

_UNARY_HEADER = pb.GridGradientResponse.HEADER_FIELD_NUMBER
_STREAM_HEADER = pb.StreamGridGradientsResponse.HEADER_FIELD_NUMBER


class ResultWindow(NamedTuple):
    """A part of a tile's result: some of its planes, or some points of one plane."""

    first_plane: int
    planes: int
    first_point: int
    points: int


def unary_header(request: GridRequest, data_bytes: int | None = None) -> bytes:
    """A serialized GridGradientResponse but for its numbers.

    Args:
        request: whose result it is.
        data_bytes: where so many bytes of numbers follow at once, with all that stands before them.
    """
    return result_header(request.template, request.info, _UNARY_HEADER, data_bytes)


def _stream_header(request: GridRequest) -> bytes:
    return result_header(request.template, request.info, _STREAM_HEADER)


def pack_messages(
    number: int, request: GridRequest, tile: GridTile, result: memoryview, failures: Failures
) -> list[OutgoingMessage]:
    """The messages of a stream for some of the grids of a pack.

    Args:
        number: the caller's id of the pack's first grid.
        request: the pack.
        tile: which of its grids.
        result: their numbers.
        failures: what went wrong with some of them.

    Returns:
        Serialized StreamGridGradientsResponses, each of which answers one grid or several that follow each other.
    """
    messages = [failure_message(number + tile.first_grid + i, error) for i, error in failures.items()]
    stride = len(result) // tile.grids
    most = max(1, WINDOW_BYTES // max(1, stride))
    for first, end in _runs(tile.grids, failures, most):
        head = pb.StreamGridGradientsResponse(
            id=number + tile.first_grid + first, last=True, entries=end - first
        ).SerializeToString() + _stream_header(request)
        data = result[first * stride : end * stride]
        messages.append(OutgoingMessage(prefix(head, len(data)), data))
    return messages


def _runs(grids: int, without: Failures, most: int) -> Iterator[tuple[int, int]]:
    """Cuts a range into ranges of at most `most`, leaving some positions out."""
    first = 0
    for left_out in (*sorted(without), grids):
        for start in range(first, left_out, most):
            yield start, min(start + most, left_out)
        first = left_out + 1


def stream_messages(
    number: int, request: GridRequest, tile: GridTile, result: memoryview, first: bool
) -> list[OutgoingMessage]:
    """The messages of a stream for the result of a tile.

    Args:
        number: the caller's id of the request.
        request: the request.
        tile: the tile.
        result: its numbers, [planes, points].
        first: whether they are the first of the request.

    Returns:
        Serialized StreamGridGradientsResponses. The first of the request has the header, and so has the last: the
        info of a grid is complete only then.
    """
    function = request.template.function
    windows = list(cut_into_windows(function.planes, tile.points, function.itemsize))
    is_whole = not request.progress.is_split and len(windows) == 1
    messages = []
    for position, window in enumerate(windows):
        last = request.progress.all_computed and position == len(windows) - 1
        in_grid = window._replace(first_point=window.first_point + tile.first_point)
        head = _stream_head(number, None if is_whole else in_grid, last)
        if last or (first and position == 0):
            head += _stream_header(request)
        start = (window.first_plane * tile.points + window.first_point) * function.itemsize
        data = result[start : start + window.planes * window.points * function.itemsize]
        messages.append(OutgoingMessage(prefix(head, len(data)), data))
    return messages


def _stream_head(number: int, window: ResultWindow | None, last: bool) -> bytes:
    message = pb.StreamGridGradientsResponse(id=number, last=last)
    if window:
        message.window.first_plane = window.first_plane
        message.window.planes = window.planes
        message.window.first_point = window.first_point
        message.window.points = window.points
    return message.SerializeToString()


def failure_message(number: int, error: GridgradError, grids: int = 1) -> OutgoingMessage:
    """The message of a stream that ends a request, or several that it numbers one after another, with an error."""
    entries = grids if grids > 1 else 0
    message = pb.StreamGridGradientsResponse(id=number, last=True, entries=entries, status=to_status(error))
    return OutgoingMessage(message.SerializeToString())


def cut_into_windows(planes: int, points: int, itemsize: int) -> Iterator[ResultWindow]:
    """Cuts [planes, points] into contiguous windows of at most WINDOW_BYTES."""
    plane_bytes = max(1, points * itemsize)
    if plane_bytes <= WINDOW_BYTES:
        step = WINDOW_BYTES // plane_bytes
        for first in range(0, planes, step):
            yield ResultWindow(first, min(step, planes - first), 0, points)
        return
    count = -(-plane_bytes // WINDOW_BYTES)
    edges = [points * i // count for i in range(count + 1)]
    for plane in range(planes):
        for first, end in itertools.pairwise(edges):
            yield ResultWindow(plane, 1, first, end - first)
