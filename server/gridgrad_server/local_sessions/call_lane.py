"""The lane of a session: calls that its caller hands to a worker in shared memory, and that this server only watches.

Invariants:
* The caller has the lane's memory and one end of its bell; the worker has these too, and the account, which the caller
  has not. Of what the caller can write the server reads nothing.
* What a call computes, and where its numbers and its result lie, the server says to the worker.
* Calls cost no more than the budget in the account; beyond, and once the lane is closed, they come to the server.
* Nothing in the memory is used for anything else when the lane is closed.
"""

from __future__ import annotations

import contextlib
import math
import socket
import struct
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gridgrad_core.system import lane_layout
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.fields import field_head
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.memory.slots import Slot, SlotPool
from gridgrad_server.requests.request_cache import ServerTemplate
from gridgrad_server.requests.result_info import ComputedBy
from gridgrad_server.requests.result_layout import aligned
from gridgrad_server.scheduling.worker_messages import function_field
from gridgrad_server.workers.process import WorkerProcess

__all__ = ["LANE_BYTES", "CallLane", "LaneCall", "LaneUse"]

LANE_BYTES = 1 << 21
"""Of a lane, its control words included."""
_INPUTS_BYTES = 1 << 20
_ACCOUNT = struct.Struct("<dqqqdqq")
_ALLOWED = struct.Struct("<qq")
_ALLOWED_AT = 48
_UNLIMITED = (1 << 63) - 1

_BATCH = wpb.BindLane.BATCH_FIELD_NUMBER
_BIND = wpb.ServerMessage.BIND_LANE_FIELD_NUMBER


class LaneUse(NamedTuple):
    """What went through a lane: calls, what they cost, their points, and the seconds that they took."""

    calls: int = 0
    cost: int = 0
    points: int = 0
    seconds: float = 0.0

    def since(self, earlier: LaneUse) -> LaneUse:
        """What came after."""
        return LaneUse(
            self.calls - earlier.calls,
            self.cost - earlier.cost,
            self.points - earlier.points,
            self.seconds - earlier.seconds,
        )


class LaneCall(NamedTuple):
    """What calls of one number share.

    Args:
        bound: the number.
        template: of the calls.
        numbers: of each array, those that vary among them.
        varying: the arrays whose numbers each call brings, by position.
    """

    bound: int
    template: ServerTemplate
    numbers: Sequence[bytes]
    varying: Sequence[int]

    @property
    def numbers_bytes(self) -> int:
        """That each call brings."""
        return sum(len(self.numbers[position]) for position in self.varying)

    @property
    def cost(self) -> int:
        """Of a call."""
        return self.template.layout.points * self.template.layout.point_cost


class _Binding(NamedTuple):
    """Slots that compute the same; also the `LaneBinding` that a worker is told.

    Args:
        lane: it is in.
        call: that goes there.
        grant: what its caller is told.
        inputs: where in the private memory the inputs of the first slot lie.
        brings_bell: whether the worker has no end of the bell yet.
    """

    lane: CallLane
    call: LaneCall
    grant: pb.LaneGrant
    inputs: int
    brings_bell: bool

    @property
    def regions(self) -> Sequence[Slot]:
        """The private memory, then the lane's."""
        return self.lane.private, self.lane.memory

    @property
    def descriptors(self) -> Sequence[int]:
        """The worker's end of the bell, the first time."""
        return self.lane.bells[1:] if self.brings_bell else ()

    def message(self, regions: Sequence[bytes], plan: wpb.Plan | None, forget: Sequence[int]) -> bytes:
        """The serialized ServerMessage."""
        template, grant = self.call.template, self.grant
        where = (self.lane.private.number, self.inputs), (self.lane.number, grant.result_offset, 0)
        tile = template.tile_field(template.layout.whole, *where, "compiled")
        fields = [function_field(template.function.number, False), *regions, tile]
        if plan or forget:
            fields.append(wpb.Batch(plan=plan, forget_plans=forget).SerializeToString())
        batch, rest = b"".join(fields), self._rest().SerializeToString()
        body = b"".join((field_head(_BATCH, len(batch)), batch, rest))
        return field_head(_BIND, len(body)) + body

    def _rest(self) -> wpb.BindLane:
        layout, grant = self.call.template.layout, self.grant
        bind = wpb.BindLane(
            lane=self.lane.number,
            first_slot=grant.first_slot,
            slots=grant.slots,
            inputs_stride=layout.inputs_bytes,
            lane_stride=grant.stride,
            cost=self.call.cost,
            points=layout.points,
            bell_attached=self.brings_bell,
        )
        offset = grant.numbers_offset
        for position in self.call.varying:
            size = len(self.call.numbers[position])
            bind.copies.add(lane_offset=offset, offset=self.inputs + layout.input_offsets[position], size=size)
            offset += size
        return bind


