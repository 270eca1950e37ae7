"""Limits: what one request may cost, which results go in one message, and into what tiles a request is cut."""

from __future__ import annotations

from gridgrad_core.errors import RequestError, TooLargeError, UseStreamError
from gridgrad_core.grid import in_step_remedy
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.requests.decoded import DecodedRequest
from gridgrad_server.rpc.encode import WINDOW_BYTES
from gridgrad_server.scheduling.request import GridRequest

__all__ = ["MOST_NUMBERS", "RequestLimits"]

MOST_NUMBERS = 1 << 53
"""Of a grid of any size, and its longest dim: what float64 can count."""

_MOST_LARGER = 16
"""How much larger than usual a tile is at most."""
_STREAMS = 32
"""How many large grids may be streamed at once, at least."""


class RequestLimits:
    """The limits that settings set.

    Args:
        settings: of the server.
        workers: how many there should be.

    Attributes:
        tile_cost: the usual cost of a tile.
        window: most tiles of a request that are being computed or are not yet sent.
    """

    def __init__(self, settings: ServerSettings, workers: int) -> None:
        self.tile_cost = settings.piece_cost
        # Enough that every worker has one tile computing and one waiting, and a few are being sent
        self.window = 2 * workers + 2
        self._workers = workers
        self._engine = settings.engine
        self._most_cost = min(settings.request_cost or MOST_NUMBERS, MOST_NUMBERS)
        self._unary_bytes = settings.unary_result_bytes
        self._most_tile_bytes = settings.queue_bytes // _STREAMS // self.window

    def check_cost(self, decoded: DecodedRequest, planes: int) -> None:
        """Refuses what costs more than one request may.

        Raises:
            TooLargeError: it is over --request-cost, or over what can be counted.
        """
        most, points = self._most_cost, decoded.grid.points
        if points * planes > most:
            remedy = f"this server computes a cost of {most} at a time: send it in parts, or ask for fewer derivatives"
            raise TooLargeError(
                "inputs",
                f"a grid of {points} points in {planes} planes (value and derivatives of each component), "
                f"a cost of {points * planes}",
                "; ".join(filter(None, [remedy, in_step_remedy(given.spec for given in decoded.inputs)])),
            )
        for position, given in enumerate(decoded.inputs):
            longest = max(given.spec.shape, default=0)
            if longest > most:
                raise TooLargeError(
                    f"inputs[{position}]", f"a dim of length {longest}", f"this server takes lengths up to {most}"
                )

    def check_tier(self, tier: str, kind: str = "expression") -> None:
        """Refuses a tier that this server, or a kind of function, does not have.

        Raises:
            RequestError: it computes by an engine without tiers, or the function is a registered one.
        """
        if tier and kind == "registered":
            raise RequestError("tier", f"{tier!r} for a registered function, which has no tiers", "leave it out")
        if tier and self._engine != "structured":
            found = f"{tier!r}, but this server computes expressions by the {self._engine} engine"
            raise RequestError("tier", found, "leave it at 'auto', or start the server with --engine structured")

    def is_unary(self, request: GridRequest) -> bool:
        """Whether a result may go in one message."""
        return request.template.layout.total_bytes <= self._unary_bytes

    def is_large_for_pack(self, request: GridRequest) -> bool:
        """Whether the grids of a pack are so large that each is a request of its own."""
        layout = request.template.layout
        is_made_of_many = request.template.function.key.reduction and layout.points * layout.point_cost > self.tile_cost
        return layout.result_bytes > WINDOW_BYTES or bool(is_made_of_many)

    def check_unary(self, request: GridRequest) -> None:
        """Refuses results that want the stream.

        Raises:
            UseStreamError: the result is over the unary limit.
        """
        if not self.is_unary(request):
            raise UseStreamError(
                "",
                f"a result of {request.template.layout.total_bytes} bytes, "
                f"over the {self._unary_bytes} of the unary call",
                "call StreamGridGradients for it, by gRPC",
            )

    def stream_bytes(self, request: GridRequest) -> int:
        """How many bytes of a result are held at once while it is streamed."""
        itemsize, size = request.template.function.itemsize, request.template.layout.total_bytes
        before = request.held_bytes - size
        return before + min(size, self.window * request.progress.tile_cost * itemsize)

    def tile_bytes(self, request: GridRequest) -> int:
        """How large the result of a tile is at most."""
        function = request.template.function
        layout = request.template.layout
        most_points = max(layout.together, request.progress.tile_cost // layout.point_cost)
        return min(layout.total_bytes, most_points * function.planes * function.itemsize)

    def tile_cost_of(self, request: GridRequest, most_bytes: int | None = None) -> int:
        """The cost of the tiles that a request is computed in best, as far as that is known.

        Args:
            request: untouched as yet.
            most_bytes: of a tile; by default as many as a stream may hold of, a small part of what all may.
        """
        function, usual = request.template.function, self.tile_cost
        if most_bytes is None:
            most_bytes = self._most_tile_bytes
        layout = request.template.layout
        bounded = most_bytes * layout.point_cost // (function.planes * function.itemsize)
        largest = min(-(-layout.points * layout.point_cost // self._workers), _MOST_LARGER * usual, bounded)
        quick = function.throughput.cost(request.template.tier)
        if min(largest, quick) <= usual:
            return usual
        # Few sizes, so that slots are used again
        return largest if quick >= largest else usual << (quick // usual).bit_length() - 1
