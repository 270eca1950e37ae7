"""The request template: what requests share that differ in their numbers alone, kept so that each is read only once.

A caller in a loop sends the same bytes again and again but for the numbers in its arrays. The first such request is
decoded, checked and laid out in full; what that gave is its `ServerTemplate`, and the bytes beside its numbers are
remembered with it. A later request with the same bytes beside its numbers, at the same positions, is not decoded at
all: `RequestCache.find` cuts its numbers out and returns the template. All else that the server would make anew for it
hangs on the template as well: where its inputs and its result lie (`RequestLayout`), what the worker is told of it
(`ServerTemplate.tile_field`), and what stands before the numbers of its result (`result_header`).

The client keeps templates of its own for the requests that it sends, and the worker for the tiles that it computes;
none of them relies on another's.

Invariants:
* A request has a template only if its bytes, but for the numbers of its arrays, are those of a request that was
  read and checked in full. The numbers take no part in that reading, so that both mean the same.
* What is kept is bounded in number and in bytes, whoever calls.
"""

from __future__ import annotations

import functools
import itertools
import struct
from collections.abc import Sequence

from gridgrad_core.errors import RequestError
from gridgrad_core.shared_cache import SharedCache
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.buffer import prefix
from gridgrad_core.wire.fields import field_head, tag
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.requests.function_key import FunctionKey
from gridgrad_server.requests.result_info import ComputedBy, ResultInfo
from gridgrad_server.requests.result_layout import RequestLayout
from gridgrad_server.requests.size_guard import Span, array_spans
from gridgrad_server.requests.tiles import GridTile

__all__ = ["RequestCache", "ServerTemplate", "result_header"]

_MOST_TEMPLATES = 1024
_MOST_SPELLINGS = 4  # of requests of one length
_LENGTHS_PER_TEMPLATE = 4  # more than are needed, since all spellings are forgotten when there are too many lengths
_MOST_BYTES_BESIDE = 1 << 12

_INFO = pb.ResultHeader.INFO_FIELD_NUMBER
_TIMES = struct.Struct("<BdBd")
_QUEUE_TAG = tag(pb.Info, "queue_s")
_COMPUTE_TAG = tag(pb.Info, "compute_s")


class ServerTemplate:
    """What follows from a request but for its numbers.

    Args:
        function: what is computed.
        layout: where its inputs and its results lie.
        tier: "direct" or "compiled" where the caller wants that and no other, else empty.
    """

    def __init__(self, function: FunctionKey, layout: RequestLayout, tier: str = "") -> None:
        self.function = function
        self.layout = layout
        self.tier = tier

    @functools.cached_property
    def header(self) -> bytes:
        """The serialized ResultHeader, all but its info."""
        return self.function.header(self.layout.shape)

    def tile_field(self, tile: GridTile, inputs: tuple[int, int], result: tuple[int, int, int], tier: str) -> bytes:
        """A tile as a field of the batch that a worker is sent.

        Args:
            tile: to be computed.
            inputs: the slot of its inputs, and where in it they are.
            result: the region of its result, or 0 for the first of the batch, where in it that goes, and its stride.
            tier: to compute it in, or empty.
        """
        return _tile_field(self.layout.of_tile(tile), inputs, result, (tile.grids, tile.first_grid), tier)


@functools.lru_cache(_MOST_TEMPLATES)
def _tile_field(
    layout: bytes, inputs: tuple[int, int], result: tuple[int, int, int], grids: tuple[int, int], tier: str
) -> bytes:
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


def result_header(template: ServerTemplate, info: ResultInfo, number: int, data_bytes: int | None = None) -> bytes:
    """The ResultHeader of a result as a field of its message.

    Args:
        template: of the request.
        info: how it was computed.
        number: of the field.
        data_bytes: with all else that stands before so many bytes of numbers, where the message has no other field.
    """
    queue_s, compute_s, computed_by = info
    before, after = _header_beside_times(template, computed_by, number, data_bytes)
    return b"".join((before, _TIMES.pack(_QUEUE_TAG, queue_s, _COMPUTE_TAG, compute_s), after))


