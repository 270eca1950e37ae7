"""One worker of a Ray cluster as the server sees it: a socket, on one side of which lies the server's memory.

Where a connection to the worker itself can be made, the server is given that, and all that is done here is to say how
it ends. Else one thread takes messages from the socket and calls the actor, which answers in that order; another waits
for the answers, copies their numbers to where the server wants them, and passes the messages on.

Invariants:
* The socket is closed on this side only when nothing will be written to the server's memory any more.
* Before it is closed, the server is told why, unless it has closed its own side. If it is told nothing, this process
  has died.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import secrets
import socket
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import ray
from ray.exceptions import (
    ActorDiedError,
    GetTimeoutError,
    ObjectStoreFullError,
    OutOfDiskError,
    RayError,
    RayTaskError,
)

from gridgrad_core.errors import GridgradError
from gridgrad_core.remote.regions import Regions, size_of
from gridgrad_core.remote.sent_inputs import SentInputs
from gridgrad_core.version import __version__
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.cluster.direct import SECRET_BYTES, connect
from gridgrad_worker.cluster.remote_channel import parted
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
_NO_WAY = (
    "no connection to it at %s, which would be quicker; let this machine reach the ports of the nodes that the system "
    "hands out (ip_local_port_range), or say --ray-channel calls"
)
_ENCRYPTED = (
    "RAY_USE_TLS has Ray encrypt its connections, and a socket of ours would not be; say --ray-channel calls, by which "
    "it is ready 10 s sooner"
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
            answers = threading.Thread(
                target=self._answer, args=(actor, arguments), name=f"answers-{self._asked.name}", daemon=True
            )
            answers.start()
            try:
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
            numbers: list[memoryview] = []
            if message.HasField("batch"):
                self._regions.admit_and_close(message.batch.slots, frame.descriptors)
                spans, numbers = self._inputs.of(message.batch)
            self._regions.forget(message.ping.forget_slots)
            header = pb.Exchange(message=frame.message, inputs=spans).SerializeToString()
            self._call(actor.exchange, header, *(np.frombuffer(each, np.uint8) for each in numbers))

    def _answer(self, actor: Any, arguments: list[str]) -> None:
        """Has the actor serve, and passes on what it answers, until there is nothing more to come."""
        try:
            if not self._served_directly(actor, arguments):
                self._call(actor.start, __version__, arguments)
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

    def _served_directly(self, actor: Any, arguments: list[str]) -> bool:
        """Gives the server a connection to the actor and waits for the end of that; False where there is none."""
        listening = pb.Listening.FromString(self._placed(actor))
        if not listening.host or self._asked.channel == "calls":
            return False
        secret = secrets.token_bytes(SECRET_BYTES)
        served = actor.serve.remote(secret, arguments)
        crosses = not _is_encrypted()
        connection = connect(listening, secret, shares_memory=self._asked.channel == "auto", crosses=crosses)
        if connection is None:
            why = _NO_WAY % f"{listening.host}:{listening.port}" if crosses else _ENCRYPTED
            _log.warning("worker %d of the cluster is served by calls of Ray: %s", self._asked.name, why)
            return bool(ray.get(served))
        with connection:
            reached = pb.Reached(shares_memory=connection.family == socket.AF_UNIX)
            self._channel.send(pb.WorkerMessage(reached=reached).SerializeToString(), [connection.fileno()])
        ray.get(served)
        return True

    def _placed(self, actor: Any) -> bytes:
        """Waits until the cluster has room for it; where it listens then, empty if it is of another version."""
        call = actor.listen.remote(__version__)
        try:
            return bytes(ray.get(call, timeout=_ROOM_WITHIN_S))
        except GetTimeoutError:
            _log.error("the Ray cluster has no room for worker %d as yet: %s", self._asked.name, self._room())
            return bytes(ray.get(call))
        except RayTaskError:
            return b""

    def _pass_on(self, answer: Any) -> None:
        header, numbers = parted(answer)
        answered = pb.Exchanged.FromString(header)
        begin = 0
        for position, span in enumerate(answered.results):
            given = numbers[position] if len(numbers) == len(answered.results) else numbers[0][begin:]
            for row in self._regions.rows(span):
                row[:], given = given[: len(row)], given[len(row) :]
            begin += size_of(span)
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


def _is_encrypted() -> bool:
    """Whether Ray's own connections are, as ours would not be."""
    return os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true")


def told(error: Exception) -> str:
    """What the server is told of an error, in one line."""
    said = f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"
    return f"{said}; {_MORE_STORE}" if isinstance(error, _FULL) else said
