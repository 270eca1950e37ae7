"""One worker: its process, what it was asked, and the watch over both.

Invariants:
* At most two batches are out: the first is being computed, the second waits. Answers come in that order.
* A worker that is lost, by its exit, its socket, a time limit or silence, gives its batches back at
  once; the slots in them only when the process is gone.
* Only the first batch is blamed for a death: the second had not begun. What is asked beside the batches is followed by
  a ping, so that the answer to that says when it is done with; a batch behind it has not begun until then.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import subprocess
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

from google.protobuf.message import DecodeError

from gridgrad.errors import UnavailableError
from gridgrad_server.batches import Batch
from gridgrad_server.failures import error_of
from gridgrad_server.link import Link
from gridgrad_server.logs import fields
from gridgrad_server.plans import Plan
from gridgrad_server.slots import Slot
from gridgrad_worker.v1 import worker_pb2 as wpb

__all__ = ["Owner", "Worker"]

log = logging.getLogger("gridgrad.server")

PING_AFTER_S = 5.0
PONG_WITHIN_S = 10.0
START_WITHIN_S = 600.0
MOST_PLANS = 256

_EXIT_WITHIN_S = 2.0

Explaining: TypeAlias = "asyncio.Future[wpb.Explanation]"

_PING = wpb.ServerMessage(ping=wpb.Ping()).SerializeToString()


class Owner(Protocol):
    """Who is told what a worker does."""

    def worker_ready(self, worker: Worker, ready: wpb.Ready) -> None:
        """It is warm."""

    def worker_refused(self, worker: Worker, why: str) -> None:
        """It can't serve at all."""

    def batch_done(self, worker: Worker, batch: Batch, done: wpb.BatchDone) -> None:
        """It has computed a batch."""

    def batch_lost(self, batch: Batch, blamed: bool) -> None:
        """It died with a batch."""

    def plan_changed(self, plan: Plan, compiled: bool) -> None:
        """It has said whether it has compiled code of a plan."""

    def plan_fatal(self, plan: Plan) -> None:
        """It died when it was asked about a plan."""


class _Known:
    """What is known of a plan that the worker has met.

    Args:
        plan: the plan.
        is_asked: whether compiled code was asked for.

    Attributes:
        state: what the worker has said of it last.
    """

    def __init__(self, plan: Plan, is_asked: bool = False) -> None:
        self.plan = plan
        self.is_asked = is_asked
        self.state: wpb.PlanState | None = None


