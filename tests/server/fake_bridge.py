"""Speaks to no cluster: each worker that it is asked for is a fake worker on this machine. Its flags are the worker's.

With --unreached it says that there is no cluster, and ends; with --direct the server is given a socket to the worker
itself. Run as a script: fake_bridge.py --fd N.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

from gridgrad_core.worker_v1 import worker_pb2 as pb


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def start(descriptor: int, flags: Iterable[str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(Path(__file__).with_name("fake_worker.py")), "--fd", str(descriptor), *flags]
    return subprocess.Popen(command, pass_fds=[descriptor], preexec_fn=die_with_parent)


def speak_for(server: socket.socket, flags: Iterable[str]) -> None:
    """Hands the server a socket to a worker, and stays until one of them ends."""
    ours, theirs = socket.socketpair()
    with server:
        with ours, theirs:
            worker = start(theirs.fileno(), flags)
            reached = pb.WorkerMessage(reached=pb.Reached(shares_memory=True)).SerializeToString()
            with contextlib.suppress(OSError):
                socket.send_fds(server, [struct.pack("<I", len(reached)) + reached], [ours.fileno()])

        def wait() -> None:
            worker.wait()
            server.shutdown(socket.SHUT_RD)

        ended = threading.Thread(target=wait)
        ended.start()
        server.recv(1)  # the end of either
        worker.kill()
        ended.join()


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[sys.argv.index("--fd") + 1]))
    failure = "no cluster here" if "--unreached" in sys.argv else ""
    report = pb.ClusterReport(failure=failure).SerializeToString()
    control.sendall(struct.pack("<I", len(report)) + report)
    workers = []
    while not failure:
        head, ancillary, _, _ = control.recvmsg(4, 64)
        if not head:
            break
        body = control.recv(struct.unpack("<I", head)[0])
        (descriptor,) = array.array("i", ancillary[0][2])
        flags = pb.OpenWorker.FromString(body).arguments
        connection = socket.socket(fileno=descriptor)
        if "--direct" in sys.argv:
            threading.Thread(target=speak_for, args=(connection, list(flags)), daemon=True).start()
            continue
        with connection:
            workers.append(start(descriptor, flags))
    for worker in workers:
        worker.wait()


if __name__ == "__main__":
    main()
