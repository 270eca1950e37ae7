"""What is sent of a batch's inputs: all that the worker does not have, as it has a large grid's after one tile."""

from __future__ import annotations

from functools import lru_cache

from gridgrad_core.remote.regions import Regions, input_spans
from gridgrad_core.worker_v1 import worker_pb2 as pb

__all__ = ["SentInputs"]

_MOST_LAYOUTS = 1 << 10


class SentInputs:
    """The inputs that one worker has.

    Args:
        regions: in which the server writes them.
    """

    def __init__(self, regions: Regions) -> None:
        self._regions = regions
        self._sent: dict[int, dict[tuple[int, int], bytes]] = {}

    def forget(self, batch: pb.Batch) -> None:
        """Forgets what lay where results go now, or in regions that are no more."""
        first = batch.slots[0].id
        for number in (first, *(number for slot in batch.slots for number in slot.forget)):
            self._sent.pop(number, None)

    def of(self, batch: pb.Batch) -> tuple[list[pb.Span], list[memoryview]]:
        """The spans that the worker needs for a batch, and their numbers."""
        self.forget(batch)
        spans: list[pb.Span] = []
        numbers: list[memoryview] = []
        first = batch.slots[0].id
        for piece in batch.pieces:
            for span in input_spans(piece, _layout(piece.layout)):
                rows = self._regions.rows(span)
                if span.slot == first or self._is_new(span, rows):
                    spans.append(span)
                    numbers += rows
        return spans, numbers

    def _is_new(self, span: pb.Span, rows: list[memoryview]) -> bool:
        """Whether the worker lacks these numbers, which lie where all tiles of a grid find them."""
        sent, key, now = self._sent.setdefault(span.slot, {}), (span.offset, span.row_bytes), b"".join(rows)
        if sent.get(key) == now:
            return False
        sent[key] = now
        return True


@lru_cache(_MOST_LAYOUTS)
def _layout(raw: bytes) -> pb.PieceLayout:
    return pb.PieceLayout.FromString(raw)
