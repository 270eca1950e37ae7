"""Forms: what requests share that differ in their numbers alone, so that a request need not be read twice.

A caller in a loop sends the same bytes again and again but for the numbers in its arrays. Those bytes,
and where the numbers lie between them, are remembered with all that follows from them.

Invariants:
* A request has a form only if its bytes, but for the numbers of its arrays, are those of a request that was
  read and checked in full. The numbers take no part in that reading, so that both mean the same.
* What is kept is bounded in number and in bytes, whoever calls.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from gridgrad_core.errors import RequestError
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.requests.decode import Given, Linspace
from gridgrad_server.requests.function_key import Plan
from gridgrad_server.requests.size_guard import Span, array_spans
from gridgrad_server.requests.tiles import Box

__all__ = ["Form", "Forms", "aligned"]

_ALIGNMENT = 64
_MOST_FORMS = 1024
_MOST_SPELLINGS = 4
_MOST_SPELLED_BYTES = 1 << 12


class Form:
    """What follows from a request but for its numbers.

    Args:
        plan: its plan.
        shape: of its grid.
        inputs: one for each of the plan's.
        grids: how many grids it is for: more than one for a pack.
        tier: "direct" or "compiled" where the caller wants that and no other, else empty.

    Attributes:
        points: how many a grid has.
        offsets: where the numbers of each array go, counted from where the inputs begin.
        inputs_bytes: how much memory the inputs take, a multiple of 64.
        result_bytes: the size of the result of a grid.
        stride: how far apart the results of the grids of a pack lie.
        whole: a grid as a box.
    """

    def __init__(
        self, plan: Plan, shape: Sequence[int], inputs: Sequence[Given], tier: str = "", grids: int = 1
    ) -> None:
        self.plan = plan
        self.tier = tier
        self.shape = tuple(shape)
        self.grids = grids
        self.points = math.prod(shape)
        self.result_bytes = self.points * plan.planes * plan.itemsize
        self.stride = aligned(self.result_bytes)
        message = wpb.PieceLayout()
        self.offsets: list[int] = []
        self.inputs_bytes = 0
        for given in inputs:
            self._add(message.inputs.add(), given)
        self._inputs = message.SerializeToString()
        self.whole = Box((0,) * len(self.shape), self.shape, 0, self.points)

    def _add(self, target: wpb.PieceInput, given: Given) -> None:
        values = given.values
        if isinstance(values, Linspace):
            target.linspace.CopyFrom(wpb.Linspace(start=values.start, stop=values.stop, num=values.num))
            return
        target.array.CopyFrom(
            wpb.SlotArray(offset=self.inputs_bytes, shape=given.spec.shape, dtype=values.dtype, stacked=values.stacked)
        )
        self.offsets.append(self.inputs_bytes)
        self.inputs_bytes += aligned(len(values.data))

    def layout(self, box: Box) -> bytes:
        """The PieceLayout of a box of the grid, as the worker reads it."""
        return self._whole_layout if box.shape == self.shape else self._layout(box)

    @functools.cached_property
    def _whole_layout(self) -> bytes:
        return self._layout(self.whole)

    @functools.cached_property
    def header(self) -> bytes:
        """The serialized ResultHeader, all but its info."""
        return self.plan.header(self.shape)

    def _layout(self, box: Box) -> bytes:
        return self._inputs + _box_message(box.start, box.shape)  # serialized messages that are joined merge


def aligned(size: int) -> int:
    """The next multiple of 64: what lies in a slot begins at one."""
    return -(-size // _ALIGNMENT) * _ALIGNMENT


def _box_message(start: Sequence[int], shape: Sequence[int]) -> bytes:
    return wpb.PieceLayout(start=start, shape=shape).SerializeToString()


class _Spelling(NamedTuple):
    """Where in requests of one length the numbers lie, and the forms by the bytes beside them."""

    numbers: list[Span]
    beside: list[Span]
    forms: dict[bytes, Form]

    def bytes_beside(self, raw: bytes) -> bytes:
        return b"".join([raw[start:end] for start, end in self.beside])


class Forms:
    """The forms of the requests seen last."""

    def __init__(self) -> None:
        self._spellings: dict[int, list[_Spelling]] = {}
        self._count = 0

    def find(self, raw: bytes) -> tuple[Form, list[bytes]] | None:
        """The form of a serialized GridGradientRequest, and the numbers of its arrays; None if it is not known."""
        for spelling in self._spellings.get(len(raw), ()):
            form = spelling.forms.get(spelling.bytes_beside(raw))
            if form is not None:
                return form, [raw[start:end] for start, end in spelling.numbers]
        return None

    def learn(self, raw: bytes, form: Form, data: Sequence[bytes]) -> None:
        """Remembers the form of a request that was read.

        Args:
            raw: the serialized GridGradientRequest.
            form: its form.
            data: the numbers of its arrays.
        """
        numbers = _spans_of(raw, data)
        if numbers is None or len(raw) - sum(map(len, data)) > _MOST_SPELLED_BYTES:
            return
        if self._count >= _MOST_FORMS:
            self._spellings.clear()
            self._count = 0
        spelling = self._spelling(raw, numbers)
        spelling.forms[spelling.bytes_beside(raw)] = form
        self._count += 1

    def _spelling(self, raw: bytes, numbers: list[Span]) -> _Spelling:
        known = self._spellings.setdefault(len(raw), [])
        for spelling in known:
            if spelling.numbers == numbers:
                return spelling
        edges = [0, *itertools.chain.from_iterable(numbers), len(raw)]
        known.insert(0, _Spelling(numbers, list(zip(edges[::2], edges[1::2], strict=True)), {}))
        del known[_MOST_SPELLINGS:]
        return known[0]


def _spans_of(raw: bytes, data: Sequence[bytes]) -> list[Span] | None:
    """Where the numbers of each array lie; None where a request is spelled so oddly that it can't be told."""
    try:
        spans = array_spans(raw)
    except RequestError:
        return None
    # An array with numbers has a span at least; so, where there are as many and all fit, each has its own
    if len(spans) != len(data) or any(raw[start:end] != own for (start, end), own in zip(spans, data, strict=True)):
        return None
    return spans