class CallLane:
    """The lane of one session.

    Args:
        worker: that its calls go to.
        pool: numbers its memory.
        on_bound: called with each grant, and the descriptors to send with the first.
        on_closed: called once when it is closed.

    Raises:
        OSError: there is no memory or no descriptor for it.

    Attributes:
        number: of the region that it is.
        memory: the same.
        private: memory that the caller does not have: the account, then inputs.
        bells: the ends of the bell that are here, the caller's and the worker's, until they are sent.
        called_at: when it was last seen that there were calls, by time.monotonic.
        is_open: whether calls can go there.
    """

    def __init__(
        self,
        worker: WorkerProcess,
        pool: SlotPool,
        on_bound: Callable[[pb.LaneGrant, Sequence[int]], None],
        on_closed: Callable[[CallLane], None],
    ) -> None:
        with contextlib.ExitStack() as undo:
            self.memory = Slot(pool.new_number(), LANE_BYTES, pool)
            undo.callback(self.memory.close)
            self.private = Slot(pool.new_number(), _INPUTS_BYTES, pool)
            undo.callback(self.private.close)
            self._ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            undo.pop_all()
        self.number = self.memory.number
        self.worker = worker
        self.called_at = 0.0
        self.is_open = True
        self.bells = [end.fileno() for end in self._ends]
        self._pool = pool
        self._on_bound = on_bound
        self._on_closed = on_closed
        self._asked: dict[int, _Binding] = {}
        self._is_granted = self._is_sent = False
        self._used = LaneUse()
        self._slots, self._top, self._inputs_top = 0, lane_layout.CONTROL_BYTES, lane_layout.CONTROL_BYTES
        worker.lanes.add(self)

    def bind(self, call: LaneCall, slots: int) -> bool:
        """Asks the worker to take calls; whether there is room for them."""
        layout = call.template.layout
        offset = aligned(call.numbers_bytes)
        stride = offset + aligned(layout.total_bytes)
        slots = min(
            slots,
            lane_layout.MOST_SLOTS - self._slots,
            (self.memory.size - self._top) // max(stride, 1),
            (self.private.size - self._inputs_top) // max(layout.inputs_bytes, 1),
        )
        if slots < 1 or not self.is_open:
            return False
        grant = pb.LaneGrant(
            bound=call.bound,
            slots=slots,
            first_slot=self._slots,
            numbers_offset=self._top,
            numbers_bytes=call.numbers_bytes,
            result_offset=self._top + offset,
            result_bytes=layout.total_bytes,
            stride=stride,
        )
        by = ComputedBy(1, "structured", "compiled", self.worker.device)
        grant.info.MergeFromString(call.template.function.info(by))
        binding = _Binding(self, call, grant, self._inputs_top, not self._is_sent)
        for slot in range(slots):
            self._write(call, self._inputs_top + slot * layout.inputs_bytes)
        self._slots, self._top = self._slots + slots, self._top + slots * stride
        self._inputs_top += slots * layout.inputs_bytes
        self._asked[grant.first_slot] = binding
        self._is_sent = True
        self.worker.bind_lane(call.template.function, binding)
        return True

    def _write(self, call: LaneCall, start: int) -> None:
        for offset, data in zip(call.template.layout.input_offsets, call.numbers, strict=True):
            self.private.view[start + offset : start + offset + len(data)] = data

    def bound(self, first_slot: int, is_bound: bool) -> None:
        """Takes in whether the worker takes calls of these slots, and tells the caller."""
        binding = self._asked.pop(first_slot, None)
        if not self.is_open:
            self._release()
        elif binding is not None:
            grant, descriptors = pb.LaneGrant(bound=binding.call.bound), list[int]()
            if is_bound:
                grant = binding.grant
                if not self._is_granted:
                    self._is_granted = True
                    grant.memory_bytes, descriptors = self.memory.size, [self.memory.descriptor, self.bells[0]]
            self._on_bound(grant, descriptors)

    def allow(self, cost: float, spinners: int) -> None:
        """Lets calls go on until they have cost so much more than they have until now.

        Args:
            cost: points x components x (1 + derivatives).
            spinners: how many processes may wait busily for calls and answers.
        """
        most = _UNLIMITED if cost == math.inf else self._use().cost + int(cost)
        _ALLOWED.pack_into(self.private.view, _ALLOWED_AT, most, spinners)

    def take_use(self) -> LaneUse:
        """What went through it since this was asked last."""
        now = self._use()
        new, self._used = now.since(self._used), now
        if new.calls:
            self.called_at = time.monotonic()
        return new

    def _use(self) -> LaneUse:
        return LaneUse(*_ACCOUNT.unpack_from(self.private.view)[1:5])

    @property
    def busy_since(self) -> float:
        """Since when the worker is at a call of it, by time.monotonic; 0 while it is at none."""
        since: float = _ACCOUNT.unpack_from(self.private.view)[0]
        return since

    def close(self) -> None:
        """Takes it away; calls go to the server."""
        if self.is_open:
            self.worker.lanes.close(self)
            self._end()

    def lost(self) -> None:
        """Takes in that the worker is no more."""
        self._asked.clear()
        if self.is_open:
            self._end()
        else:
            self._release()

    def _end(self) -> None:
        self._on_closed(self)  # which takes the last use
        self.is_open = False
        self._release()

    def _release(self) -> None:
        """Gives back what it has, once no message waits with its descriptors."""
        if self._asked:
            return
        self.worker.lanes.remove(self)
        for end in self._ends:
            end.close()
        for region in (self.memory, self.private):
            region.close()
            self._pool.dropped(region.number)
