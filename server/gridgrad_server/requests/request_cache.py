"""The request template: what requests share that differ in their numbers alone, kept so that each is read only once.

A caller in a loop asks for the same again and again but for the numbers in its arrays. It asks for a number for all
else, once: that request is decoded, checked and laid out in full, and what that gave is its `ServerTemplate`. A later
request brings that number and its own, and is not decoded at all: `RequestCache.find` cuts its numbers out and returns
the template. All else that the server would make anew for it hangs on the template as well: where its inputs and its
result lie (`RequestLayout`), what the worker is told of it (`ServerTemplate.tile_field`), and what stands before the
numbers of its result (`result_header`).

The client has templates of its own for the requests that it sends, and the worker for the tiles that it computes; none
of them relies on another's. A number that is forgotten costs the client a round trip.

Invariants:
* A request has a template only if it names one that a request was read for and checked in full, of the same principal
  or host. The numbers take no part in that reading, so that both mean the same.
* Numbers are drawn at random: that of another server, or of this one before it was started anew, is none here.
* What is kept is bounded in number and in bytes, whoever calls.
"""

from __future__ import annotations

import copy
import functools
import secrets
import struct
from collections.abc import Sequence

from gridgrad_core.errors import ForgottenNumberError, RequestError
from gridgrad_core.shared_cache import SharedCache
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.buffer import prefix
from gridgrad_core.wire.fields import field_head, tag
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.requests.decoded import DecodedArray, DecodedInput
from gridgrad_server.requests.function_key import FunctionKey
from gridgrad_server.requests.result_info import ComputedBy, ResultInfo
from gridgrad_server.requests.result_layout import RequestLayout
from gridgrad_server.requests.tiles import GridTile

__all__ = ["RequestCache", "ServerTemplate", "result_header"]

_MOST_TEMPLATES = 1024
_BYTES_PER_WEIGHT = 1 << 16
"""Of numbers that stay, which count as much as a template: 64 MiB in all."""
_LEAST_KEPT = 16
"""What takes more than one of so many parts gets no number."""

