"""Calls by number: what calls share travels once, and is named from then on by a number that the server has given.

A server gives a number with the answer to a request that asks for one. A call whose template is met for the second
time asks; the next ones carry the number and their own numbers. A server that has forgotten it, or was started anew,
says so, and the client sends the whole within the same call; what is forgotten again and again is asked for ever less
often.

Safe for threads: what one overwrites of another is asked for again.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Hashable, Mapping
from typing import Protocol

from gridgrad.requests.template_cache import RequestTemplate
from gridgrad_core.bounded_dict import BoundedDict
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.fields import field_head, tag

__all__ = ["CallNumber", "CallNumbers"]

_KEPT = 512
_WORTH_IT = 64
"""Calls by one number that show that the server does not forget all the time."""
_MOST_DOUBLINGS = 12

_BOUND = struct.Struct("<BQ")
_BOUND_TAG = tag(pb.GridGradientRequest, "bound")
_NUMBERS = pb.GridGradientRequest.NUMBERS_FIELD_NUMBER


class _Call(Protocol):
    """What a call is sent from; a `PreparedCall` has it."""

    @property
    def template(self) -> RequestTemplate: ...
    @property
    def numbers(self) -> tuple[bytes, ...]: ...
    @property
    def tables(self) -> Hashable: ...
    @property
    def input_digests(self) -> Mapping[int, bytes]: ...
    @property
    def whole(self) -> bytes: ...


class CallNumber:
    """What is known of the number of what calls share.

    Args:
        template: of the calls.
        fixed: the places of inputs whose numbers they share.

    Attributes:
        bound: the number; 0 where the server has given none.
    """

    __slots__ = ("_asks", "_doublings", "_head", "_picked", "_rest", "_size", "_uses", "bound")

    def __init__(self, template: RequestTemplate, fixed: Collection[int] = ()) -> None:
        inputs, varying = template.inputs, template.varying
        arrays = [position for position, kind in enumerate(inputs) if kind.dtype]
        picked = [position for position in (arrays if varying is None else varying) if position not in fixed]
        names = [inputs[position].spec.name for position in arrays if position not in picked]
        self._picked = None if len(picked) == len(inputs) else picked
        self._size = sum(inputs[position].nbytes for position in picked)
        self._asks = pb.GridGradientRequest(bind=True, fixed=names).SerializeToString()
        self._head, self.bound = b"", 0
        self._rest = 1 if varying is None else 0
        self._doublings = self._uses = 0

    def message(self, call: _Call) -> bytes:
        """The serialized GridGradientRequest of a call."""
        head = self._head
        if head:
            self._uses += 1
            return head + self.numbers(call)
        if self._rest:
            self._rest -= 1
            return call.whole
        self._wait_longer()
        return self._asks + call.whole

    def numbers(self, call: _Call) -> bytes:
        """The numbers that a call brings."""
        picked = self._picked
        return b"".join(call.numbers if picked is None else [call.numbers[each] for each in picked])

    def given(self, number: int) -> None:
        """Takes in a number that came with an answer."""
        self.bound = number
        self._head = _BOUND.pack(_BOUND_TAG, number) + (field_head(_NUMBERS, self._size) if self._size else b"")

    def forget(self) -> None:
        """Takes in that the server does not know the number."""
        self._head, self.bound = b"", 0
        if self._uses > _WORTH_IT:
            self._doublings = 0
        self._uses = 0
        self._wait_longer()

    def _wait_longer(self) -> None:
        """Lets twice as many calls go whole before a number is asked for as the last time."""
        self._rest = (1 << self._doublings) - 1
        self._doublings = min(self._doublings + 1, _MOST_DOUBLINGS)


class CallNumbers:
    """The numbers that one server has given.

    Args:
        are_asked_for: whether any are; not where calls go to one of several servers each time.
    """

    def __init__(self, are_asked_for: bool) -> None:
        self._are_asked_for = are_asked_for
        self._known: BoundedDict[Hashable, CallNumber] = BoundedDict(_KEPT)

    def of(self, call: _Call) -> CallNumber | None:
        """The number of what a call shares with others; None where there are none.

        Arrays that have come before are among what it stands for, and so are told apart by their SHA-256.
        """
        if not self._are_asked_for:
            return None
        template = call.template
        key: Hashable = template
        if template.varying is None and (call.tables or b"" in template.input_heads):
            spaced = [each for each, head in zip(call.numbers, template.input_heads, strict=True) if not head]
            key = template, call.tables, *spaced
        if call.input_digests:
            key = key, *call.input_digests.items()
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = CallNumber(template, call.input_digests)
        return number
