"""Helpers are there when they are wanted, end when nobody waits for them, and are replaced."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gridgrad_core.system.framing import FrameReader, framed
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.deriving.helper_process import HelperProcess
from tests.service.harness import PATIENCE_S, eventually

COMMAND = [sys.executable, "-m", "gridgrad_worker.deriving"]
AMPLE = ["--bytes", str(256 << 20), "--seconds", "60"]
ENDLESS = "+".join(f"sin(x*{i})" for i in range(40_000))


@pytest.fixture(scope="module")
def process() -> Iterator[HelperProcess]:
    made = HelperProcess([*COMMAND, *AMPLE])
    yield made
    made.close()
    assert made.pid is None


def ask(helper: socket.socket, text: str) -> None:
    helper.settimeout(PATIENCE_S)
    job = wpb.HelperJob(parse=wpb.SourceText(text=text))
    helper.sendall(framed(job.SerializeToString()))


def answer(helper: socket.socket) -> wpb.HelperAnswer | None:
    """What a helper says; None for nothing."""
    frames = FrameReader()
    while (message := frames.take()) is None:
        try:
            part = helper.recv(1 << 16)
        except ConnectionResetError:  # it had not read all
            part = b""
        if not part:
            return None
        frames.feed(part)
    return wpb.HelperAnswer.FromString(message)


def children(process: HelperProcess) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def test_each_job_has_a_helper_that_ends_with_it(process: HelperProcess) -> None:
    for text in ("x*2", "x*3"):
        with process.helper() as helper:
            ask(helper, text)
            found = answer(helper)
            assert found is not None
            assert found.parsed.text == text
            assert not helper.recv(1)
    eventually(lambda: not children(process), "the helpers have ended")


def test_whoever_closes_the_socket_ends_the_helper_whatever_it_is_at(process: HelperProcess) -> None:
    with process.helper() as helper:
        ask(helper, ENDLESS)
        eventually(lambda: any(_is_busy(pid) for pid in children(process)), "it is at it")
    eventually(lambda: not children(process), "it has ended, long before it was done")


def _is_busy(pid: int) -> bool:
    """Whether it has begun, as its priority shows, and taken some processor time since."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    return int(fields[16]) == 19 and int(fields[11]) > 5


def test_a_helper_that_is_killed_says_nothing_and_the_next_one_does(process: HelperProcess) -> None:
    with process.helper() as helper:
        ask(helper, ENDLESS)
        (pid,) = eventually(lambda: children(process), "it has begun")
        os.kill(pid, signal.SIGKILL)
        assert answer(helper) is None
    with process.helper() as helper:
        ask(helper, "x")
        assert answer(helper) is not None


def test_their_first_process_is_started_again(process: HelperProcess) -> None:
    process.start()
    before = process.pid
    assert before is not None
    os.kill(before, signal.SIGKILL)
    os.waitid(os.P_PID, before, os.WEXITED | os.WNOWAIT)
    with process.helper() as helper:
        ask(helper, "x")
        assert answer(helper) is not None
    assert process.pid != before


def test_it_takes_no_more_memory_than_it_is_told() -> None:
    small = HelperProcess([*COMMAND, *AMPLE, "--bytes", str(24 << 20)])
    try:
        with small.helper() as helper:
            ask(helper, ENDLESS)
            assert answer(helper) == wpb.HelperAnswer(exceeded="memory")
        with small.helper() as helper:
            ask(helper, "x")
            assert answer(helper) is not None
    finally:
        small.close()


def test_it_takes_no_more_time_of_a_processor_than_it_is_told() -> None:
    hasty = HelperProcess([*COMMAND, *AMPLE, "--seconds", "0.05"])
    try:
        with hasty.helper() as helper:
            ask(helper, ENDLESS)
            assert answer(helper) == wpb.HelperAnswer(exceeded="time")
        with hasty.helper() as helper:
            ask(helper, "x")
            assert answer(helper) is not None
    finally:
        hasty.close()
