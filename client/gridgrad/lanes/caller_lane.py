"""The lane of a session in the client: memory by which calls go to a worker and back without the server.

Does no waiting itself. `gridgrad_core.system.lane_layout` says what lies where.

Invariants:
* A slot takes a call only when the one before it was answered, whether or not anybody still waited for that, and its
  result was copied out or given up.
* Of what the memory holds nothing is used as an address or a size.
"""

from __future__ import annotations

import math
import mmap
import os
import socket
import struct
import time

import numpy as np

from gridgrad.arguments.inputs import FloatArray
from gridgrad.protocol.response_cache import ResponseTemplate
from gridgrad.requests.prepare import PreparedCall
from gridgrad.results.result import Result
from gridgrad_core.system import lane_layout, shared_memory
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.fields import tag
from gridgrad_core.wire.parse import broken

__all__ = ["PATIENCE_S", "RING_AGAIN_S", "CallerLane", "LaneSlots"]

SPIN_S = 30e-6
"""How long an answer is waited for busily, at most."""
CLOSE_S = 200e-6
"""After the last answer, within which a call is so close that it is."""
RING_AGAIN_S = 1e-3
PATIENCE_S = 0.05
"""After which a call goes to the server: the worker may be at something long, and others may be free."""
_LOOKS, _BEST_LUCK, _TRY_AFTER, _TRY_MUCH_LATER = 8, 8, 32, 2048
_PUT_ASIDE_S = 100e-6

_TIMES = struct.Struct("<BdBd")
_QUEUE_TAG, _COMPUTE_TAG = tag(pb.Info, "queue_s"), tag(pb.Info, "compute_s")
_ANSWERS, _REQUESTS, _OUTCOMES = (
    start // 4 for start in (lane_layout.ANSWERS, lane_layout.REQUESTS, lane_layout.OUTCOMES)
)
_SECONDS, _MAY_SPIN = lane_layout.SECONDS // 8, lane_layout.MAY_SPIN // 4
_IS_ASLEEP, _IS_WAITING = lane_layout.IS_ASLEEP // 4, lane_layout.IS_WAITING // 4
_RING = 1 << 32


class LaneSlots:
    """The slots of the calls of one number.

    Args:
        grant: says where they are.
    """

    __slots__ = ("first", "info", "last", "numbers_bytes", "numbers_offset", "result_bytes", "result_offset", "stride")

    def __init__(self, grant: pb.LaneGrant) -> None:
        self.first = grant.first_slot
        self.last = grant.first_slot + grant.slots
        self.numbers_offset = grant.numbers_offset
        self.numbers_bytes = grant.numbers_bytes
        self.result_offset = grant.result_offset
        self.result_bytes = grant.result_bytes
        self.stride = grant.stride
        self.info = grant.info.SerializeToString()

    def fits(self, memory_bytes: int) -> bool:
        """Whether they lie in the memory."""
        on = (self.last - self.first - 1) * self.stride
        ends = self.numbers_offset + self.numbers_bytes + on, self.result_offset + self.result_bytes + on
        starts = self.numbers_offset, self.result_offset
        in_memory = min(starts) >= lane_layout.CONTROL_BYTES and max(ends) <= memory_bytes
        return in_memory and self.last <= lane_layout.MOST_SLOTS and self.result_offset % 8 == 0


