"""One worker: its process, what it was asked, and the watch over both.

Invariants:
* At most two batches are out: the first is being computed, the second waits. Answers come in that order.
* A worker that is lost, by its exit, its socket, a time limit or silence, gives its batches back at
  once; the memory in them only when the process is gone. A batch whose results go to the memory of sessions it
  gives back only then: the next worker writes to the same places.
* Only the first batch is blamed for a death: the second had not begun, nor has any while a question is open.
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
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from google.protobuf.message import DecodeError

from gridgrad_core.system.logging import fields
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.memory.arena import Memory
from gridgrad_server.memory.slots import Slot
from gridgrad_server.memory.socket import Link
from gridgrad_server.requests.function_key import Plan
from gridgrad_server.scheduling.batch import Batch
from gridgrad_server.scheduling.worker_messages import region_field
from gridgrad_server.workers.program_state import Questions

__all__ = ["Owner", "Worker"]

log = logging.getLogger("gridgrad.server")

PING_AFTER_S = 5.0
PONG_WITHIN_S = 10.0
START_WITHIN_S = 600.0

_EXIT_WITHIN_S = 2.0

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
        questions: what it knows of plans, and is asked about them.
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
        self._lost_batches: list[tuple[Batch, bool]] = []  # and whether it is blamed
        self._slots: set[int] = set()
        self._dropped: list[int] = []
        self.questions = Questions(self._ask_beside)
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
        return bool(self._out or self.questions)

    def ask(self, batch: Batch) -> None:
        """Sends a batch; it must be ready and have room."""
        descriptors, regions = self._introduce(batch.regions)
        with_plan, forget = self.questions.meet(batch.plan)
        if not self.is_busy:
            batch.started_at = time.monotonic()
        self._out.append(batch)
        self._link.send(batch.frame(regions, with_plan, forget), descriptors)

    def _ask_beside(self, message: wpb.ServerMessage) -> None:
        if not self.is_busy:
            self._heard_at = time.monotonic()  # its time begins now
        self._link.send(message.SerializeToString())

    def _introduce(self, regions: Iterable[Slot | Memory]) -> tuple[list[int], list[bytes]]:
        descriptors, fields = [], []
        for region in regions:
            is_new = region.number not in self._slots
            if is_new:
                self._slots.add(region.number)
                descriptors.append(region.descriptor)
            fields.append(region_field(region.number, region.size, is_new, tuple(self._dropped)))
            self._dropped.clear()
        return descriptors, fields

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
        elif self.is_ready and self._dropped:
            # Soon, even if no batch comes: what it maps is not given back to the system
            forget = wpb.Ping(forget_slots=self._dropped)
            self._dropped.clear()
            self._link.send(wpb.ServerMessage(ping=forget).SerializeToString())

    def _late(self, now: float) -> str:
        stopped_before, self._stopped_seen = self._stopped_seen, _is_stopped(self.pid)
        if self._stopped_seen and stopped_before:
            return "it was stopped by a signal"
        if not self.is_ready:
            return f"it was not ready within {START_WITHIN_S:g} s" if now - self.started_at > START_WITHIN_S else ""
        first = self._out[0] if self._out else None
        if first and first.started_at is not None and now - first.started_at > self._piece_timeout:
            return f"a batch took longer than --piece-timeout, {self._piece_timeout:g} s"
        if self.questions and (not first or first.started_at is None) and now - self._heard_at > self._piece_timeout:
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
            self._answered(message.pong)
        elif kind == "state":
            plan = self.questions.told(message.state)
            if plan:
                self._owner.plan_changed(plan, message.state.compiled == "ready")
        elif kind == "explanation":
            self.questions.explained(message.explanation)
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
        if self._out and not self.questions:
            self._out[0].started_at = self._heard_at
        self._owner.batch_done(self, batch, done)
        batch.let_go()

    def _answered(self, pong: wpb.Pong) -> None:
        self.questions.answered(pong)
        if self._out and not self.questions:
            self._out[0].started_at = self._out[0].started_at or self._heard_at

    def _fail_closed(self) -> None:
        # It is about to end, with a status of its own; one that only closed its socket is made to
        self._loop.call_later(_EXIT_WITHIN_S, self._process.kill)
        self._lose(blame=True)

    def _lose(self, blame: bool) -> None:
        self.is_ready = False
        self._link.close()
        lost, self._out = list(self._out), deque()
        begun = bool(lost) and lost[0].started_at is not None
        for batch in lost:
            blamed = blame and begun and batch is lost[0]
            self._lost_batches.append((batch, blamed))
            if not batch.is_placed:
                self._owner.batch_lost(batch, blamed)
        plan = self.questions.lost()
        if plan and blame and not begun:
            self._owner.plan_fatal(plan)
        self._let_go_when_gone()

    def _gone(self) -> None:
        self._link.drain()
        self.exited.set()
        self._let_go_when_gone()

    def _let_go_when_gone(self) -> None:
        if self.exited.is_set():
            gone, self._lost_batches = self._lost_batches, []
            for batch, blamed in gone:
                if batch.is_placed:
                    self._owner.batch_lost(batch, blamed)
                batch.let_go()

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
