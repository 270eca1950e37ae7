"""Child processes as the benchmark sees them."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.harness.block import Block, Order

__all__ = ["CallError", "Host", "Opened", "open_host"]


class CallError(RuntimeError):
    """A call failed in a child process."""


class Host:
    """A child process that makes calls.

    Args:
        process: it.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def open(self, call: str, arguments: Mapping[str, Any]) -> Opened:
        """Opens what makes a kind of calls.

        Raises:
            CallError: it failed, as where a build does not have what it uses.
        """
        self.tell({"open": call, "arguments": arguments})
        return Opened(self, self.hear()["opened"])

    def ask(self, call: str, arguments: Mapping[str, Any]) -> Any:
        """Calls a function once and gives what it returns."""
        self.tell({"ask": call, "arguments": arguments})
        return self.hear()["told"]

    def tell(self, what: Mapping[str, Any]) -> None:
        """Sends a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """Takes the answer to a line."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise CallError(f"the process {self.pid} has ended with status {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise CallError(answer["error"])
        return answer


class Opened:
    """What makes one kind of calls in a host."""

    def __init__(self, host: Host, number: int) -> None:
        self.host = host
        self._number = number

    def begin(self, order: Order) -> None:
        """Has a block run."""
        self.host.tell({"run": self._number, "order": order})

    def end(self) -> Block:
        """Waits for the block and gives it."""
        return Block(*self.host.hear()["block"])

    def close(self) -> None:
        """Leaves it; the process stays."""
        self.host.tell({"close": self._number})
        self.host.hear()


@contextlib.contextmanager
def open_host(environment: Mapping[str, str], python: str = sys.executable) -> Iterator[Host]:
    """Runs a child process until the block ends.

    Args:
        environment: variables beside those of this process.
        python: the interpreter.
    """
    command = [python, "-m", "benchmarks.harness.child"]
    with subprocess.Popen(
        command, env={**os.environ, **environment}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Host(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