_NUMBER = struct.Struct("<Q")
_BOUND_TAG = bytes([tag(pb.GridGradientRequest, "bound")])
_BOUND_END = len(_BOUND_TAG) + _NUMBER.size
_NUMBERS = pb.GridGradientRequest.NUMBERS_FIELD_NUMBER
_WHOLE = "send the whole request, with bind for another number"

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
        arrays: the SHA-256 of those that it has by that.
        keeps_arrays: whether results are to say that arrays are kept.
        segments: of what must be computed before, and is the only input of this.
        units: names of inputs and components with their units, where the caller named a formula that says them.

    Attributes:
        number: that the answer tells, for later requests; 0 for none.
        met_first: the function that workers meet first.
    """

    def __init__(
        self,
        function: FunctionKey,
        layout: RequestLayout,
        tier: str = "",
        arrays: Sequence[bytes] = (),
        keeps_arrays: bool = False,
        segments: ServerTemplate | None = None,
        units: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.function = function
        self.layout = layout
        self.tier = tier
        self.arrays = arrays
        self.number = 0
        self._keeps_arrays = keeps_arrays
        self.segments = segments
        self._units = units
        self.met_first = segments.function if segments else function

    @functools.cached_property
    def header(self) -> bytes:
        """The serialized ResultHeader, all but its info."""
        units = self.function.named_units(self._units)
        said = pb.ResultHeader(keeps_arrays=self._keeps_arrays, bound=self.number, units=units)
        return self.function.header(self.layout.shape) + said.SerializeToString()

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


class _Numbered:
    """What a number stands for.

    Args:
        owner: may use it.
        template: of the request.
        arrays: the numbers of each array that stay, and None for one whose numbers come.
        sizes: of the arrays whose numbers come, in bytes.
    """

    __slots__ = ("arrays", "head", "owner", "sizes", "template", "weight")

    def __init__(
        self, owner: str, template: ServerTemplate, arrays: Sequence[bytes | None], sizes: Sequence[int]
    ) -> None:
        self.owner = owner
        self.template = template
        self.arrays = arrays
        self.sizes = sizes
        self.head = field_head(_NUMBERS, sum(sizes)) if sum(sizes) else b""
        kept_bytes = sum(len(each) for each in arrays if each is not None)
        self.weight = template.function.weight + kept_bytes // _BYTES_PER_WEIGHT

    def numbers(self, raw: bytes, start: int) -> list[bytes]:
        """The numbers of all arrays, of which those that come lie in a message from start on."""
        sizes, numbers = iter(self.sizes), []
        for kept in self.arrays:
            if kept is None:
                end = start + next(sizes)
                numbers.append(raw[start:end])
                start = end
            else:
                numbers.append(kept)
        return numbers


class RequestCache:
    """The templates that requests name by number.

    Args:
        most: as how many templates with little to keep those may count that are kept.
    """

    def __init__(self, most: int = _MOST_TEMPLATES) -> None:
        self._most_weight = most // _LEAST_KEPT
        self._most = most
        self._numbered = self._empty()

    def find(self, raw: bytes, caller: str) -> tuple[ServerTemplate, list[bytes]] | None:
        """The template and the numbers of a serialized GridGradientRequest that names one; None for any other.

        Args:
            raw: the request. One that is spelled in an unusual way is none; `take` reads it.
            caller: who sent it.

        Raises:
            ForgottenNumberError: there is no such template.
        """
        if not raw.startswith(_BOUND_TAG) or len(raw) < _BOUND_END:
            return None
        numbered = self._get(raw[1:_BOUND_END], caller)
        start = _BOUND_END + len(numbered.head)
        if not raw.startswith(numbered.head, _BOUND_END) or len(raw) - start != sum(numbered.sizes):
            return None
        return numbered.template, numbered.numbers(raw, start)

    def varying(self, raw: bytes, caller: str) -> tuple[int, list[int]] | None:
        """The number that a serialized request names, and which arrays it brings numbers of; None for any other.

        Raises:
            ForgottenNumberError: there is no such template.
        """
        if not raw.startswith(_BOUND_TAG) or len(raw) < _BOUND_END:
            return None
        key = raw[1:_BOUND_END]
        arrays = self._get(key, caller).arrays
        return _NUMBER.unpack(key)[0], [position for position, kept in enumerate(arrays) if kept is None]

    def take(self, message: pb.GridGradientRequest, caller: str) -> tuple[ServerTemplate, list[bytes]]:
        """The template and the numbers of a request that names one, however it is spelled.

        Raises:
            ForgottenNumberError: there is no such template.
            RequestError: its numbers are not those of the template, or it says something beside.
        """
        for field, _ in message.ListFields():
            if field.name not in ("bound", "numbers", "features"):
                raise RequestError(field.name, "something that the number in bound stands for", "leave one of them out")
        numbered = self._get(_NUMBER.pack(message.bound), caller)
        size = sum(numbered.sizes)
        if len(message.numbers) != size:
            found = f"{len(message.numbers)} bytes for {len(numbered.sizes)} arrays of {size}"
            raise RequestError("numbers", found, "send the bytes of each array that is not fixed, one after another")
        return numbered.template, numbered.numbers(message.numbers, 0)

    def give_number(
        self, template: ServerTemplate, inputs: Sequence[DecodedInput], fixed: Sequence[str], caller: str
    ) -> None:
        """Keeps the template of a request that was read, and gives it a number; none where it would take much memory.

        Args:
            template: of the request.
            inputs: of the request.
            fixed: names of inputs whose numbers stay.
            caller: who sent it.

        Raises:
            RequestError: there is no input of such a name.
        """
        names = {given.spec.name for given in inputs}
        for position, name in enumerate(fixed):
            if name not in names:
                found = f"{name!r}, which is no input with numbers"
                raise RequestError(f"fixed[{position}]", found, "name inputs of the request")
        arrays = [(each.spec.name, each.values.data) for each in inputs if isinstance(each.values, DecodedArray)]
        kept = [data if name in fixed else None for name, data in arrays]
        sizes = [len(data) for name, data in arrays if name not in fixed]
        numbered = _Numbered(_owner_of(caller), copy.copy(template), kept, sizes)
        if numbered.weight <= self._most_weight:
            template.number = secrets.randbits(64) | 1
            self._numbered.put(_NUMBER.pack(template.number), numbered, caller)

    def forget(self) -> None:
        """Forgets all numbers, since what they stand for may have changed."""
        self._numbered = self._empty()

    def _empty(self) -> SharedCache[bytes, _Numbered]:
        return SharedCache(self._most, lambda numbered: numbered.weight)

    def _get(self, key: bytes, caller: str) -> _Numbered:
        numbered = self._numbered.get(key, caller)
        if numbered is None or numbered.owner != _owner_of(caller):
            raise ForgottenNumberError("bound", "a number that this server has not given you, or has forgotten", _WHOLE)
        return numbered


def _owner_of(caller: str) -> str:
    """The principal or the host of a caller, whose clients may use each other's numbers if they learn of them."""
    return caller.rpartition(" ")[0]