@functools.lru_cache(_MOST_TEMPLATES)
def _header_beside_times(
    template: ServerTemplate, computed_by: ComputedBy, number: int, data_bytes: int | None
) -> tuple[bytes, bytes]:
    """What stands before and after the times in a header: the same for most results of a template."""
    info = template.function.info(computed_by)
    info_head = field_head(_INFO, _TIMES.size + len(info))
    head = field_head(number, len(template.header) + len(info_head) + _TIMES.size + len(info))
    before = b"".join((head, template.header, info_head))
    if data_bytes is None:
        return before, info
    return before, prefix(before + bytes(_TIMES.size) + info, data_bytes)[len(before) + _TIMES.size :]


class _Spelling:
    """Where in requests of one length the numbers lie, and so the bytes beside them."""

    __slots__ = ("beside", "numbers")

    def __init__(self, numbers: list[Span], length: int) -> None:
        edges = [0, *itertools.chain.from_iterable(numbers), length]
        self.numbers = numbers
        self.beside = list(zip(edges[::2], edges[1::2], strict=True))

    def bytes_beside(self, raw: bytes) -> bytes:
        return b"".join([raw[start:end] for start, end in self.beside])


class RequestCache:
    """The templates of the requests seen last.

    Args:
        most_templates: how many to keep.
    """

    def __init__(self, most_templates: int = _MOST_TEMPLATES) -> None:
        self._most_lengths = _LENGTHS_PER_TEMPLATE * most_templates
        self._spellings: dict[int, list[_Spelling]] = {}  # by the length of a request
        self._templates: SharedCache[tuple[_Spelling, bytes], ServerTemplate] = SharedCache(most_templates)

    def find(self, raw: bytes, caller: str = "") -> tuple[ServerTemplate, list[bytes]] | None:
        """The template of a serialized GridGradientRequest and the numbers of its arrays; None if it is not known.

        Args:
            raw: the request.
            caller: who sent it.
        """
        for spelling in self._spellings.get(len(raw), ()):
            template = self._templates.get((spelling, spelling.bytes_beside(raw)), caller)
            if template is not None:
                return template, [raw[start:end] for start, end in spelling.numbers]
        return None

    def learn(self, raw: bytes, template: ServerTemplate, numbers: Sequence[bytes], caller: str = "") -> None:
        """Remembers the template of a request that was read.

        Args:
            raw: the serialized GridGradientRequest.
            template: of it.
            numbers: of its arrays.
            caller: who sent it.
        """
        spans = _spans_of(raw, numbers)
        if spans is not None and len(raw) - sum(map(len, numbers)) <= _MOST_BYTES_BESIDE:
            spelling = self._spelling(len(raw), spans)
            self._templates.put((spelling, spelling.bytes_beside(raw)), template, caller)

    def _spelling(self, length: int, numbers: list[Span]) -> _Spelling:
        if len(self._spellings) >= self._most_lengths:
            self._spellings.clear()
        known = self._spellings.setdefault(length, [])
        found = next((spelling for spelling in known if spelling.numbers == numbers), None)
        if found is None:
            found = _Spelling(numbers, length)
            known.insert(0, found)
            del known[_MOST_SPELLINGS:]
        return found


def _spans_of(raw: bytes, numbers: Sequence[bytes]) -> list[Span] | None:
    """Where the numbers of each array lie; None where a request is spelled so oddly that it can't be told."""
    try:
        spans = array_spans(raw)
    except RequestError:
        return None
    # Each array with numbers gave one span at least. Where there are as many spans as arrays, and each span holds the
    # numbers of its array, no array has two
    if len(spans) != len(numbers) or any(raw[a:b] != own for (a, b), own in zip(spans, numbers, strict=True)):
        return None
    return spans
