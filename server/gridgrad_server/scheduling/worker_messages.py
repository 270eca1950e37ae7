"""The frame that asks a worker for a batch, joined from serialized fields.

The fields of slots and functions are few and come again and again, so that they are kept; those of tiles hang on the
templates of their requests.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Sequence

from gridgrad_core.wire.fields import field_head, tag
from gridgrad_core.worker_v1 import worker_pb2 as wpb

__all__ = ["batch_frame", "function_field", "region_field"]

_BATCH = wpb.ServerMessage.BATCH_FIELD_NUMBER
_ID = struct.Struct("<BQ")
_ID_TAG = tag(wpb.Batch, "id")


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
def function_field(number: int, cautious: bool) -> bytes:
    """The function of a batch, and whether it is to be computed with caution, as fields of it."""
    return wpb.Batch(plan_id=number, cautious=cautious).SerializeToString()


def batch_frame(number: int, fields: Sequence[bytes]) -> bytes:
    """A ServerMessage with a batch.

    Args:
        number: of the batch.
        fields: all others, serialized.
    """
    id_field = _ID.pack(_ID_TAG, number)
    return b"".join((field_head(_BATCH, sum(map(len, fields)) + len(id_field)), *fields, id_field))
