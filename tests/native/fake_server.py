"""A server at a socket of sessions that answers as a test likes: damaged, or forgetting."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from gridgrad_core.v1 import gridgrad_pb2 as pb

__all__ = ["MEMORY_BYTES", "answer_of", "fake_server", "greeting"]

MEMORY_BYTES = 1 << 16
_T = np.array([1.0, 2.0, 4.0])

Answer = Callable[[pb.SessionRequest], bytes]
"""What comes back for a message, without its length."""


Grant = Callable[[pb.SessionRequest], pb.LaneGrant]
"""What is said of a lane that a message asks for."""


def greeting() -> bytes:
    """The first answer."""
    return pb.SessionResponse(memory_bytes=MEMORY_BYTES, lanes=True).SerializeToString()


def answer_of(message: pb.SessionRequest, numbers: bytes, bound: int) -> bytes:
    """The answer to a call of a*t*k + 2*t*k**2 for t at 1, 2 and 4, with its partials by k and by both, in data."""
    *listed, a = struct.unpack("<3d", numbers)
    t, k = _T[:, None], np.array(listed)[None, :]
    planes = np.stack([a * t * k + 2 * t * k**2, a * t + 4 * t * k, a + 4 * k + 0 * t])
    header = pb.ResultHeader(
        dims=["t", "k"],
        shape=[3, 2],
        derivatives=[pb.Derivative(wrt=["k"]), pb.Derivative(wrt=["t", "k"])],
        components=["f"],
        dtype=pb.DTYPE_FLOAT64,
        bound=bound,
    )
    response = pb.GridGradientResponse(header=header, data=planes.tobytes()).SerializeToString()
    return pb.SessionResponse(id=message.id, response=response).SerializeToString()


@contextlib.contextmanager
def fake_server(
    path: Path, answer: Answer, first: Callable[[], bytes] = greeting, grant: Grant = lambda _: pb.LaneGrant()
) -> Iterator[None]:
    """Serves one caller after another until the block ends."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=_serve, args=(listener, answer, first, grant))
        thread.start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, answer: Answer, first: Callable[[], bytes], grant: Grant) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, contextlib.suppress(OSError):
            _talk(connection, answer, first, grant)


def _talk(connection: socket.socket, answer: Answer, first: Callable[[], bytes], grant: Grant) -> None:
    _receive(connection)
    _send_memory(connection, first(), [])
    while (message := _receive(connection)) is not None:
        request = pb.SessionRequest.FromString(message)
        if request.request:
            connection.sendall(_framed(answer(request)))
        if request.lane_slots:
            _grant(connection, grant(request))


def _grant(connection: socket.socket, grant: pb.LaneGrant) -> None:
    message = pb.SessionResponse(lane=grant).SerializeToString()
    if not grant.memory_bytes:
        connection.sendall(_framed(message))
        return
    ours, theirs = socket.socketpair()
    with ours, theirs:  # which is the end of the bell, at once
        ours.send(b"\1")
        _send_memory(connection, message, [theirs.fileno()])


def _send_memory(connection: socket.socket, message: bytes, others: list[int]) -> None:
    """Sends a message with sealed memory, which holds zeros, and other descriptors."""
    memory = os.memfd_create("fake", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
    try:
        os.ftruncate(memory, MEMORY_BYTES)
        fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
        socket.send_fds(connection, [_framed(message)], [memory, *others])
    finally:
        os.close(memory)


def _framed(message: bytes) -> bytes:
    return struct.pack("<I", len(message)) + message


def _receive(connection: socket.socket) -> bytes | None:
    size = _exactly(connection, 4)
    return None if size is None else _exactly(connection, struct.unpack("<I", size)[0])


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    received = b""
    while len(received) < count:
        part = connection.recv(count - len(received))
        if not part:
            return None
        received += part
    return received
