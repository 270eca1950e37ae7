"""The arrays of a request that come with their SHA-256, or by it alone: found, checked and put aside."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from gridgrad_core.errors import ForgottenArrayError, RequestError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.arrays.array_store import ArrayStore, HeldArray, KeptArray

__all__ = ["NO_ARRAYS", "HeldArrays", "NamedArrays"]

_DIGEST_BYTES = 32
_LARGE_BYTES = 1 << 12
"""Of an array of a table: then tables are told apart by its SHA-256, whether it was sent or not."""

_HASHED_AT_ONCE = 1 << 20
_REMEDY = "send its numbers too, in data"


class HeldArrays:
    """The arrays of a request that have a SHA-256, which stay while this is referenced.

    Args:
        held: each of them.
        are_named: whether the caller has said the SHA-256 of one.
        input_bytes: of inputs that are not in the message.

    Attributes:
        are_named: the same.
        input_bytes: the same.
    """

    __slots__ = ("_held", "are_named", "input_bytes")

    def __init__(
        self,
        held: Iterable[HeldArray] = (),
        are_named: bool = True,
        input_bytes: int = 0,
    ) -> None:
        self._held = {each.array.digest: each for each in held}
        self.are_named = are_named
        self.input_bytes = input_bytes

    @property
    def digests(self) -> tuple[bytes, ...]:
        """Of all of them."""
        return tuple(self._held)

    def __getitem__(self, digest: bytes) -> KeptArray:
        return self._held[digest].array

    def data_of(self, array: pb.Array) -> bytes:
        """The numbers of an array of the request, however it came."""
        if not array.sha256:
            return array.data
        return self[array.sha256].data or b""  # there are numbers, since it is held


NO_ARRAYS = HeldArrays(are_named=False)


class _Placed(NamedTuple):
    """An array, and where in its message it stands."""

    field: str
    array: pb.Array
    is_of_table: bool

    @property
    def has_digest(self) -> bool:
        """Whether it has a SHA-256, or gets one."""
        return bool(self.array.sha256) or (self.is_of_table and len(self.array.data) > _LARGE_BYTES)


class NamedArrays:
    """Finds what requests name.

    Args:
        store: has it.
    """

    def __init__(self, store: ArrayStore) -> None:
        self._store = store

    async def take(self, message: pb.GridGradientRequest | pb.Plan, caller: str) -> HeldArrays:
        """The arrays of a message that have a SHA-256; their numbers are taken out of it.

        Large arrays of tables get one if they came without.

        Args:
            message: from a caller.
            caller: who has sent it.

        Raises:
            RequestError: a SHA-256 is none, or that of other numbers.
            ForgottenArrayError: an array is named that is not kept.
        """
        taken = [each for each in _arrays_of(message.inputs) if each.has_digest]
        if not taken:
            return NO_ARRAYS
        are_named = any(each.array.sha256 for each in taken)
        held, input_bytes = [], 0
        for field, array, is_of_table in taken:
            is_absent = not array.data
            held.append(await self._taken(field, array, caller))
            input_bytes += held[-1].array.size if is_absent and not is_of_table else 0
        return HeldArrays(held, are_named, input_bytes)

    async def _taken(self, field: str, array: pb.Array, caller: str) -> HeldArray:
        named, data = array.sha256, array.data
        if named and len(named) != _DIGEST_BYTES:
            raise RequestError(f"{field}.sha256", f"{len(named)} bytes", f"send the {_DIGEST_BYTES} of a SHA-256")
        if not data:
            return self._found(field, named, caller)
        digest = await _sha256(data)
        array.ClearField("data")
        array.sha256 = digest
        if not named:
            return self._store.held(digest, data)
        if named != digest:
            found = f"{named.hex()[:16]}…, but that of the numbers is {digest.hex()[:16]}…"
            raise RequestError(f"{field}.sha256", found, "send the SHA-256 of data, or none")
        return self._store.keep(digest, data, caller)

    def hold(self, digests: Sequence[bytes], caller: str) -> HeldArrays:
        """Arrays that a caller names.

        Raises:
            ForgottenArrayError: one is not kept.
        """
        return HeldArrays([self._found("inputs", digest, caller) for digest in digests])

    def are_kept(self, digests: Iterable[bytes], caller: str) -> bool:
        """Whether a caller could name arrays."""
        return all(self._store.find(digest, caller) is not None for digest in digests)

    def _found(self, field: str, digest: bytes, caller: str) -> HeldArray:
        array = self._store.find(digest, caller)
        if array is None:
            found = f"the array {digest.hex()[:16]}…, which this server does not keep"
            raise ForgottenArrayError(field, found, _REMEDY)
        return array.hold()


def _arrays_of(inputs: Iterable[pb.Input | pb.PlanInput]) -> Iterator[_Placed]:
    for position, each in enumerate(inputs):
        field = f"inputs[{position}]"
        if isinstance(each, pb.Input) and each.HasField("array"):
            yield _Placed(f"{field}.array", each.array, is_of_table=False)
        elif each.HasField("table"):
            yield _Placed(f"{field}.table.values", each.table.values, is_of_table=True)
            for axis, knots in enumerate(each.table.knots):
                yield _Placed(f"{field}.table.knots[{axis}]", knots, is_of_table=True)


async def _sha256(data: bytes) -> bytes:
    """The SHA-256 of numbers, piece by piece, so that nobody waits for that of large ones."""
    hashed, view = hashlib.sha256(), memoryview(data)
    for start in range(0, len(data), _HASHED_AT_ONCE):
        if start:
            await asyncio.sleep(0)
        hashed.update(view[start : start + _HASHED_AT_ONCE])
    return hashed.digest()
