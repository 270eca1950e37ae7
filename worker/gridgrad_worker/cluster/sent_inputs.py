"""What is sent of a batch's inputs: all that the worker does not have, as it has a large grid's after one tile."""

from __future__ import annotations

from cachetools import LRUCache

from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.cluster.regions import Bytes, Regions, input_spans

__all__ = ["SentInputs"]

_MOST_LAYOUTS = 1 << 10


class SentInputs:
    """The inputs that one worker has.

    Args:
        regions: in which the server writes them.
    """

    def __init__(self, regions: Regions) -> None:
        self._regions = regions
        self._layouts: LRUCache[bytes, pb.PieceLayout] = LRUCache(_MOST_LAYOUTS)
        self._sent: dict[int, dict[tuple[int, int], bytes]] = {}

    def forget(self, batch: pb.Batch) -> None:
        """Forgets what lay where results go now, or in regions that are no more."""
        first = batch.slots[0].id
        for number in (first, *(number for slot in batch.slots for number in slot.forget)):
            self._sent.pop(number, None)

    def of(self, batch: pb.Batch) -> tuple[list[pb.Span], list[Bytes]]:
        """The spans that the worker needs for a batch, and their numbers."""
        self.forget(batch)
        spans: list[pb.Span] = []
        numbers: list[Bytes] = []
        first = batch.slots[0].id
        for piece in batch.pieces:
            for span in input_spans(piece, self._layout(piece.layout)):
                view = self._regions.view(span)
                if span.slot == first or self._is_new(span, view):
                    spans.append(span)
                    numbers.append(view)
        return spans, numbers

    def _is_new(self, span: pb.Span, view: Bytes) -> bool:
        """Whether the worker lacks these numbers, which lie where all tiles of a grid find them."""
        sent, key, now = self._sent.setdefault(span.slot, {}), (span.offset, span.row_bytes), view.tobytes()
        if sent.get(key) == now:
            return False
        sent[key] = now
        return True

    def _layout(self, raw: bytes) -> pb.PieceLayout:
        known = self._layouts.get(raw)
        if known is None:
            known = self._layouts[raw] = pb.PieceLayout.FromString(raw)
        return known
