"""Where the inputs and the results of a request lie in memory that the server and a worker share."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

from gridgrad_core.wire.enums import ITEM_BYTES
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.requests.decoded import DecodedInput, DecodedLinspace
from gridgrad_server.requests.function_key import FunctionKey
from gridgrad_server.requests.tiles import GridTile

__all__ = ["RequestLayout", "aligned"]

_ALIGNMENT = 64


class RequestLayout:
    """Offsets and sizes, all in bytes, that follow from the shapes of a request.

    Args:
        function: what is computed.
        shape: of its grid.
        inputs: one for each of the function's, in their order.
        grids: how many grids it is for: more than one for a pack.
        computed_points: how many points of what is computed go into one of the grid.
        together: how many of its points, one after another, are computed at once or not at all.
        first_row: where the result begins, an index of the first dim; it is as if the grid began there.

    Attributes:
        shape: of the result's grid.
        points: how many a grid has.
        together: as given.
        point_cost: what one of them costs.
        input_offsets: where the numbers of each array go, counted from where the inputs begin.
        inputs_bytes: how much memory the inputs take, a multiple of 64.
        result_bytes: the size of the result of a grid.
        total_bytes: the size of the results of all grids together.
        stride: how far apart the results of the grids of a pack lie.
        placed_bytes: how much memory the results take where they lie so.
        whole: a grid as one tile.
    """

    def __init__(
        self,
        function: FunctionKey,
        shape: Sequence[int],
        inputs: Sequence[DecodedInput],
        grids: int = 1,
        computed_points: int = 1,
        together: int = 1,
        first_row: int = 0,
    ) -> None:
        self.shape = (shape[0] - first_row, *shape[1:]) if first_row else tuple(shape)
        self._first_row = first_row
        self.together = together
        self.grids = grids
        self.points = math.prod(self.shape)
        self.point_cost = function.computed_planes * computed_points
        self.result_bytes = self.points * function.planes * function.itemsize
        self.total_bytes = self.result_bytes * grids
        self.stride = aligned(self.result_bytes)
        self.placed_bytes = self.stride * grids if grids > 1 else self.result_bytes
        self.whole = GridTile((0,) * len(self.shape), self.shape, 0, self.points)
        self.input_offsets: list[int] = []
        self.inputs_bytes = 0
        message = wpb.PieceLayout()
        for given in inputs:
            self._add(message.inputs.add(), given)
        self._inputs_message = message.SerializeToString()

    def _add(self, target: wpb.PieceInput, given: DecodedInput) -> None:
        values = given.values
        if isinstance(values, DecodedLinspace):
            target.linspace.CopyFrom(wpb.Linspace(start=values.start, stop=values.stop, num=values.num))
            return
        target.array.CopyFrom(
            wpb.SlotArray(offset=self.inputs_bytes, shape=given.spec.shape, dtype=values.dtype, stacked=values.stacked)
        )
        self.input_offsets.append(self.inputs_bytes)
        grids = self.grids if values.stacked else 1
        self.inputs_bytes += aligned(math.prod(given.spec.shape) * ITEM_BYTES[values.dtype] * grids)

    def of_tile(self, tile: GridTile) -> bytes:
        """The serialized PieceLayout of a tile of the grid."""
        return self._of_whole if tile.shape == self.shape else self._of_tile(tile)

    @functools.cached_property
    def _of_whole(self) -> bytes:
        return self._of_tile(self.whole)

    def _of_tile(self, tile: GridTile) -> bytes:
        start = (tile.start[0] + self._first_row, *tile.start[1:]) if self._first_row else tile.start
        span = wpb.PieceLayout(start=start, shape=tile.shape).SerializeToString()
        return self._inputs_message + span  # two serialized messages in a row are read as one with the fields of both


def aligned(size: int) -> int:
    """The next multiple of 64: what lies in a slot begins at one."""
    return -(-size // _ALIGNMENT) * _ALIGNMENT