class CallerLane:
    """The memory of a lane.

    Args:
        descriptor: of the sealed memfd; the caller closes it.
        size: in bytes.
        bell: the descriptor of this end of the bell; the caller closes it.

    Attributes:
        bell: the same end, with a descriptor of its own.

    Raises:
        InternalError: the memory could shrink, and using it so end the process.
        OSError, ValueError: it can't be mapped.
    """

    def __init__(self, descriptor: int, size: int, bell: int) -> None:
        if not shared_memory.is_sealed(descriptor) or size < lane_layout.CONTROL_BYTES:
            raise broken("a lane without seals")
        self._size = size
        self._map = mmap.mmap(descriptor, size)
        self.bell = socket.socket(fileno=os.dup(bell))
        control = memoryview(self._map)[: lane_layout.CONTROL_BYTES]
        self._words, self._seconds = control.cast("I"), control.cast("d")
        self._asked = [0] * lane_layout.MOST_SLOTS
        self._slots: dict[int, LaneSlots] = {}
        self._by_slot: dict[int, LaneSlots] = {}
        self._taken: set[int] = set()
        self._answered_at = 0.0
        self._luck, self._tries_after = _BEST_LUCK, 0

    def add(self, grant: pb.LaneGrant) -> None:
        """Takes in where the calls of a number go.

        Raises:
            InternalError: that is not in the memory.
        """
        slots = LaneSlots(grant)
        if not slots.fits(self._size):
            raise broken("slots outside of their lane")
        self._slots[grant.bound] = slots
        self._by_slot.update(dict.fromkeys(range(slots.first, slots.last), slots))

    def begin(self, call: PreparedCall) -> int | None:
        """Hands a call to the worker; the number of its slot, or None where it has to go another way."""
        number = call.number
        slots = None if number is None else self._slots.get(number.bound)
        if number is None or slots is None or not isinstance(call.template.response, ResponseTemplate):
            return None
        words, asked = self._words, self._asked
        for slot in range(slots.first, slots.last):
            if words[_ANSWERS + slot] == asked[slot] and slot not in self._taken:
                break
        else:
            return None
        numbers = number.numbers(call)
        if len(numbers) != slots.numbers_bytes:
            return None
        start = slots.numbers_offset + (slot - slots.first) * slots.stride
        self._map[start : start + len(numbers)] = numbers
        asked[slot] = words[_REQUESTS + slot] = (asked[slot] + 1) % _RING
        self._taken.add(slot)
        return slot

    def leave(self, slot: int) -> None:
        """Lets a slot take another call, once it has answered this one: its result is taken, or given up."""
        self._taken.discard(slot)

    def is_answered(self, slot: int) -> bool:
        """Whether the call in a slot is."""
        return self._words[_ANSWERS + slot] == self._asked[slot]

    def is_answered_soon(self, slot: int, now: float) -> bool:
        """Whether the call in a slot is answered before it is worth while to sleep.

        Waits for that busily, and keeps other threads from running, if calls come close together, there are processors
        for it, and that has mostly been of use, as it is not where both sides share one.

        Args:
            slot: of the call.
            now: by time.perf_counter.
        """
        words, asked, place = self._words, self._asked[slot], _ANSWERS + slot
        if now - self._answered_at > CLOSE_S or not words[_MAY_SPIN]:
            return bool(words[place] == asked)
        if not self._luck:
            self._tries_after -= 1
            if self._tries_after > 0:
                return bool(words[place] == asked)
            self._tries_after = _TRY_AFTER
        until = now + SPIN_S
        while (seen_at := time.perf_counter()) < until:
            for _ in range(_LOOKS):
                if words[place] == asked:
                    self._luck = min(self._luck + 1, _BEST_LUCK)
                    return True
        self._luck = max(self._luck - 1, 0)
        if seen_at > until + _PUT_ASIDE_S:  # others want the processor
            self._luck, self._tries_after = 0, _TRY_MUCH_LATER
        return False

    @property
    def is_asleep(self) -> bool:
        """Whether the worker has to be rung."""
        return bool(self._words[_IS_ASLEEP])

    def say_waiting(self, is_waiting: bool) -> None:
        """Has the worker ring when it has answered, or not."""
        self._words[_IS_WAITING] = is_waiting

    def result(self, slot: int, call: PreparedCall) -> Result | None:
        """The result in a slot whose call is answered; None where the call has to go another way."""
        template = call.template.response
        slots = self._by_slot.get(slot)
        self._answered_at = time.perf_counter()
        if slots is None or self._words[_OUTCOMES + slot] != lane_layout.DONE:
            return None
        if not isinstance(template, ResponseTemplate):
            return None
        layout = template.layout
        if math.prod(layout.shape) * layout.dtype.itemsize != slots.result_bytes:
            return None
        start = slots.result_offset + (slot - slots.first) * slots.stride
        view: FloatArray = np.ndarray(layout.shape, layout.dtype, self._map, start)
        if call.request.out is None:
            view = view.copy()
            view.flags.writeable = False
        info = _TIMES.pack(_QUEUE_TAG, 0.0, _COMPUTE_TAG, self._seconds[_SECONDS + slot]) + slots.info
        return template.result(view, info, call)

    def close(self) -> None:
        """Leaves it: the worker learns of that by the end of its bell."""
        self._slots.clear()
        self._by_slot.clear()
        self.bell.close()
