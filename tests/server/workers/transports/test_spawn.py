"""Processes with a socket: started, watched, and seen when they are stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from gridgrad_server.workers.transports.spawn import is_stopped, spawn, watch_exit

ECHO = "import socket, sys; s = socket.socket(fileno=int(sys.argv[-1])); s.sendall(s.recv(9)); s.recv(1)"
SHOW_MASK = (
    "import signal, socket, sys; s = socket.socket(fileno=int(sys.argv[-1])); "
    "s.sendall(','.join(str(int(n)) for n in sorted(signal.pthread_sigmask(signal.SIG_BLOCK, []))).encode())"
)


async def until_exit(process_gone: asyncio.Event) -> None:
    async with asyncio.timeout(20):
        await process_gone.wait()


async def test_a_process_has_the_other_end_and_its_exit_is_told() -> None:
    process, ours = spawn([sys.executable, "-c", ECHO])
    gone = asyncio.Event()
    watch_exit(process, gone.set)
    with ours:
        ours.sendall(b"ping")
        assert ours.recv(9) == b"ping"
        assert not gone.is_set()
    await until_exit(gone)
    assert process.returncode == 0


def test_an_interrupt_of_the_group_does_not_end_a_worker_that_starts() -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    process, ours = spawn([sys.executable, "-c", SHOW_MASK])
    with ours:
        blocked = {int(number) for number in ours.recv(99).split(b",")}
    process.wait(20)
    assert {signal.SIGINT, signal.SIGTERM, signal.SIGHUP} <= blocked
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


def test_a_command_that_is_none_leaves_no_socket() -> None:
    before = os.listdir("/proc/self/fd")
    with pytest.raises(FileNotFoundError):
        spawn(["/no/such/program"])
    assert len(os.listdir("/proc/self/fd")) == len(before)


async def test_a_stopped_process_is_seen() -> None:
    process, ours = spawn([sys.executable, "-c", ECHO])
    with ours:
        assert not is_stopped(process.pid)
        process.send_signal(signal.SIGSTOP)
        async with asyncio.timeout(20):
            while not is_stopped(process.pid):
                await asyncio.sleep(0.005)
        process.kill()
    process.wait(20)
    assert not is_stopped(process.pid)
