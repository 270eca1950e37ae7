"""The lanes of all sessions: who may have one, on which worker, what goes through them, and when they end.

A lane's calls come to no handler here. So what they were is read from the lanes' accounts now and then: it is counted
and charged as if they had come, and what they may cost until the next look is allowed in advance.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from gridgrad_core.system.lane_layout import keeps_order
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.access.quotas import Quotas, owner_of
from gridgrad_server.config.device_choice import threads_for
from gridgrad_server.local_sessions.call_lane import CallLane, LaneCall
from gridgrad_server.memory.slots import SlotPool
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.scheduling.observer import OK, Observers
from gridgrad_server.workers.aside import Lanes
from gridgrad_server.workers.process import WorkerProcess
from gridgrad_server.workers.worker_lanes import MOST_LANES

__all__ = ["LaneKeeper"]

LOOK_EVERY_S = 0.05
MOST_RESULT_BYTES = 1 << 18
MOST_COST = 1 << 17
_WEIGHT_OF_LOOK = 0.2
_LOAD = Path("/proc/loadavg")
_TOO_MANY = 10_000
_MOST_SLOTS_OF_NUMBER = 16


class LaneKeeper:
    """Grants lanes and looks after them.

    Args:
        most: how many there may be.
        workers: that may have them.
        slots: numbers their memory.
        intake: says when nothing new is accepted.
        observers: are told of what went through them.
        quotas: say what one caller may cost; None where that is not bounded.
        turns: are charged with what a caller's lanes have computed.
    """

    def __init__(
        self,
        most: int,
        workers: Sequence[WorkerProcess],
        slots: SlotPool,
        intake: Intake,
        observers: Observers,
        quotas: Quotas | None,
        turns: Lanes,
    ) -> None:
        self._most = most if keeps_order() else 0
        self._workers = workers
        self._slots = slots
        self._intake = intake
        self._observers = observers
        self._quotas = quotas or None
        self._turns = turns
        self._callers: dict[CallLane, str] = {}
        self._looking: asyncio.TimerHandle | None = None
        self._runnable = 0.0

    def __len__(self) -> int:
        return len(self._callers)

    @property
    def are_offered(self) -> bool:
        """Whether sessions may ask for lanes."""
        return self._most > 0

    def open(self, caller: str, on_bound: Callable[[pb.LaneGrant, Sequence[int]], None]) -> CallLane | None:
        """A lane for a session of a caller; None where it can't be had now.

        Args:
            caller: whose the session is.
            on_bound: called with each grant, and the descriptors to send with it.
        """
        ready = [worker for worker in self._workers if worker.takes_lanes and len(worker.lanes) < MOST_LANES]
        if not ready or self._intake.draining or len(self._callers) >= self._most:
            return None
        if self._quotas and self.by_owner()[owner_of(caller)] >= self._quotas.account(caller).limits.lanes:
            return None
        worker = min(ready, key=lambda each: (len(each.lanes), each.load))
        try:
            lane = CallLane(worker, self._slots, on_bound, self._closed)
        except OSError:
            return None
        if not self._callers:
            self._runnable = _runnable()
        self._callers[lane] = caller
        self._allow(lane, caller, self.by_owner()[owner_of(caller)])
        if self._looking is None:
            self._look_later()
        return lane

    def is_fit(self, call: LaneCall, lane: CallLane) -> bool:
        """Whether calls of a number may go by a lane: they are small, and its worker has compiled code for them."""
        template = call.template
        function, layout = template.function, template.layout
        if template.segments or template.tier == "direct" or template.arrays or function.key.kind != "expression":
            return False
        if function.is_combined or function.key.reduction or layout.grids > 1:
            return False
        if layout.total_bytes > MOST_RESULT_BYTES or not 0 < call.cost <= MOST_COST:
            return False
        state = lane.worker.programs.state(function)
        return state is not None and state.compiled == "ready"

    def bind(self, lane: CallLane, call: LaneCall, slots: int) -> bool:
        """Has calls of a number go by a lane; whether its worker was asked to."""
        if not self.is_fit(call, lane):
            return False
        return lane.bind(call, min(slots, _MOST_SLOTS_OF_NUMBER))

    @property
    def _spinners(self) -> int:
        """How many processes may wait busily: no more than processors, and none where others want these."""
        workers = sum(worker.is_ready for worker in self._workers)
        processors = threads_for(1)
        return processors - (workers - 1) if self._runnable <= processors + 1 else 0

    def by_owner(self) -> Counter[str]:
        """How many each principal or host has."""
        return Counter(owner_of(caller) for caller in self._callers.values())

    def close(self) -> None:
        """Takes all of them away; others may be asked for."""
        for lane in list(self._callers):
            lane.close()

    def _look_later(self) -> None:
        self._looking = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        self._looking = None
        if self._intake.draining:
            self.close()
        self._runnable += _WEIGHT_OF_LOOK * (_runnable() - self._runnable)
        owners = self.by_owner()
        for lane, caller in self._callers.items():
            self._take_use(lane, caller)
            self._allow(lane, caller, owners[owner_of(caller)])
        if self._callers:
            self._look_later()

    def _take_use(self, lane: CallLane, caller: str) -> None:
        use = lane.take_use()
        if not use.calls:
            return
        self._turns.charge(caller, use.seconds)
        if self._observers:
            self._observers.answered("lane", OK, use.calls)
            self._observers.computed_in_lane(use.calls, use.points, use.seconds)
        if self._quotas:
            self._quotas.account(caller).spend_in_lane(use.calls, use.cost)

    def _allow(self, lane: CallLane, caller: str, lanes: int) -> None:
        """Lets a lane, one of so many of its caller's principal or host, go on until the next look."""
        left = self._quotas.account(caller).left() / lanes if self._quotas else math.inf
        lane.allow(left, self._spinners)

    def _closed(self, lane: CallLane) -> None:
        caller = self._callers.pop(lane)
        self._take_use(lane, caller)


def _runnable() -> int:
    """How many threads of this machine run or wait for a processor now, this one among them. See proc(5), loadavg.

    Where that can't be read, as where no descriptors are left, more than there are processors for: nobody waits busily.
    """
    try:
        return int(_LOAD.read_text().split()[3].partition("/")[0])
    except OSError:
        return _TOO_MANY
