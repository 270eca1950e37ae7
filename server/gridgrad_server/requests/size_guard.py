"""A look at large messages before they are parsed.

Parsing megabytes of numbers is a copy; parsing megabytes of tiny fields would hold the loop for
seconds (64 MiB of empty derivatives: 3.6 s). So the bytes that are neither numbers nor the text of
the function are counted first, and a message with too many is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Union

from gridgrad_core.errors import RequestError

__all__ = [
    "GRID_GRADIENT",
    "PLAN",
    "SESSION",
    "SMALL_BYTES",
    "STREAM_GRID_GRADIENTS",
    "Span",
    "array_spans",
    "check_structure",
]

SMALL_BYTES = 1 << 16
"""What is no longer than this needs no look: parsing it takes 4 ms at the worst."""

_MOST_STRUCTURE_BYTES = 1 << 17
_MOST_FIELDS = 8192

Bulk = Mapping[int, Union["Bulk", None]]
"""Numbers of fields that hold bulk: None is bulk itself, a mapping a message that holds some."""

GRID_GRADIENT: Bulk = {1: {1: None, 2: None}, 2: {3: {3: None}}}
"""The texts of Function, and Array.data of each Input."""

STREAM_GRID_GRADIENTS: Bulk = {2: GRID_GRADIENT}

PLAN: Bulk = {1: {1: {1: None, 2: None}}}
"""The texts of Function in the Plan of a request."""

SESSION: Bulk = {15: None}
"""The request in a message of a session, which is looked at by itself."""

_ARRAYS: Bulk = {2: {3: {3: None}}}

Span = tuple[int, int]
"""Where something begins in a message and where it ends."""


def check_structure(raw: bytes, bulk: Bulk) -> None:
    """Refuses a message that would take long to parse.

    Raises:
        RequestError: it has too many fields, or is truncated.
    """
    if len(raw) > SMALL_BYTES:
        scan = _Scan(raw)
        scan.message(0, len(raw), bulk)


def array_spans(raw: bytes) -> list[Span]:
    """Where the numbers of arrays lie in a serialized GridGradientRequest, in order.

    Raises:
        RequestError: it has too many fields, or is truncated.
    """
    scan = _Scan(raw)
    scan.message(0, len(raw), _ARRAYS)
    return scan.bulk_spans


class _Scan:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._fields = 0
        self._seen_bytes = 0
        self.bulk_spans: list[Span] = []

    def message(self, position: int, end: int, bulk: Bulk) -> None:
        while position < end:
            tag, start = self._varint(position)
            number, kind = tag >> 3, tag & 7
            position = self._end_of(kind, start)
            if position > end:
                raise _truncated(len(self._raw))
            inside = bulk.get(number, _NO_BULK) if kind == 2 else _NO_BULK
            if inside is _NO_BULK:
                self._count(position - start)
            else:
                self._count(0)
                _, start = self._varint(start)
                if inside is None:
                    self.bulk_spans.append((start, position))
                else:
                    self.message(start, position, inside)

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

    def _end_of(self, kind: int, start: int) -> int:
        if kind == 0:
            return self._varint(start)[1]
        if kind == 2:
            length, position = self._varint(start)
            return position + length
        if kind in (1, 5):
            return start + (8 if kind == 1 else 4)
        raise _truncated(len(self._raw))

    def _varint(self, position: int) -> tuple[int, int]:
        value = shift = 0
        for byte in self._raw[position : position + 10]:
            position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, position
            shift += 7
        raise _truncated(len(self._raw))


_NO_BULK: Bulk = {}


def _truncated(size: int) -> RequestError:
    return RequestError("", f"{size} bytes that are no message of the protocol", "send the whole serialized message")
