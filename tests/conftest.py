"""What all tests share: how hypothesis draws, GPU tests, and that nothing is left behind."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.seeds import examples

# Examples come from the test's own text: a run that passed passes again. HYPOTHESIS_PROFILE=explore
# draws new ones and remembers those that failed.
settings.register_profile("repeatable", derandomize=True, database=None, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, print_blob=True, max_examples=examples(100))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

# The servers that tests start compile nothing and leave the user's cache alone, unless a test says otherwise. What is
# compiled once for all formulas is kept for the next run
os.environ["GRIDGRAD_COMPILE"] = "0"
os.environ.setdefault("GRIDGRAD_CACHE", str(Path(__file__).parents[1] / "build" / "cache"))

# What a shell runs in the background ignores Ctrl-C, and so would what the tests start and interrupt
signal.signal(signal.SIGINT, signal.default_int_handler)

NO_GPU = "there is no CUDA device here"


@functools.cache
def _has_gpu() -> bool:
    try:
        import torch
    except ImportError:  # the client's tests run without it too
        return False
    return torch.cuda.is_available()


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu") and not _has_gpu():
        pytest.skip(NO_GPU)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report for report in terminalreporter.stats.get("skipped", ()) if NO_GPU in str(report.longrepr)]
    terminalreporter.write_line(f"GPU tests skipped: {len(skipped)}")


@pytest.fixture(scope="session", autouse=True)
def _no_process_left_behind() -> Iterator[None]:
    """Fails the run when its tests leave a child process behind."""
    yield
    left = _children()
    assert not left, f"processes left behind: {left}"


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # several processes may test side by side, and this is the one above them
        config.pluginmanager.register(_NoFileLeftBehind())


class _NoFileLeftBehind:
    """Fails the run when its tests leave a shared-memory file behind."""

    def __init__(self) -> None:
        self._before = _shared_memory()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        left = _shared_memory() - self._before
        if left:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            print(f"\nleft in /dev/shm: {left}")


def _shared_memory() -> set[str]:
    return {entry.name for entry in Path("/dev/shm").iterdir()}  # noqa: S108 - looks, writes nothing


def _children() -> dict[int, str]:
    ids = {pid for task in Path("/proc/self/task").iterdir() for pid in _children_of(task)}
    return {pid: _command(pid) for pid in ids}


def _children_of(task: Path) -> list[int]:
    """The child processes of a thread of ours, which may end meanwhile."""
    try:
        return [int(pid) for pid in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip() or "a zombie"
    except FileNotFoundError:
        return "just ended"
