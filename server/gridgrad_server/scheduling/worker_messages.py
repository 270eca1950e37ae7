"""The frame that asks a worker for a batch, joined from serialized fields.

Callers in a loop ask for the same pieces in the same slots again and again, so the fields are kept.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Sequence

from gridgrad_core.wire.buffer import field_head
from gridgrad_core.worker_v1 import worker_pb2 as wpb

__all__ = ["batch_frame", "piece_field", "plan_field", "region_field"]

_BATCH = wpb.ServerMessage.BATCH_FIELD_NUMBER
_ID = struct.Struct("<BQ")
_ID_TAG = wpb.Batch.ID_FIELD_NUMBER << 3 | 1


@functools.lru_cache(1024)
def piece_field(
    layout: bytes,
    inputs: tuple[int, int],
    result: tuple[int, int, int],
    grids: tuple[int, int],
    tier: str,
) -> bytes:
    """A Piece as a field of its batch.

    Args:
        layout: the serialized PieceLayout.
        inputs: the slot of its inputs, and where in it they are.
        result: the region of its result, or 0 for the first of the batch, where in it that goes, and its stride.
        grids: how many it has, and the first of them.
        tier: to compute it in, or empty.
    """
    piece = wpb.Piece(
        layout=layout,
        inputs_slot=inputs[0],
        inputs_offset=inputs[1],
        result_slot=result[0],
        result_offset=result[1],
        result_stride=result[2],
        entries=grids[0],
        first_entry=grids[1],
        tier=tier,
    )
    return wpb.Batch(pieces=[piece]).SerializeToString()


@functools.lru_cache(1024)
def region_field(number: int, size: int, is_new: bool, dropped: tuple[int, ...] = ()) -> bytes:
    """A region of shared memory as a field of a batch.

    Args:
        number: of the region.
        size: in bytes.
        is_new: whether the frame carries its descriptor.
        dropped: regions that the worker may unmap.
    """
    slot = wpb.Slot(id=number, size=size, descriptor_attached=is_new, forget=dropped)
    return wpb.Batch(slots=[slot]).SerializeToString()


@functools.lru_cache(1024)
def plan_field(number: int, cautious: bool) -> bytes:
    """The plan of a batch, and whether it is to be computed with caution, as fields of it."""
    return wpb.Batch(plan_id=number, cautious=cautious).SerializeToString()


def batch_frame(number: int, fields: Sequence[bytes]) -> bytes:
    """A ServerMessage with a batch.

    Args:
        number: of the batch.
        fields: all others, serialized.
    """
    id_field = _ID.pack(_ID_TAG, number)
    return b"".join((field_head(_BATCH, sum(map(len, fields)) + len(id_field)), *fields, id_field))
