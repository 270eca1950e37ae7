"""What is kept of the segments of a large grid, until all of it is there and a worker puts it together."""

from __future__ import annotations

from collections.abc import Callable

from gridgrad_core.errors import GridgradError
from gridgrad_server.memory.slots import Slot
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.scheduling.request import Failures, GridRequest

__all__ = ["SegmentStates"]


class SegmentStates:
    """The sink of what is computed of segments.

    Args:
        whole: the request that is made of it.
        submit: queues that one.
    """

    __slots__ = ("_states", "_submit", "_whole")

    def __init__(self, whole: GridRequest, submit: Callable[[GridRequest], None]) -> None:
        self._whole = whole
        self._submit = submit
        self._states: bytearray | None = None

    def take_tile(
        self,
        request: GridRequest,
        tile: GridTile,
        result: memoryview,
        failures: Failures,  # noqa: ARG002 - a ResultSink takes it
        slot: Slot | None,  # noqa: ARG002 - a ResultSink takes it
    ) -> None:
        """Takes what is kept of a tile."""
        request.progress.sent()  # it stays here
        if self._whole.ended:
            return
        layout, function = request.template.layout, request.template.function
        if self._states is None:
            self._states = bytearray(layout.total_bytes)
        size = tile.points * function.itemsize
        for plane in range(function.planes):
            start = (plane * layout.points + tile.first_point) * function.itemsize
            self._states[start : start + size] = result[plane * size : (plane + 1) * size]
        if request.progress.all_computed:
            self._whole.take_segments(request, bytes(self._states))
            self._states = None
            self._submit(self._whole)

    def failed(self, request: GridRequest, error: GridgradError) -> None:  # noqa: ARG002 - a ResultSink takes it
        """Takes the error that ends the request."""
        self._states = None
        self._whole.fail(error)
