"""Who has the secret is connected, on this machine or by an address; nobody else is, or keeps him out."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.cluster import direct
from gridgrad_worker.cluster.direct import SECRET_BYTES, Listener, connect

SECRET = secrets.token_bytes(SECRET_BYTES)
Accepted = Future[socket.socket | None]


@pytest.fixture
def waiting() -> Iterator[tuple[pb.Listening, Accepted]]:
    """A worker that waits for the secret."""
    with ThreadPoolExecutor(1) as threads:
        listener = Listener("127.0.0.1")
        yield listener.listening, threads.submit(listener.accept, SECRET)


def talk(one: socket.socket | None, other: socket.socket | None) -> None:
    assert one
    assert other
    with one, other:
        one.sendall(b"question")
        assert other.recv(99) == b"question"
        other.sendall(b"answer")
        assert one.recv(99) == b"answer"


@pytest.mark.parametrize(("here", "family"), [(True, socket.AF_UNIX), (False, socket.AF_INET)])
def test_who_has_the_secret_is_connected(
    waiting: tuple[pb.Listening, Accepted], here: bool, family: socket.AddressFamily
) -> None:
    listening, accepted = waiting
    connection = connect(listening, SECRET, shares_memory=here, crosses=True)
    assert connection
    assert connection.family == family
    assert connection.gettimeout() is None
    talk(connection, accepted.result())
    assert connect(listening, SECRET, shares_memory=True, crosses=True) is None  # it listens no more


def test_one_of_another_machine_is_reached_by_its_address(waiting: tuple[pb.Listening, Accepted]) -> None:
    listening, accepted = waiting
    elsewhere = pb.Listening(name="gridgrad-of-nobody", host=listening.host, port=listening.port)
    assert connect(elsewhere, SECRET, shares_memory=True, crosses=False) is None
    talk(connect(elsewhere, SECRET, shares_memory=True, crosses=True), accepted.result())


def test_others_are_refused_and_keep_nobody_out(
    waiting: tuple[pb.Listening, Accepted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(direct, "_PROVE_WITHIN_S", 0.1)
    listening, accepted = waiting
    other = secrets.token_bytes(SECRET_BYTES)
    assert connect(listening, other, shares_memory=True, crosses=True) is None
    with socket.create_connection((listening.host, listening.port)) as silent:  # says nothing
        assert len(silent.recv(99)) == 32
        assert silent.recv(99) == b""
    with socket.create_connection((listening.host, listening.port)) as mirror:  # sends back what it is sent
        mirror.sendall(mirror.recv(32))
        signed = mirror.recv(32)
        mirror.sendall(signed)
        assert mirror.recv(99) == b""
    talk(connect(listening, SECRET, shares_memory=False, crosses=True), accepted.result())


def test_a_worker_of_others_is_not_believed(waiting: tuple[pb.Listening, Accepted]) -> None:
    listening, accepted = waiting
    with socket.create_server(("127.0.0.1", 0)) as false, ThreadPoolExecutor(1) as threads:
        asked = pb.Listening(name="gridgrad-of-nobody", host="127.0.0.1", port=false.getsockname()[1])
        connection = threads.submit(connect, asked, SECRET, shares_memory=False, crosses=True)
        taken = false.accept()[0]
        with taken:
            taken.recv(32)
            taken.sendall(bytes(64))
            assert connection.result() is None
    talk(connect(listening, SECRET, shares_memory=False, crosses=True), accepted.result())


def test_a_worker_waits_no_longer_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct, "_ACCEPT_WITHIN_S", 0.05)
    before = len(os.listdir("/proc/self/fd"))
    assert Listener("::1").accept(SECRET) is None
    assert len(os.listdir("/proc/self/fd")) == before
