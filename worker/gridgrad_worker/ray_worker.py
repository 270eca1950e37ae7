"""A worker as an actor of a Ray cluster, which serves by a socket of its own until that is closed. Where nobody can
reach that, each message is a call of the actor, one after another.

Ray makes an instance on a node of the cluster, where Gridgrad must be installed in the version of the server.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
from typing import TYPE_CHECKING

from gridgrad_core.system.logging import configure
from gridgrad_core.system.malloc import keep_freed_memory
from gridgrad_core.version import __version__
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.cluster.direct import Listener
from gridgrad_worker.cluster.remote_channel import Answer, Bytes, RemoteChannel
from gridgrad_worker.cluster.socket_channel import SocketChannel
from gridgrad_worker.runtime import process
from gridgrad_worker.runtime.channel import Channel
from gridgrad_worker.serving import open_loop, parse

if TYPE_CHECKING:  # it loads torch
    from gridgrad_worker.loop import WorkerLoop

__all__ = ["RayWorker"]

_KEPT_BYTES = 1 << 28


class RayWorker:
    """A worker that is called by the process that speaks to the cluster for the server."""

    def __init__(self) -> None:
        process.spin_briefly()
        self._channel = RemoteChannel()
        self._loop: WorkerLoop | None = None
        self._listener: Listener | None = None

    def listen(self, version: str) -> bytes:
        """Begins to listen for who serves with it.

        Args:
            version: of the server.

        Returns:
            A Listening; empty where it is of another version, which `start` says.
        """
        if version != __version__:
            return b""
        from ray.util import get_node_ip_address

        self._listener = Listener(get_node_ip_address())  # type: ignore[no-untyped-call] # Ray's own
        return self._listener.listening.SerializeToString()

    def serve(self, secret: bytes, arguments: list[str]) -> bool:
        """Serves who connects, until that one closes its end.

        Args:
            secret: that who connects must have.
            arguments: the worker's flags.

        Returns:
            Whether somebody has connected.
        """
        listener, self._listener = self._listener, None
        connection = listener.accept(secret) if listener else None
        if connection is None:
            return False
        with connection, contextlib.suppress(ConnectionError):
            if connection.family == socket.AF_UNIX:
                loop = open_loop(_ready(arguments), Channel(connection))
            else:
                channel = SocketChannel(connection)
                loop = open_loop(_ready(arguments), channel)
                channel.spans_of = loop.result_spans if loop else channel.spans_of
            if loop is not None:
                with contextlib.closing(loop):
                    loop.run()
        return True

    def start(self, version: str, arguments: list[str]) -> Answer:
        """Makes it ready to be called.

        Args:
            version: of the server.
            arguments: its flags.

        Returns:
            An Exchanged, whose message says that it is ready, or why it can't serve.
        """
        if version != __version__:
            why = (
                f"the server is of version {version}, and a node of the cluster has {__version__}: install one on both"
            )
            self._channel.send(pb.WorkerMessage(fatal=why).SerializeToString())
        else:
            self._loop = open_loop(_ready(arguments), self._channel)
        return self._channel.answer((), is_compiling=False)

    def exchange(self, header: bytes, *numbers: Bytes) -> Answer:
        """Handles a message.

        Args:
            header: an Exchange.
            numbers: of its inputs.

        Returns:
            An Exchanged.
        """
        assert self._loop is not None  # noqa: S101 - who was refused is not called
        self._channel.put(pb.Exchange.FromString(header), numbers)
        self._loop.run()
        spans = self._loop.result_spans(self._channel.batch) if self._channel.batch else ()
        return self._channel.answer(spans, is_compiling=self._loop.is_compiling)


def _ready(arguments: list[str]) -> argparse.Namespace:
    """Reads the flags, and makes this process what they want."""
    options = parse(arguments)
    keep_freed_memory(_KEPT_BYTES)
    process.keep_code_in(options.cache)
    configure(options.log_format, options.log_level, device=options.device, pid=os.getpid())
    return options
