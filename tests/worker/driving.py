"""The server's side of a worker process: starts it, sends frames and slots, receives answers."""

from __future__ import annotations

import contextlib
import mmap
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gridgrad_core.system import shared_memory
from gridgrad_core.system.framing import framed, rights
from gridgrad_core.wire.fields import field_head
from gridgrad_core.worker_v1 import worker_pb2 as pb

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 120.0
ANSWER_TIMEOUT_S = 60.0


class Slot:
    """A sealed region of shared memory, as the server makes it."""

    def __init__(self, number: int, size: int) -> None:
        self.number = number
        self.size = size
        self.descriptor = shared_memory.create("slot", size)
        self._memory = mmap.mmap(self.descriptor, size)

    def view(self, offset: int, shape: Sequence[int], dtype: str = "float64") -> NDArray[np.floating]:
        count = int(np.prod(shape))
        return np.frombuffer(self._memory, dtype, count, offset).reshape(shape)

    def message(self, *, attached: bool, forget: Sequence[int] = ()) -> pb.Slot:
        return pb.Slot(id=self.number, size=self.size, descriptor_attached=attached, forget=forget)


class Driver:
    """The server's side of a worker.

    Attributes:
        states: what it has said of plans, by id.
    """

    def __init__(self, process: subprocess.Popen[bytes], connection: socket.socket) -> None:
        self.process = process
        self.connection = connection
        self.states: dict[int, pb.PlanState] = {}
        connection.settimeout(START_TIMEOUT_S)

    def send(self, message: pb.ServerMessage, descriptors: Sequence[int] = ()) -> None:
        data = serialized(message.batch) if message.HasField("batch") else message.SerializeToString()
        frame = framed(data)
        assert self.connection.sendmsg([frame], rights(descriptors)) == len(frame)

    def receive(self) -> pb.WorkerMessage:
        """The next message that is no state of a plan."""
        while True:
            (length,) = struct.unpack("<I", self._read(4))
            message = pb.WorkerMessage.FromString(self._read(length))
            if message.WhichOneof("kind") != "state":
                return message
            self.states[message.state.plan_id] = message.state

    def ask(self, batch: pb.Batch, descriptors: Sequence[int] = ()) -> pb.BatchDone:
        self.send(pb.ServerMessage(batch=batch), descriptors)
        answer = self.receive()
        assert answer.WhichOneof("kind") == "done", answer
        assert answer.done.id == batch.id
        return answer.done

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self.connection.recv(size - len(data))
            if not part:
                raise EOFError("the worker closed its end")
            data += part
        return data


def serialized(batch: pb.Batch) -> bytes:
    """A ServerMessage as the server sends it: the number of the batch is its last field."""
    number = pb.Batch(id=batch.id).SerializeToString()
    rest = pb.Batch.FromString(batch.SerializeToString())
    rest.ClearField("id")
    fields = rest.SerializeToString() + number
    return field_head(pb.ServerMessage.BATCH_FIELD_NUMBER, len(fields)) + fields


@contextlib.contextmanager
def start(*arguments: str, cwd: Path = ROOT, compiling: bool = False) -> Iterator[Driver]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    command = [sys.executable, "-m", "gridgrad_worker", "--fd", str(theirs.fileno()), "--device", "cpu", *arguments]
    command += [] if compiling else ["--no-compile"]
    with ours, subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=cwd, stderr=subprocess.PIPE) as process:
        theirs.close()
        try:
            yield Driver(process, ours)
        finally:
            process.kill()
