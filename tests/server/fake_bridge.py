"""Speaks to no cluster: each worker that it is asked for is a fake worker on this machine. Its flags are the worker's.

With --unreached it says that there is no cluster, and ends. Run as a script: fake_bridge.py --fd N.
"""

from __future__ import annotations

import array
import ctypes
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path

from gridgrad_core.worker_v1 import worker_pb2 as pb


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


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
        command = [sys.executable, str(Path(__file__).with_name("fake_worker.py")), "--fd", str(descriptor), *flags]
        workers.append(subprocess.Popen(command, pass_fds=[descriptor], preexec_fn=die_with_parent))
        socket.socket(fileno=descriptor).close()
    for worker in workers:
        worker.wait()


if __name__ == "__main__":
    main()
