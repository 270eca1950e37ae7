"""`python -m gridgrad_worker.deriving --fd N`: the process of which helpers are forks. The server starts it.

It loads what helpers need, and forks one for each job, which comes and is answered on a socket of its own. So a helper
begins at once, no job sees what another has left, and all of a job's memory is given back.

Invariants:
* A helper whose socket is closed at the other end is ended by the kernel, whatever it is at: who gives a job up closes
  the socket, and needs no number of a process.
* A helper takes no more memory and no more time of a processor than it is told; it then says so, or ends. Nobody else
  notices.
* All die with the server.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import gc
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import NoReturn

from gridgrad_core.system.framing import FrameReader, framed
from gridgrad_core.system.logging import configure
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.deriving.helper_job import answer
from gridgrad_worker.runtime import process

__all__ = ["main"]

_READ_BYTES = 1 << 16
_SHORT_S = 0.25
"""What of a processor a helper has like others: most jobs need no more, and somebody waits for a first answer."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Forks helpers until the server closes the socket; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="gridgrad_worker.deriving", description="The helpers of gridgrad-server, which starts them."
    )
    parser.add_argument("--fd", type=int, required=True, help="descriptor of the socket to the server")
    parser.add_argument("--bytes", type=int, required=True, help="memory of a helper")
    parser.add_argument("--seconds", type=float, required=True, help="time of a processor that it may take")
    parser.add_argument("--log-format", choices=("text", "json"), default="text")
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    options = parser.parse_args(arguments)
    process.ignore_signals()
    process.die_with_parent()
    configure(options.log_format, options.log_level, helpers=True, pid=os.getpid())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that helpers that have ended are gone
    gc.freeze()
    with socket.socket(fileno=options.fd) as control:
        while (job := _next(control)) is not None:
            with job:
                _fork(control, job, options)
    return 0


def _next(control: socket.socket) -> socket.socket | None:
    """The socket of the next job; None when the server is gone."""
    said, files, *_ = socket.recv_fds(control, 1, 1)
    return socket.socket(fileno=files[0]) if said and files else None


def _fork(control: socket.socket, job: socket.socket, options: argparse.Namespace) -> None:
    try:
        pid = os.fork()
    except OSError:
        return  # by the end of its socket the server knows
    if not pid:
        control.close()
        _help(job, options.bytes, options.seconds)


def _help(connection: socket.socket, most_bytes: int, most_s: float) -> NoReturn:
    """What a helper does."""
    status = 1
    try:
        process.die_with_parent()
        _yield_to_others_after(_SHORT_S)
        gc.disable()  # nothing that it makes refers to itself, and all of it goes with the process
        resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))
        job = pb.HelperJob.FromString(_receive(connection))
        with _dying_with(connection):
            answered = _answer(job, most_s).SerializeToString()
        connection.sendall(framed(answered))
        status = 0
    except ConnectionError:
        pass  # nobody waits any more
    except BaseException:  # noqa: BLE001 - whatever it is, the process ends here and not in the loop of the first
        traceback.print_exc()
    finally:
        os._exit(status)


def _yield_to_others_after(used_s: float) -> None:
    """Has this process get the lowest priority once it has used so much of a processor."""
    signal.signal(signal.SIGVTALRM, lambda *_: process.yield_to_others())
    signal.setitimer(signal.ITIMER_VIRTUAL, used_s)


def _receive(connection: socket.socket) -> bytes:
    frames = FrameReader()
    while (message := frames.take()) is None:
        part = connection.recv(min(frames.missing, _READ_BYTES))
        if not part:
            raise ConnectionError
        frames.feed(part)
    return message


@contextlib.contextmanager
def _dying_with(connection: socket.socket) -> Iterator[None]:
    """Has the kernel end this process when the other end of a socket is closed. See fcntl(2), O_ASYNC."""
    flags = fcntl.fcntl(connection, fcntl.F_GETFL)
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(connection, fcntl.F_SETFL, flags | os.O_ASYNC)
    with contextlib.suppress(BlockingIOError):
        connection.recv(1, socket.MSG_DONTWAIT)
        raise ConnectionError  # it was closed before
    yield
    fcntl.fcntl(connection, fcntl.F_SETFL, flags)


def _answer(job: pb.HelperJob, most_s: float) -> pb.HelperAnswer:
    signal.signal(signal.SIGPROF, _out_of_time)
    signal.setitimer(signal.ITIMER_PROF, most_s)
    try:
        return answer(job)
    except MemoryError:
        return pb.HelperAnswer(exceeded="memory")
    except _OutOfTime:
        return pb.HelperAnswer(exceeded="time")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)


class _OutOfTime(BaseException):
    """The helper has had its time; no handler of a job's own errors catches it."""


def _out_of_time(*_: object) -> None:
    raise _OutOfTime


if __name__ == "__main__":
    sys.exit(main())
