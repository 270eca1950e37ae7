"""Lanes: calls that come over memory which callers share with this worker, and are answered there by compiled code.

The server opens a lane, says what a call in each of its slots computes, and closes it; what goes through it the server
learns from the lane's account. `cpp/lanes.h` answers the calls, `gridgrad_core.system.lane_layout` says what lies
where.

Invariants:
* Compiled code holds addresses in slots that are mapped as long as their lane is open.
* Of what a lane's caller can write, nothing is used as an address, a size or a count.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Sequence
from typing import NamedTuple

from gridgrad_core.errors import InternalError
from gridgrad_core.system import lane_layout
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.slots import MappedSlots
from gridgrad_worker.engines.compiled.runtime.library import Library
from gridgrad_worker.engines.compiled.runtime.request_template import BatchTemplate, TileCall, batch_template

__all__ = ["MOST_LANES", "CallLanes"]

MOST_LANES = 256

_OTHER = 1


class _Copy(ctypes.Structure):
    _fields_ = (("source", ctypes.c_void_p), ("target", ctypes.c_void_p), ("size", ctypes.c_int64))


class _Slot(ctypes.Structure):
    _fields_ = (
        ("batch", ctypes.c_void_p),
        ("copies", ctypes.c_void_p),
        ("copy_count", ctypes.c_int64),
        ("cost", ctypes.c_int64),
        ("points", ctypes.c_int64),
        ("answered", ctypes.c_uint32),
    )


class _Lane(ctypes.Structure):
    _fields_ = (
        ("is_asleep", ctypes.c_void_p),
        ("may_spin", ctypes.c_void_p),
        ("is_waiting", ctypes.c_void_p),
        ("requests", ctypes.c_void_p),
        ("answers", ctypes.c_void_p),
        ("outcomes", ctypes.c_void_p),
        ("seconds", ctypes.c_void_p),
        ("account", ctypes.c_void_p),
        ("slots", ctypes.c_void_p),
        ("slot_count", ctypes.c_int64),
        ("bell", ctypes.c_int32),
        ("is_over", ctypes.c_int32),
        ("called_at", ctypes.c_double),
    )


class _Kept(NamedTuple):
    """What compiled code reads for a slot."""

    call: TileCall
    template: BatchTemplate
    copies: ctypes.Array[_Copy]


class _OpenLane:
    """A lane that is open."""

    def __init__(self, bell: int, lane_address: int, account_address: int) -> None:
        self.bell = bell
        self.slots = (_Slot * lane_layout.MOST_SLOTS)()
        self.kept: dict[int, _Kept] = {}
        at = lane_address
        self.lane = _Lane(
            is_asleep=at + lane_layout.IS_ASLEEP,
            may_spin=at + lane_layout.MAY_SPIN,
            is_waiting=at + lane_layout.IS_WAITING,
            requests=at + lane_layout.REQUESTS,
            answers=at + lane_layout.ANSWERS,
            outcomes=at + lane_layout.OUTCOMES,
            seconds=at + lane_layout.SECONDS,
            account=account_address,
            slots=ctypes.addressof(self.slots),
            bell=bell,
        )

    def bind(self, slot: int, kept: _Kept, cost: int, points: int) -> None:
        self.kept[slot] = kept
        self.slots[slot] = _Slot(
            ctypes.addressof(kept.template), ctypes.addressof(kept.copies), len(kept.copies), cost, points, 0
        )
        self.lane.slot_count = max(self.lane.slot_count, slot + 1)


class CallLanes:
    """The lanes of one worker.

    Args:
        slots: memory shared with the server.
    """

    def __init__(self, slots: MappedSlots) -> None:
        self._slots = slots
        self._open: dict[int, _OpenLane] = {}
        self._addresses = (ctypes.c_void_p * 0)()
        self._library: Library | None = None

    def __len__(self) -> int:
        return len(self._open)

    def answer(self, socket: int, timeout_s: float | None = None) -> bool:
        """Answers calls, and batches that are known, until anything else is there; False when nothing is for so long.

        Args:
            socket: to the server; its descriptor.
            timeout_s: None for ever.
        """
        if self._library is None:
            return True
        timeout_ms = -1 if timeout_s is None else int(1000 * timeout_s)
        address = ctypes.addressof(self._addresses)
        heard = self._library.answer_lanes(socket, address, len(self._addresses), timeout_ms)
        return bool(heard == _OTHER)

    def bind(self, request: pb.BindLane, calls: Sequence[TileCall], bell: int | None) -> None:
        """Takes calls in some slots of a lane from now on.

        Args:
            request: says what they are.
            calls: for each of the slots what computes it.
            bell: the descriptor that came with the first request for the lane, which is this object's to close.

        Raises:
            InternalError: something does not lie where it should.
        """
        private, lane = (slot.id for slot in request.batch.slots)
        if bell is not None:
            self._open_lane(lane, private, bell)
        opened, last = self._open[lane], request.first_slot + len(calls)
        if last > lane_layout.MOST_SLOTS:
            raise InternalError("bind_lane.slots", f"slot {last - 1}", "please report it")
        for number, call in enumerate(calls):
            kept = _Kept(call, batch_template(b"", call, b""), self._copies(request, number, private))
            opened.bind(request.first_slot + number, kept, request.cost, request.points)
        self._library = self._library or calls[0].library

    def _open_lane(self, lane: int, private: int, bell: int) -> None:
        control = self._slots.address(lane, 0, lane_layout.CONTROL_BYTES)
        account = self._slots.address(private, 0, lane_layout.CONTROL_BYTES)
        self._open[lane] = _OpenLane(bell, control, account)
        self._list()

    def _copies(self, request: pb.BindLane, number: int, private: int) -> ctypes.Array[_Copy]:
        forth, on = number * request.lane_stride, number * request.inputs_stride
        copies = [
            _Copy(
                self._slots.address(request.lane, forth + each.lane_offset, each.size),
                self._slots.address(private, on + each.offset, each.size),
                each.size,
            )
            for each in request.copies
        ]
        return (_Copy * len(copies))(*copies)

    def close(self, lane: int) -> None:
        """Takes no more calls from a lane, and lets its caller know by the end of its bell."""
        opened = self._open.pop(lane, None)
        if opened is not None:
            with contextlib.suppress(OSError):
                os.close(opened.bell)
            self._list()

    def _list(self) -> None:
        lanes = [ctypes.addressof(each.lane) for each in self._open.values()]
        self._addresses = (ctypes.c_void_p * len(lanes))(*lanes)
