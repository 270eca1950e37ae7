"""How a worker process starts, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gridgrad_core.worker_v1 import worker_pb2 as pb
from tests.worker.driving import ANSWER_TIMEOUT_S, start


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def await_gone(pid: int) -> None:
    give_up_at = time.monotonic() + ANSWER_TIMEOUT_S
    while not is_gone(pid):
        assert time.monotonic() < give_up_at, "it lives on"
        time.sleep(0.01)


def test_it_ends_when_its_socket_is_closed_and_not_by_signals_to_its_group() -> None:
    with start() as driver:
        assert driver.receive().ready.device == "cpu"
        for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            driver.process.send_signal(each)
        driver.send(pb.ServerMessage(ping=pb.Ping()))
        assert driver.receive().WhichOneof("kind") == "pong"
        driver.connection.close()
        assert driver.process.wait(ANSWER_TIMEOUT_S) == 0


def test_it_ends_when_what_comes_is_no_frame() -> None:
    with start("--log-format", "json") as driver:
        driver.receive()
        driver.connection.sendall(b"\xff" * 4)
        assert driver.process.wait(ANSWER_TIMEOUT_S) == 1
        assert driver.process.stderr
        last = json.loads(driver.process.stderr.read().splitlines()[-1])
        assert last["level"] == "error"
        assert "4294967295 bytes" in last["traceback"]


PARENT = """
import socket, subprocess, sys, time
ours, theirs = socket.socketpair()
worker = subprocess.Popen(
    [sys.executable, "-m", "gridgrad_worker", "--fd", str(theirs.fileno()), "--device", "cpu"],
    pass_fds=[theirs.fileno(), ours.fileno()],  # it holds the server's end too, which so is never closed
)
theirs.close()
ours.recv(1)
print(worker.pid, flush=True)
time.sleep(600)
"""


def test_it_is_killed_when_its_parent_dies_though_the_socket_stays_open() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout
        worker = int(parent.stdout.readline())
        assert not is_gone(worker)
        parent.kill()
    await_gone(worker)


WRONG = """
import torch
from gridgrad_worker import function

@function(samples={"x": 0.7})
def wrong(x):
    return x * torch.special.bessel_j0(x)
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "it registers no function"),
        (WRONG, "0.881201 by torch but 0.650904 by finite differences"),
    ],
)
def test_functions_that_cannot_be_served_are_fatal(tmp_path: Path, text: str, found: str) -> None:
    (tmp_path / "refused.py").write_text(text)
    with start("--functions", "refused", cwd=tmp_path) as driver:
        message = driver.receive()
        assert message.WhichOneof("kind") == "fatal"
        assert found in message.fatal
        assert driver.process.wait(ANSWER_TIMEOUT_S) == 3


def test_a_device_that_is_not_there_is_fatal() -> None:
    with start("--device", "cuda:99") as driver:
        message = driver.receive()
        assert "--device cuda:99" in message.fatal
        assert "--device cpu" in message.fatal
        assert driver.process.wait(ANSWER_TIMEOUT_S) == 3
