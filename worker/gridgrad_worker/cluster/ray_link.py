"""One worker of a Ray cluster as the server sees it: a socket, on one side of which lies the server's memory.

One thread takes messages from the socket and calls the actor, which answers in that order; another waits for the
answers, copies their numbers to where the server wants them, and passes the messages on.

Invariants:
* The socket is closed on this side only when nothing will be written to the server's memory any more.
* Before it is closed, the server is told why, unless it has closed its own side. If it is told nothing, this process
  has died.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import socket
import threading
from collections.abc import Callable
from typing import Any

import ray
from ray.exceptions import ActorDiedError, GetTimeoutError, ObjectStoreFullError, OutOfDiskError, RayError

from gridgrad_core.errors import GridgradError
from gridgrad_core.version import __version__
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.cluster.regions import Bytes, Regions, size_of
from gridgrad_worker.cluster.remote_channel import parted
from gridgrad_worker.cluster.sent_inputs import SentInputs
from gridgrad_worker.runtime.channel import Channel

__all__ = ["RayLink", "is_of_its_own", "told"]

_log = logging.getLogger("gridgrad_worker.ray")

_LOOK_EVERY_S = 0.05
_ROOM_WITHIN_S = 15.0
_FULL = (ObjectStoreFullError, OutOfDiskError)
_MORE_STORE = (
    "Ray's object store has no room for a piece's results: start the node with a larger --object-store-memory and room "
    "on its disk to spill to, or the server with a lower --piece-cost"
)
_ELSEWHERE = ("node", "raylet", "owner", "gcs", "job", "preempt")
"""Words of Ray's account of a death that was not of the worker's own making."""


class RayLink:
    """Speaks for one worker.

    Args:
        connection: to the server.
        asked: what worker it wants.
        make: starts the actor.
        room: says what the cluster has free.
    """

    def __init__(
        self,
        connection: socket.socket,
        asked: pb.OpenWorker,
        make: Callable[[pb.OpenWorker], tuple[Any, list[str]]],
        room: Callable[[], str],
    ) -> None:
        self._socket = connection
        self._channel = Channel(connection)
        self._asked = asked
        self._make = make
        self._room = room
        self._regions = Regions()
        self._inputs = SentInputs(self._regions)
        self._calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._in_flight = 0
        self._is_compiling = False
        self._threads = threading.Thread(target=self._run, name=f"worker-{asked.name}", daemon=True)
        self._threads.start()

    def join(self) -> None:
        """Waits until it has ended."""
        self._threads.join()

    def _run(self) -> None:
        with self._socket:
            try:
                actor, arguments = self._make(self._asked)
            except Exception as error:  # noqa: BLE001 - Ray raises many kinds, and the server is told
                self._lost(f"{type(error).__name__}: {error}", blamed=False)
                return
            answers = threading.Thread(target=self._answer, name=f"answers-{self._asked.name}", daemon=True)
            answers.start()
            try:
                self._call(actor.start, __version__, arguments)
                self._forward(actor)
            finally:
                with contextlib.suppress(Exception):
                    ray.kill(actor, no_restart=True)
                self._calls.put(None)
                answers.join()

    def _call(self, method: Any, *arguments: Any) -> None:
        self._in_flight += 1
        self._calls.put(method.remote(*arguments))

    def _forward(self, actor: Any) -> None:
        """Calls the actor with what the server says, until it says no more."""
        while True:
            while self._is_compiling and not self._channel.wait(_LOOK_EVERY_S):
                if self._calls.empty() and not self._in_flight:
                    self._call(actor.exchange, b"")
            frame = self._channel.receive()
            if frame is None:
                return
            message = pb.ServerMessage.FromString(frame.message)
            spans: list[pb.Span] = []
            numbers: list[Bytes] = []
            if message.HasField("batch"):
                self._regions.admit(message.batch.slots, frame.descriptors)
                spans, numbers = self._inputs.of(message.batch)
            self._regions.forget(message.ping.forget_slots)
            header = pb.Exchange(message=frame.message, inputs=spans).SerializeToString()
            self._call(actor.exchange, header, *numbers)

    def _answer(self) -> None:
        """Passes on what the actor answers, until there is nothing more to come."""
        try:
            self._await_room()
            while (call := self._calls.get()) is not None:
                self._pass_on(ray.get(call))
                self._in_flight -= 1
        except OSError:
            pass  # the server has closed its side
        except (RayError, GridgradError) as error:
            self._lost(told(error), blamed=is_of_its_own(error))
        except Exception as error:  # noqa: BLE001 - logged, and the server goes on without this worker
            _log.exception("worker %d of the cluster is given up; please report it", self._asked.name)
            self._lost(f"{type(error).__name__}: {error}", blamed=False)
        finally:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)  # so that the other thread ends

    def _await_room(self) -> None:
        first = self._calls.get()
        if first is None:
            return self._calls.put(None)
        try:
            answer = ray.get(first, timeout=_ROOM_WITHIN_S)
        except GetTimeoutError:
            _log.error("the Ray cluster has no room for worker %d as yet: %s", self._asked.name, self._room())
            answer = ray.get(first)
        self._pass_on(answer)
        self._in_flight -= 1
        return None

    def _pass_on(self, answer: Any) -> None:
        header, numbers = parted(answer)
        answered = pb.Exchanged.FromString(header)
        begin = 0
        for position, span in enumerate(answered.results):
            target, size = self._regions.view(span), size_of(span)
            given = numbers[position] if isinstance(numbers, list) else numbers[begin : begin + size]
            begin += size
            target[...] = given.reshape(target.shape)
        self._is_compiling = answered.is_compiling
        for message in answered.messages:
            self._channel.send(message)

    def _lost(self, why: str, *, blamed: bool) -> None:
        lost = pb.WorkerLost(why=why, blamed=blamed)
        with contextlib.suppress(OSError):
            self._channel.send(pb.WorkerMessage(lost=lost).SerializeToString())


def is_of_its_own(error: Exception) -> bool:
    """Whether a worker was lost by the death of its own process, and not of its node or its cluster."""
    return isinstance(error, ActorDiedError) and not any(word in str(error).lower() for word in _ELSEWHERE)


def told(error: Exception) -> str:
    """What the server is told of an error, in one line."""
    said = f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"
    return f"{said}; {_MORE_STORE}" if isinstance(error, _FULL) else said
