"""Whole results: the sink of a call whose numbers are answered by themselves, beside their header."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from gridgrad_core.errors import GridgradError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.memory.slots import Slot
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.rpc.encode import unary_header
from gridgrad_server.scheduling.request import Failures, GridRequest

__all__ = ["Gradient", "WholeGrid", "WholeResult"]

Gradient = tuple[tuple[str, tuple[int, ...]], ...]
"""The names and shapes of inputs: after the sum itself, a row has the gradient by each of them."""


class WholeGrid(NamedTuple):
    """The result of a request.

    Args:
        header: says what the numbers are.
        planes: the numbers, [planes, *grid], as in GridGradientResponse.data.
        gradient: what they are a row of, where they are no grid.
    """

    header: pb.ResultHeader
    planes: bytes | bytearray
    gradient: Gradient | None = None


class WholeResult:
    """The sink of a call whose result is put together once.

    Args:
        response: set to the result, or to the error.
    """

    def __init__(self, response: asyncio.Future[WholeGrid]) -> None:
        self._response = response
        self._planes = bytearray()

    def take_tile(
        self,
        request: GridRequest,
        tile: GridTile,
        result: memoryview,
        failures: Failures,  # noqa: ARG002 - a ResultSink takes it
        slot: Slot | None,  # noqa: ARG002 - a ResultSink takes it
    ) -> None:
        """Takes the result of a tile."""
        request.progress.sent()  # there is room for the whole, so that no tile waits for another to leave
        if self._response.done():
            return
        if request.progress.is_split:
            self._put(request, tile, result)
        if request.progress.all_computed:
            header = pb.GridGradientResponse.FromString(unary_header(request)).header
            planes = self._planes if request.progress.is_split else bytes(result)
            self._response.set_result(WholeGrid(header, planes))

    def _put(self, request: GridRequest, tile: GridTile, result: memoryview) -> None:
        function, layout = request.template.function, request.template.layout
        if not self._planes:
            self._planes = bytearray(layout.result_bytes)
        size, plane_bytes = tile.points * function.itemsize, layout.points * function.itemsize
        for plane in range(function.planes):
            start = plane * plane_bytes + tile.first_point * function.itemsize
            self._planes[start : start + size] = result[plane * size : (plane + 1) * size]

    def failed(self, request: GridRequest, error: GridgradError) -> None:  # noqa: ARG002 - a ResultSink takes it
        """Takes the error that ends the request."""
        if not self._response.done():
            self._response.set_exception(error)
