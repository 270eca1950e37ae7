"""Servers for the tests: started with functions that a test can hold up or make deadly, watched, and stopped."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from benchmarks.harness.processes import Served, serve

__all__ = [
    "DEADLY",
    "HOLD",
    "PATIENCE_S",
    "PIECE",
    "QUEUE_ENTRIES",
    "QUEUE_MIB",
    "Control",
    "Running",
    "eventually",
    "free_port",
    "marked",
    "own_mib",
    "resident_mib",
    "running",
]

PATIENCE_S = 60.0
"""How long a test waits for what must come; only a failing one waits so long."""

HOLD = 1e6
"""`gate` waits at greater values of x."""
DEADLY = -1e6
"""`deadly` and others kill their worker, or fail, at smaller values of x."""
QUEUE_ENTRIES = 66
"""What one caller of the narrow server may have in the queue: half of what it holds."""
PIECE = 1 << 18
QUEUE_MIB = 128
CONTROL = "GRIDGRAD_TEST_CONTROL"
FUNCTIONS = "tests.service.functions"
T = TypeVar("T")


def eventually(look: Callable[[], T], what: str) -> T:
    """Waits until `look` returns something true, and returns it."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not (seen := look()):
        assert time.monotonic() < give_up_at, f"not within {PATIENCE_S:g} s: {what}"
        time.sleep(0.01)
    return seen


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Control:
    """The files by which a test steers the functions of tests/service/functions.py."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Inside the block, a computation of `gate` at a value over HOLD waits."""
        self.hold()
        try:
            yield
        finally:
            self.release()

    def hold(self) -> None:
        """Closes the gate."""
        (self.folder / "entered").unlink(missing_ok=True)
        (self.folder / "pass").unlink(missing_ok=True)
        # A new token each time: a worker that has not yet seen the last one vanish goes on.
        written = self.folder / "closed.new"
        written.write_text(uuid.uuid4().hex)
        written.rename(self.folder / "closed")

    def release(self) -> None:
        """Opens it."""
        (self.folder / "closed").unlink(missing_ok=True)

    def step(self) -> None:
        """Lets the one computation that waits pass a gate that stays closed."""
        self.await_held()
        (self.folder / "entered").unlink()
        (self.folder / "pass").touch()
        eventually(lambda: not (self.folder / "pass").exists(), "the worker through the gate")

    def is_held(self) -> bool:
        """Whether a worker stands at the gate."""
        return (self.folder / "entered").exists()

    def await_held(self) -> None:
        """Waits until a worker stands at the gate."""
        eventually(self.is_held, "a worker at the gate")

    def held_workers(self) -> set[int]:
        """The process ids of the workers that came to the gate since it was closed."""
        return {int(word) for word in (self.folder / "entered").read_text().split()} if self.is_held() else set()

    def forget_points(self) -> None:
        """Starts `points` anew."""
        (self.folder / "points").unlink(missing_ok=True)

    def points(self) -> set[float]:
        """The values of x that `gate` has been computed at."""
        return set(self.points_in_order())

    def points_in_order(self) -> list[float]:
        """The same, one after another."""
        file = self.folder / "points"
        return [float(word) for word in file.read_text().split()] if file.exists() else []

    def deaths(self) -> int:
        """How many workers `deadly` has killed."""
        file = self.folder / "deaths"
        return len(file.read_text().split()) if file.exists() else 0


class Running(Served):
    """A running server with what a test needs to know of it.

    Attributes:
        control: steers its test functions.
        log: the file with what it and its workers wrote.
        mark: a variable in the environment of all of its processes.
    """

    def __init__(self, served: Served, control: Control, log: Path, mark: str) -> None:
        super().__init__(served.addresses, served.process)
        self.control = control
        self.log = log
        self.mark = mark

    def replaced(self, pid: int) -> bool:
        """Whether a worker serves and it is not that one."""
        return bool(workers := self.workers()) and pid not in workers


@contextlib.contextmanager
def running(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None, own_group: bool = False
) -> Iterator[Running]:
    """Runs a server with one CPU worker until the block ends, and checks that it ended whole.

    Args:
        folder: takes the log and the control files; must be there.
        arguments: further flags; without --listen among them it listens on a free port.
        environment: further variables.
        own_group: whether it gets a process group of its own.
    """
    mark = f"GRIDGRAD_TEST_MARK={uuid.uuid4()}"
    control, log = Control(folder / "control"), folder / "log"
    flags = ["--device", "cpu", "--workers", "1", "--functions", FUNCTIONS, *arguments]
    if not any(flag.startswith("--listen") for flag in arguments):
        flags += ["--listen", "127.0.0.1:0"]
    variables = {CONTROL: str(control.folder), **dict([mark.split("=", 1)]), "GRIDGRAD_LOG_LEVEL": "info"}
    variables["GRIDGRAD_REGISTERED_ENGINE"] = "functional"  # these do more than compute, and old servers have no flag
    variables |= environment or {}
    with serve("gridgrad_server", flags, environment=variables, log=log, own_group=own_group) as served:
        try:
            yield Running(served, control, log, mark)
        finally:
            control.release()
    assert served.process.returncode in (0, -signal.SIGKILL), log.read_text()
    eventually(lambda: not marked(mark), f"the end of the processes {marked(mark)}")


def marked(mark: str) -> list[int]:
    """The processes, anywhere on this machine, that were started with this variable."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return [pid for pid in found if pid != os.getpid()]


def resident_mib(pid: int) -> float:
    """The memory that a process has in use now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def own_mib(pid: int) -> float:
    """The memory of its own that a process has in use now.

    Pages of files are not counted: torch's come as they are first used, and the kernel takes them back as it likes.
    """
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("RssAnon:")]
    return int(line.split()[1]) / 1024
