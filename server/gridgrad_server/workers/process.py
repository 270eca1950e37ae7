"""One worker: what it was asked, and the watch over it, whatever carries its messages.

Invariants:
* At most two batches are out: the first is being computed, the second waits. Answers come in that order.
* A worker that is lost, by its exit, its socket, a time limit or silence, gives its batches back at
  once; the memory in them only when the process is gone. A batch whose results go to the arenas of sessions it
  gives back only then: the next worker writes to the same destinations.
* It does what it was sent in that order, batches and questions about functions alike: the first that it has not
  answered is what it is at, unless it is at a call of a lane. That alone is late, and that alone is blamed for a death.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence

from google.protobuf.message import DecodeError

from gridgrad_core.system.logging import fields
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.requests.function_key import FunctionKey
from gridgrad_server.scheduling.batch import Batch
from gridgrad_server.workers.mapped_regions import MappedRegions
from gridgrad_server.workers.owner import WorkerOwner
from gridgrad_server.workers.program_state import ProgramStates
from gridgrad_server.workers.time_limits import (
    PING_AFTER_S,
    late_batch,
    late_introspection,
    late_pong,
    late_start,
)
from gridgrad_server.workers.transports.transport import WorkerPlace
from gridgrad_server.workers.worker_lanes import LaneBinding, WorkerLanes

__all__ = ["WorkerProcess"]

log = logging.getLogger("gridgrad.server")

_PING = wpb.ServerMessage(ping=wpb.Ping()).SerializeToString()


class WorkerProcess:
    """A worker process from its start to its end; a replacement is another one.

    Args:
        name: its number.
        place: starts it.
        owner: is told what it does.
        piece_timeout: seconds that a batch may compute.

    Attributes:
        device: what it computes on, once it is ready.
        is_ready: whether it takes batches.
        programs: what it knows of functions, and is asked about them.
        lanes: by which callers ask it.
        exited: set when its process is gone.
    """

    def __init__(self, name: int, place: WorkerPlace, owner: WorkerOwner, piece_timeout: float) -> None:
        self.name = name
        self.device = ""
        self.is_ready = False
        self.exited = asyncio.Event()
        self._owner = owner
        self._piece_timeout = piece_timeout
        self._out: deque[Batch] = deque()
        self._unanswered: deque[Batch | int] = deque()  # batches, and questions by their numbers
        self._begun_at = 0.0  # with the first of these
        self._lost_batches: list[tuple[Batch, bool]] = []  # each with whether it is blamed
        self._regions = MappedRegions()
        self.programs = ProgramStates(self._ask_beside, self._sent)
        self.lanes = WorkerLanes(self._send)
        self._handlers: dict[str, Callable[[wpb.WorkerMessage], None]] = {
            "done": self._done,
            "pong": self._pong_received,
            "state": self._state_received,
            "explanation": self._explanation_received,
            "lane_bound": lambda said: self.lanes.bound(said.lane_bound),
            "ready": self._ready,
            "fatal": self._refused,
            "lost": self._lost_elsewhere,
        }
        self._killed_after_s: float | None = None
        self._pinged_at: float | None = None
        self._heard_at = self.started_at = self._ready_at = time.monotonic()
        self._stopped_seen = False
        self._transport = place.open(self)

    @property
    def pid(self) -> int:
        """The id of its process, or of the one that stands for it on this machine."""
        return self._transport.pid

    @property
    def load(self) -> int:
        """How many batches are out."""
        return len(self._out)

    @property
    def is_at_long(self) -> bool:
        """Whether one of the batches that are out takes long."""
        return any(batch.is_long for batch in self._out)

    @property
    def is_busy(self) -> bool:
        """Whether it computes something, or is asked about a function."""
        return bool(self._unanswered)

    def idle_s(self, now: float) -> float:
        """For how long it has had nothing to do, by time.monotonic; 0 unless it is ready and idle."""
        last_at = max(self._begun_at, self._ready_at, self.lanes.called_at)
        return 0.0 if self.is_busy or not self.is_ready else now - last_at

    def ask(self, batch: Batch) -> None:
        """Sends a batch; it must be ready and have room."""
        descriptors, regions = self._regions.introduce(batch.regions)
        is_new, forget = self.programs.introduce(batch.function)
        self._out.append(batch)
        self._sent(batch)
        self._transport.send(batch.frame(regions, is_new, forget), descriptors)

    def bind_lane(self, function: FunctionKey, lane: LaneBinding) -> None:
        """Has it take calls of some slots of a lane; it says whether it does."""
        descriptors, regions = self._regions.introduce(lane.regions)
        is_new, forget = self.programs.introduce(function)
        message = lane.message(regions, function.message if is_new else None, forget)
        self._send(message, [*descriptors, *lane.descriptors])
        self.programs.question(function)

    @property
    def takes_lanes(self) -> bool:
        """Whether it can have lanes: it computes on processors of this machine."""
        return self.is_ready and self.device == "cpu" and self._transport.shares_memory

    def _send(self, message: bytes, descriptors: Sequence[int] = ()) -> None:
        self._transport.send(message, descriptors)

    def _ask_beside(self, message: wpb.ServerMessage) -> None:
        self._transport.send(message.SerializeToString())

    def _sent(self, what: Batch | int) -> None:
        self._unanswered.append(what)
        if len(self._unanswered) == 1:
            self._begin(time.monotonic())

    def _begin(self, now: float) -> None:
        """Takes in that it begins with what is first."""
        self._begun_at = now
        if self._unanswered and isinstance(self._unanswered[0], Batch):
            self._unanswered[0].started_at = now

    def _answered(self, what: Batch | int) -> bool:
        """Takes in an answer; returns whether it is to what it was at."""
        if not self._unanswered or self._unanswered[0] != what:
            return False
        self._unanswered.popleft()
        self._begin(self._heard_at)
        return True

    def region_dropped(self, number: int) -> None:
        """Remembers to tell it that a region of shared memory is no more."""
        self._regions.drop(number)

    def close(self) -> None:
        """Lets it end; `exited` follows."""
        self._lose(blame=False)

    def kill(self, why: str, *, late: bool = False) -> None:
        """Ends it by force and gives its batches back; `late` says that its first batch took too long."""
        log.warning("killing a worker", extra=fields(worker=self.name, pid=self.pid, why=why))
        self._transport.kill()
        self._killed_after_s = self._piece_timeout if late else None
        self._lose(blame=True)

    def check(self) -> None:
        """Looks after it, about once a second: kills it when it is late, silent or stopped."""
        if self.exited.is_set():
            return
        now = time.monotonic()
        late = self._late(now)
        if late:
            self.kill(late, late=bool(self._late_batch(now)))
        elif self.is_ready and not self.is_busy and self._pinged_at is None and now - self._heard_at > PING_AFTER_S:
            self._pinged_at = now
            self._transport.send(_PING)
        elif self.is_ready and (dropped := self._regions.take_dropped()):
            # Soon, even if no batch comes: what it maps is not given back to the system
            self._transport.send(wpb.ServerMessage(ping=wpb.Ping(forget_slots=dropped)).SerializeToString())

    def _late(self, now: float) -> str:
        """Why it is to be killed now; empty if it is not."""
        stopped_before, self._stopped_seen = self._stopped_seen, self._transport.is_stopped
        if self._stopped_seen and stopped_before:
            return "it was stopped by a signal"
        if not self.is_ready:
            return late_start(now - self.started_at)
        if self._late_batch(now):
            return self._late_batch(now)
        if (since := self.lanes.busy_since) and late_batch(now - since, self._piece_timeout):
            return late_batch(now - since, self._piece_timeout)
        if self._unanswered:
            is_asked = not isinstance(self._unanswered[0], Batch)
            return late_introspection(now - self._begun_at, self._piece_timeout) if is_asked else ""
        return late_pong(now - self._pinged_at) if self._pinged_at is not None else ""

    def _late_batch(self, now: float) -> str:
        """Why the batch that it is at takes too long; empty if it doesn't, or it is at no batch."""
        is_at_batch = self._unanswered and isinstance(self._unanswered[0], Batch)
        return late_batch(now - self._begun_at, self._piece_timeout) if is_at_batch else ""

    def received(self, message: bytes) -> None:
        """Takes in what it says."""
        try:
            said = wpb.WorkerMessage.FromString(message)
        except DecodeError:
            self.kill("it sent bytes that are no message")
            return
        self._heard_at, self._pinged_at = time.monotonic(), None
        handle = self._handlers.get(said.WhichOneof("kind") or "")
        if handle:
            handle(said)

    def _ready(self, message: wpb.WorkerMessage) -> None:
        self.device = message.ready.device
        self.is_ready = True
        self._ready_at = time.monotonic()
        self._owner.worker_ready(self.name, message.ready, self._ready_at - self.started_at)

    def _refused(self, message: wpb.WorkerMessage) -> None:
        self._owner.worker_refused(self.name, message.fatal)

    def _done(self, message: wpb.WorkerMessage) -> None:
        done = message.done
        if not self._out or self._out[0].number != done.id or not self._answered(self._out[0]):
            self.kill(f"it answered batch {done.id}, which it was not at")
            return
        batch = self._out.popleft()
        self._owner.batch_done(self, batch, done)
        batch.let_go()

    def _pong_received(self, message: wpb.WorkerMessage) -> None:
        question = message.pong.question
        if question and not self._answered(question):
            self.kill(f"it answered question {question}, which it was not at")
            return
        self.programs.pong_received(message.pong)

    def _state_received(self, message: wpb.WorkerMessage) -> None:
        function = self.programs.state_received(message.state)
        if function:
            self._owner.function_changed(function, message.state.compiled == "ready")

    def _explanation_received(self, message: wpb.WorkerMessage) -> None:
        self.programs.explanation_received(message.explanation)

    def _lost_elsewhere(self, message: wpb.WorkerMessage) -> None:
        log.warning("worker lost in the cluster", extra=fields(worker=self.name, why=message.lost.why))
        self.connection_lost(message.lost.blamed)

    def connection_lost(self, blame: bool) -> None:
        """Takes in that it will say no more."""
        self._lose(blame)

    def _lose(self, blame: bool) -> None:
        self.is_ready = False
        self._transport.close()
        lost, self._out = list(self._out), deque()
        at = self._unanswered[0] if self._unanswered else None
        blame = blame and not self.lanes.busy_since  # it was at a call of a lane, which now comes here
        self._unanswered.clear()
        for batch in lost:
            blamed = blame and batch is at
            self._lost_batches.append((batch, blamed))
            if not batch.is_in_arena:
                self._owner.batch_lost(batch, blamed, self._killed_after_s)
        self.lanes.lost()
        function = self.programs.lost()
        if function and blame and isinstance(at, int):
            self._owner.died_of(function)
        self._let_go_when_gone()

    def gone(self) -> None:
        """Takes in that it is gone."""
        self.exited.set()
        self._let_go_when_gone()

    def _let_go_when_gone(self) -> None:
        if self.exited.is_set():
            gone, self._lost_batches = self._lost_batches, []
            for batch, blamed in gone:
                if batch.is_in_arena:
                    self._owner.batch_lost(batch, blamed, self._killed_after_s)
                batch.let_go()

    @property
    def status(self) -> int | str | None:
        """How it ended; None while it runs."""
        return self._transport.status
