"""A look at large messages before they are parsed.

Parsing megabytes of numbers is a copy; parsing megabytes of tiny fields would hold the loop for
seconds (64 MiB of empty derivatives: 3.6 s). So the bytes that are neither numbers nor the text of
the function are counted first, and a message with too many is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Union

from gridgrad_core.errors import RequestError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.fields import TruncatedError, end_of_value, read_varint, tag

__all__ = [
    "EXPLAIN",
    "GRID_GRADIENT",
    "PREPARE",
    "SESSION",
    "SMALL_BYTES",
    "STREAM_GRID_GRADIENTS",
    "check_structure",
]

SMALL_BYTES = 1 << 16
"""What is no longer than this needs no look: parsing it takes 4 ms at the worst."""

_MOST_STRUCTURE_BYTES = 1 << 17
_MOST_FIELDS = 8192

Bulk = Mapping[int, Union["Bulk", None]]
"""Tags of fields that hold bulk: None is bulk itself, a mapping a message that holds some."""

_FUNCTION: Bulk = {tag(pb.Function, "expression"): None, tag(pb.Function, "registered"): None}
_ARRAY: Bulk = {tag(pb.Array, "data"): None}
_TABLE: Bulk = {tag(pb.Table, "values"): _ARRAY, tag(pb.Table, "knots"): _ARRAY}

GRID_GRADIENT: Bulk = {
    tag(pb.GridGradientRequest, "function"): _FUNCTION,
    tag(pb.GridGradientRequest, "reduction"): {tag(pb.Reduction, "function"): _FUNCTION},
    tag(pb.GridGradientRequest, "inputs"): {tag(pb.Input, "array"): _ARRAY, tag(pb.Input, "table"): _TABLE},
    tag(pb.GridGradientRequest, "numbers"): None,
}
"""The texts of Function, Array.data of each Input, and the numbers of a request by number."""

STREAM_GRID_GRADIENTS: Bulk = {tag(pb.StreamGridGradientsRequest, "request"): GRID_GRADIENT}

_PLAN: Bulk = {
    tag(pb.Plan, "function"): _FUNCTION,
    tag(pb.Plan, "inputs"): {tag(pb.PlanInput, "table"): _TABLE},
}
PREPARE: Bulk = {tag(pb.PrepareRequest, "plan"): _PLAN}
EXPLAIN: Bulk = {tag(pb.ExplainRequest, "plan"): _PLAN}
"""The texts of Function in the Plan of a request, and the numbers of its tables."""

SESSION: Bulk = {tag(pb.SessionRequest, "request"): None, tag(pb.SessionRequest, "pack"): None}
"""The request or the pack in a message of a session, which is looked at by itself."""


def check_structure(raw: bytes, bulk: Bulk) -> None:
    """Refuses a message that would take long to parse.

    Raises:
        RequestError: it has too many fields, or is truncated.
    """
    if len(raw) <= SMALL_BYTES:
        return
    try:
        _Scan(raw).message(0, len(raw), bulk)
    except TruncatedError:
        raise RequestError(
            "", f"{len(raw)} bytes that are no message of the protocol", "send the whole serialized message"
        ) from None


class _Scan:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._fields = 0
        self._seen_bytes = 0

    def message(self, position: int, end: int, bulk: Bulk) -> None:
        while position < end:
            field, start = read_varint(self._raw, position)
            position = end_of_value(self._raw, field, start)
            if position > end:
                raise TruncatedError
            inside = bulk.get(field, _NO_BULK)
            if inside is _NO_BULK:
                self._count(position - start)
            else:
                self._count(0)
                if inside is not None:
                    self.message(read_varint(self._raw, start)[1], position, inside)

    def _count(self, structure_bytes: int) -> None:
        self._fields += 1
        self._seen_bytes += structure_bytes
        if self._fields > _MOST_FIELDS or self._seen_bytes > _MOST_STRUCTURE_BYTES:
            raise RequestError(
                "",
                f"a message of {len(self._raw)} bytes with more than {_MOST_FIELDS} fields or "
                f"{_MOST_STRUCTURE_BYTES} bytes beside its numbers and its function",
                "send numbers in Array.data, and fewer inputs and derivatives",
            )


_NO_BULK: Bulk = {}
