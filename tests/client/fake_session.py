"""The sessions of the fake server: a socket and memory as a server has them, with answers that a test decides."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

from gridgrad_core.system import shared_memory
from gridgrad_core.system.framing import framed, rights
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.client.fake import FakeServer, header_of, planes_of

__all__ = ["FakeSessions", "Peer"]

LENGTH = struct.Struct("<I")


class Peer:
    """The server's end of one session."""

    def __init__(self, connection: socket.socket, size: int, is_sealed: bool) -> None:
        self.connection = connection
        self.released: list[int] = []
        self.cancelled: list[int] = []
        self.calls = 0
        self.size = size
        self.memory = shared_memory.create("fake", size) if is_sealed else os.memfd_create("fake")
        self.free = 0

    def receive(self) -> pb.SessionRequest | None:
        """The next message; None at the end."""
        head = self._read(LENGTH.size)
        body = self._read(LENGTH.unpack(head)[0]) if head else None
        if body is None:
            return None
        message = pb.SessionRequest.FromString(body)
        self.released += message.released
        self.cancelled += [message.cancel] if message.cancel else []
        return message

    def _read(self, size: int) -> bytes | None:
        data = b""
        while len(data) < size:
            try:
                part = self.connection.recv(size - len(data))
            except OSError:
                part = b""
            if not part:
                return None
            data += part
        return data

    def send(self, response: pb.SessionResponse, descriptors: tuple[int, ...] = ()) -> None:
        raw = response.SerializeToString()
        whole = framed(raw)
        sent = self.connection.sendmsg([whole], rights(descriptors))
        self.connection.sendall(whole[sent:])

    def leased(self, message: pb.SessionRequest) -> pb.SessionResponse:
        """The default answer, in memory that was not used before."""
        request = pb.GridGradientRequest.FromString(message.request)
        data = planes_of(request).tobytes()
        os.pwrite(self.memory, data, self.free)
        self.calls += 1
        lease = pb.Lease(number=self.calls, offset=self.free, size=len(data))
        self.free += -(-len(data) // 64) * 64
        response = pb.GridGradientResponse(header=header_of(request))
        return pb.SessionResponse(id=message.id, lease=lease, response=response.SerializeToString())

    def inline(self, message: pb.SessionRequest) -> pb.SessionResponse:
        """The default answer, over the socket."""
        request = pb.GridGradientRequest.FromString(message.request)
        response = pb.GridGradientResponse(header=header_of(request), data=planes_of(request).tobytes())
        return pb.SessionResponse(id=message.id, response=response.SerializeToString())

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        os.close(self.memory)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


Answer = Callable[[Peer, pb.SessionRequest], pb.SessionResponse | None]


class FakeSessions:
    """Opens sessions at a fake server.

    Attributes:
        server: the server.
        offers: how many were asked for.
        peers: those that were opened.
        answer: answers a call; None for no answer.
        is_sealed: whether the memory is.
        has_packs: whether it says that calls may be made together.
        on_pack: takes calls that are.
    """

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.offers = 0
        self.peers: list[Peer] = []
        self.answer: Answer = Peer.leased
        self.is_sealed = True
        self.has_packs = False
        self.on_pack: Callable[[Peer, pb.SessionRequest], object] = lambda *_: None
        self.size = 1 << 20
        self._name = f"gridgrad-test-{secrets.token_hex(8)}"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(f"\0{self._name}")
        self._listener.listen(100)
        self._threads: list[threading.Thread] = []
        self._start(self._accept)
        server.plain[methods.OPEN_SESSION.path] = self._offer

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self.peers:
            peer.close()
        for thread in self._threads:
            thread.join()

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _offer(self, _: object) -> bytes:
        self.offers += 1
        return pb.OpenSessionResponse(socket=self._name, token=b"t" * 32, packs=self.has_packs).SerializeToString()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer = Peer(self._listener.accept()[0], self.size, self.is_sealed)
                self.peers.append(peer)
                self._start(self._serve, peer)

    def _serve(self, peer: Peer) -> None:
        with peer, contextlib.suppress(OSError):
            greeting = peer.receive()
            if greeting is None:
                return
            assert greeting.token == b"t" * 32
            peer.send(pb.SessionResponse(memory_bytes=peer.size), (peer.memory,))
            while (message := peer.receive()) is not None:
                if message.pack:
                    self.on_pack(peer, message)
                answer = self.answer(peer, message) if message.request else None
                if answer is not None:
                    peer.send(answer)