class Worker:
    """A worker process from its start to its end; a replacement is another one.

    Args:
        name: its number.
        command: starts it; the file descriptor of its socket is appended.
        owner: is told what it does.
        piece_timeout: seconds that a batch may compute.

    Attributes:
        device: what it computes on, once it is ready.
        is_ready: whether it takes batches.
        exited: set when its process is gone.
    """

    def __init__(self, name: int, command: Sequence[str], owner: Owner, piece_timeout: float) -> None:
        self.name = name
        self.device = ""
        self.is_ready = False
        self.exited = asyncio.Event()
        self._owner = owner
        self._loop = asyncio.get_running_loop()
        self._piece_timeout = piece_timeout
        self._out: deque[Batch] = deque()
        self._lost_batches: list[Batch] = []
        self._slots: set[int] = set()
        self._dropped: list[int] = []
        self._plans: OrderedDict[int, _Known] = OrderedDict()
        self._explaining: deque[Explaining] = deque()
        self._questions: deque[Plan | None] = deque()  # each awaits a pong; None for a ping that was sent before
        self._pinged_at: float | None = None
        self._heard_at = self.started_at = time.monotonic()
        self._stopped_seen = False
        self._process, connection = _start(command)
        self._link = Link(connection, self._received, self._fail_closed)
        _watch_exit(self._process, self._gone)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def load(self) -> int:
        """How many batches are out."""
        return len(self._out)

    @property
    def is_busy(self) -> bool:
        """Whether it computes something, or is asked about a plan."""
        return bool(self._out or self._questions)

    def ask(self, batch: Batch) -> None:
        """Sends a batch; it must be ready and have room."""
        descriptors, slots = self._introduce(batch.slots)
        with_plan, forget = self._meet(batch.plan)
        if not self.is_busy:
            batch.started_at = time.monotonic()
        self._out.append(batch)
        self._link.send(batch.message(slots, with_plan, forget), descriptors)

    def compiled(self, plan: int) -> str:
        """Whether it has compiled code of a plan: "ready", "pending", "never", or empty if that is not known."""
        known = self._plans.get(plan)
        return known.state.compiled if known and known.state else ""

    def prepared(self, plan: Plan) -> wpb.PlanState | None:
        """Has it make compiled code of a plan, unless it was asked before; what it has said of it since."""
        known = self._plans.get(plan.number)
        if known is None or not known.is_asked:
            self._question(plan, wpb.ServerMessage(prepare=self._request(plan)))
            self._plans[plan.number].is_asked = True
        return self._plans[plan.number].state

    async def explained(self, plan: Plan) -> tuple[wpb.Explanation, wpb.PlanState]:
        """Asks what it computes for a plan.

        Raises:
            GridgradError: why it does not say.
        """
        answer: Explaining = self._loop.create_future()
        self._explaining.append(answer)
        self._question(plan, wpb.ServerMessage(explain=self._request(plan)))
        explanation = await answer
        error = error_of(explanation.failure)
        if error:
            raise error
        known = self._plans.get(plan.number)
        return explanation, (known and known.state) or wpb.PlanState(compiled="pending")

    def _question(self, plan: Plan, message: wpb.ServerMessage) -> None:
        if not self.is_busy:
            self._heard_at = time.monotonic()  # its time begins now
        if self._pinged_at is not None:
            self._pinged_at = None
            self._questions.append(None)
        self._questions.append(plan)
        self._link.send(message.SerializeToString())
        self._link.send(_PING)

    def _request(self, plan: Plan) -> wpb.PlanRequest:
        with_plan, forget = self._meet(plan)
        return wpb.PlanRequest(plan_id=plan.number, plan=plan.message if with_plan else None, forget_plans=forget)

    def _meet(self, plan: Plan) -> tuple[bool, list[int]]:
        """Whether it meets a plan for the first time, and which plans it may drop for it."""
        is_new = plan.number not in self._plans
        if is_new:
            self._plans[plan.number] = _Known(plan)
        self._plans.move_to_end(plan.number)
        return is_new, [self._plans.popitem(last=False)[0]] if len(self._plans) > MOST_PLANS else []

    def _introduce(self, slots: Sequence[Slot]) -> tuple[list[int], list[wpb.Slot]]:
        descriptors, messages = [], []
        for slot in slots:
            is_new = slot.number not in self._slots
            if is_new:
                self._slots.add(slot.number)
                descriptors.append(slot.descriptor)
            messages.append(wpb.Slot(id=slot.number, size=slot.size, descriptor_attached=is_new))
        if self._dropped:
            messages[0].forget.extend(self._dropped)
            self._dropped.clear()
        return descriptors, messages

    def slot_dropped(self, number: int) -> None:
        """Remembers to tell it that a slot is no more."""
        if number in self._slots:
            self._slots.remove(number)
            self._dropped.append(number)

    def close(self) -> None:
        """Closes its socket, by which it ends; `exited` follows."""
        self._lose(blame=False)

    def kill(self, why: str) -> None:
        """Ends it by force and gives its batches back."""
        log.warning("killing a worker", extra=fields(worker=self.name, pid=self.pid, why=why))
        self._process.kill()
        self._lose(blame=True)

    def check(self) -> None:
        """Looks after it, about once a second: kills it when it is late, silent or stopped."""
        if self.exited.is_set():
            return
        now = time.monotonic()
        late = self._late(now)
        if late:
            self.kill(late)
        elif self.is_ready and not self.is_busy and self._pinged_at is None and now - self._heard_at > PING_AFTER_S:
            self._pinged_at = now
            self._link.send(_PING)

    def _late(self, now: float) -> str:
        stopped_before, self._stopped_seen = self._stopped_seen, _is_stopped(self.pid)
        if self._stopped_seen and stopped_before:
            return "it was stopped by a signal"
        if not self.is_ready:
            return f"it was not ready within {START_WITHIN_S:g} s" if now - self.started_at > START_WITHIN_S else ""
        first = self._out[0] if self._out else None
        if first and first.started_at is not None and now - first.started_at > self._piece_timeout:
            return f"a batch took longer than --piece-timeout, {self._piece_timeout:g} s"
        if self._questions and (not first or first.started_at is None) and now - self._heard_at > self._piece_timeout:
            return f"a question about a plan took longer than --piece-timeout, {self._piece_timeout:g} s"
        if self._pinged_at is not None and not first and now - self._pinged_at > PONG_WITHIN_S:
            return f"it did not answer a ping within {PONG_WITHIN_S:g} s"
        return ""

    def _received(self, frame: bytes) -> None:
        try:
            message = wpb.WorkerMessage.FromString(frame)
        except DecodeError:
            self.kill("it sent bytes that are no message")
            return
        kind = message.WhichOneof("kind")
        self._heard_at = time.monotonic()
        self._pinged_at = None
        if kind == "done":
            self._done(message.done)
        elif kind == "pong":
            self._answered()
        elif kind == "state":
            self._told(message.state)
        elif kind == "explanation":
            self._explained(message.explanation)
        elif kind == "ready":
            self.device = message.ready.device
            self.is_ready = True
            self._owner.worker_ready(self, message.ready)
        elif kind == "fatal":
            self._owner.worker_refused(self, message.fatal)

    def _done(self, done: wpb.BatchDone) -> None:
        if not self._out or self._out[0].number != done.id:
            self.kill(f"it answered batch {done.id}, which is not its first")
            return
        batch = self._out.popleft()
        if self._out and not self._questions:
            self._out[0].started_at = self._heard_at
        self._owner.batch_done(self, batch, done)
        batch.let_go()

    def _answered(self) -> None:
        if self._questions:
            self._questions.popleft()
        if self._out and not self._questions:
            self._out[0].started_at = self._out[0].started_at or self._heard_at

    def _told(self, state: wpb.PlanState) -> None:
        known = self._plans.get(state.plan_id)
        if known:
            known.state = state
            self._owner.plan_changed(known.plan, state.compiled == "ready")

    def _explained(self, explanation: wpb.Explanation) -> None:
        answer = self._explaining.popleft()
        if not answer.done():
            answer.set_result(explanation)

    def _fail_closed(self) -> None:
        # It is about to end, with a status of its own; one that only closed its socket is made to
        self._loop.call_later(_EXIT_WITHIN_S, self._process.kill)
        self._lose(blame=True)

    def _lose(self, blame: bool) -> None:
        self.is_ready = False
        self._link.close()
        lost, self._out = list(self._out), deque()
        self._lost_batches += lost
        begun = bool(lost) and lost[0].started_at is not None
        for batch in lost:
            self._owner.batch_lost(batch, blamed=blame and begun and batch is lost[0])
        if blame and not begun and self._questions and self._questions[0]:
            self._owner.plan_fatal(self._questions[0])
        for answer in self._explaining:
            if not answer.done():
                answer.set_exception(UnavailableError("", "the worker that was asked has died", "send it again"))
        self._let_go_when_gone()

    def _gone(self) -> None:
        self._link.drain()
        self.exited.set()
        self._let_go_when_gone()

    def _let_go_when_gone(self) -> None:
        if self.exited.is_set():
            for batch in self._lost_batches:
                batch.let_go()
            self._lost_batches = []

    @property
    def status(self) -> int | None:
        """Its exit status, negative for a signal; None while it runs."""
        return self._process.returncode


def _start(command: Sequence[str]) -> tuple[subprocess.Popen[bytes], socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with theirs:
        # Blocked signals stay blocked across exec: a Ctrl-C for the process group can't end a worker
        # in the moment before it ignores them.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            process = subprocess.Popen(  # noqa: S603 - our own worker
                [*command, "--fd", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,  # what functions print is log, and must not mix with what the server's caller reads
            )
        except BaseException:
            ours.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    return process, ours


def _watch_exit(process: subprocess.Popen[bytes], gone: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()

    def wait() -> None:
        process.wait()
        with contextlib.suppress(RuntimeError):  # the loop may be closed when the server was stopped by force
            loop.call_soon_threadsafe(gone)

    threading.Thread(target=wait, name=f"exit-of-{process.pid}", daemon=True).start()


def _is_stopped(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    except (OSError, IndexError):
        return False
