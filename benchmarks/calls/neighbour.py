"""A neighbour: a client process whose one caller asks for grids of 1024×1024 for as long as it is told to.

    python -m benchmarks.calls.neighbour raw|ours ADDRESS

"go" on standard input starts it, "stop" stops it; it then writes how many grids it got.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc

import gridgrad
from benchmarks.calls.workload import EXPRESSION, answer_bytes, axes, request_bytes
from benchmarks.peers import raw

__all__ = ["Neighbour", "neighbour"]

SIDE = 1024


class Neighbour:
    """The neighbour, seen from the benchmark."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @contextlib.contextmanager
    def going(self) -> Iterator[None]:
        """Has it call while the block runs, after its first grid came."""
        self._say("go")
        self._hear()
        try:
            yield
        finally:
            self._say("stop")
            self._hear()

    def _say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def _hear(self) -> None:
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise RuntimeError("the neighbour has ended")


@contextlib.contextmanager
def neighbour(kind: str, address: str) -> Iterator[Neighbour]:
    """Starts one, which calls nobody yet."""
    command = [sys.executable, "-m", "benchmarks.calls.neighbour", kind, address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Neighbour(process)


def _raw(channel: grpc.Channel) -> Callable[[], object]:
    method: Any = channel.unary_stream(raw.STREAM)
    request = raw.request(answer_bytes(SIDE), request_bytes(SIDE))
    return lambda: [len(message) for message in method(request)]


def _obey(call: Callable[[], object]) -> None:
    for _ in sys.stdin:  # "go"
        stopped = threading.Event()
        caller = threading.Thread(target=_loop, args=(call, stopped))
        caller.start()
        sys.stdin.readline()
        stopped.set()
        caller.join()


def _loop(call: Callable[[], object], stopped: threading.Event) -> None:
    count = 0
    while not stopped.is_set():
        call()
        count += 1
        if count == 1:
            print("going", flush=True)
    print(count, flush=True)


if __name__ == "__main__":
    kind, target = sys.argv[1:]
    if kind == "raw":
        with grpc.insecure_channel(target, raw.OPTIONS) as channel:
            _obey(_raw(channel))
    else:
        inputs = axes(SIDE)
        with gridgrad.Client(target, sessions=False) as client:
            _obey(lambda: client.gradient(EXPRESSION, inputs))
