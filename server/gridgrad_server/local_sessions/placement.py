"""Placement: where in the arena of a session a result goes, as a whole or window by window."""

from __future__ import annotations

from gridgrad_core.errors import BusyError
from gridgrad_server.local_sessions.leases import Leases
from gridgrad_server.memory.arena import Arena
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.rpc.limits import RequestLimits
from gridgrad_server.scheduling.destinations import ResultDestination, WholeDestination, WindowedDestination
from gridgrad_server.scheduling.request import GridRequest

__all__ = ["INLINE_BYTES", "ArenaPlacement"]

INLINE_BYTES = 4096
"""Results up to this size go over the socket: mapping them would save nothing."""

_LEAST_GRIDS = 16
"""Grids that come in windows and have room in an arena at the same time."""


class ArenaPlacement:
    """Finds destinations in one arena.

    Args:
        arena: of the session.
        leases: that its caller holds.
        intake: cuts requests into tiles that fit.
        limits: of a request.
    """

    def __init__(self, arena: Arena, leases: Leases, intake: Intake, limits: RequestLimits) -> None:
        self._arena = arena
        self._leases = leases
        self._intake = intake
        self._limits = limits

    def of(self, request: GridRequest) -> ResultDestination | None:
        """Where in the arena a result goes; None where it goes over the socket, or finds no room."""
        size = request.template.layout.total_bytes
        if size <= INLINE_BYTES or self._leases.is_full:
            return None
        block = self._arena.take(size)
        if block:
            self._intake.cut_by_throughput(request, self._arena.size)
            return WholeDestination(block, request.template)
        return None if self._limits.is_unary(request) else self._windows(request)

    def of_pack(self, request: GridRequest) -> WholeDestination:
        """Where in the arena the results of a pack go.

        Raises:
            BusyError: there is no room.
        """
        block = None if self._leases.is_full else self._arena.take(request.template.layout.placed_bytes)
        if block is None:
            raise BusyError("", "the memory of the session has no room for a pack", "send it to StreamGridGradients")
        return WholeDestination(block, request.template)

    def _windows(self, request: GridRequest) -> WindowedDestination | None:
        """Blocks for the tiles of a result that is larger than the room there is; None where even these find none."""
        window = self._limits.window
        self._intake.cut_by_throughput(request, self._arena.size // _LEAST_GRIDS // window)
        blocks = self._arena.take_several(window, self._limits.tile_bytes(request))
        return WindowedDestination(blocks, request.template.function.itemsize) if blocks else None
