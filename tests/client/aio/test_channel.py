"""Clients of several servers that compute nothing: who is called, names that move, and streams that end."""

from __future__ import annotations

import copy
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

import gridgrad
import gridgrad.aio
from gridgrad.errors import UnsupportedError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.client.fake import FakeServer, entry

AXES = {"t": [1.0, 2.0], "k": [3.0]}
MANY = [{"t": [float(number)], "k": [0.5]} for number in range(400)]


@pytest.fixture
def servers() -> Iterator[list[FakeServer]]:
    """Two servers."""
    made = [FakeServer(), FakeServer()]
    yield made
    for each in made:
        each.stop()


def listed(servers: list[FakeServer]) -> list[str]:
    return [server.address for server in servers]


def answered(servers: list[FakeServer]) -> list[int]:
    return [len(server.requests) for server in servers]


def await_all(client: gridgrad.Client, servers: list[FakeServer]) -> None:
    """Calls until a client is connected with all of them."""
    give_up_at = time.monotonic() + 30
    while not all(answered(servers)):
        client.gradient("t*k", AXES)
        assert time.monotonic() < give_up_at, answered(servers)


def test_calls_take_turns_though_servers_are_near(servers: list[FakeServer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGRAD_SERVER", ",".join(listed(servers)))
    with gridgrad.Client() as client:
        assert client.addresses == tuple(listed(servers))
        assert client.address == ",".join(listed(servers))
        await_all(client, servers)
        before = answered(servers)
        for _ in range(40):
            client.gradient("t*k", AXES)
    assert [now - then for now, then in zip(answered(servers), before, strict=True)] == [20, 20]


def test_a_map_is_spread_over_all(servers: list[FakeServer]) -> None:
    with gridgrad.Client(listed(servers)) as client:
        await_all(client, servers)
        for _ in range(20):
            values = [float(result.value[0, 0]) for result in client.map("t*k", MANY)]
            assert values == [number + 0.5 for number in range(400)]
            if all(server.entries for server in servers):
                break
    assert all(server.entries for server in servers)


async def test_a_map_is_spread_over_all_by_tasks_too(servers: list[FakeServer]) -> None:
    async with gridgrad.aio.Client(listed(servers)) as client:
        for _ in range(20):
            values = [float(result.value[0, 0]) async for result in client.map("t*k", MANY)]
            assert values == [number + 0.5 for number in range(400)]
            if all(server.entries for server in servers):
                break
    assert all(server.entries for server in servers)


def test_what_was_on_a_stream_that_broke_goes_on_another(servers: list[FakeServer]) -> None:
    lock, seen = threading.Lock(), []

    def half(messages: Iterator[pb.StreamGridGradientsRequest], _: Any) -> Iterator[bytes]:
        for message in messages:
            with lock:
                seen.append(sum(message.request.inputs[0].array.data))
                breaks = len(seen) % 150 == 140
            if breaks:
                return
            yield entry(message)

    for server in servers:
        server.stream = half
    with gridgrad.Client(listed(servers)) as client:
        values = [float(result.value[0, 0]) for result in client.map("t*k", MANY, in_flight=40)]
    assert values == [number + 0.5 for number in range(400)]
    assert 400 < len(seen) < 400 + 2 * 40 * 4, "only what had no answer is sent again"


def test_names_are_looked_up_again_when_no_server_is_there(
    servers: list[FakeServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    (host, first), (_, second) = (server.address.rsplit(":", 1) for server in servers)
    known: dict[str, list[tuple[str, int]]] = {}

    def getaddrinfo(name: str, _: int, **__: Any) -> list[Any]:
        if name not in known:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", each) for each in known[name]]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with gridgrad.Client(f"one:{first},other:{first}") as client:
        with pytest.raises(gridgrad.UnavailableError, match=r"no server of one:.* has an address .*Name or service"):
            client.gradient("t*k", AXES, timeout=1)
        known["one"] = [(host, int(first))]
        client.gradient("t*k", AXES)
        assert answered(servers) == [1, 0]
    with gridgrad.Client(f"one:{second},other:{second}") as client:
        known["one"] = [("127.0.0.2", int(second))]  # where nobody listens
        with pytest.raises(gridgrad.UnavailableError, match="no server answers"):
            client.gradient("t*k", AXES, timeout=1)
        known["other"] = [(host, int(second))]
        client.gradient("t*k", AXES)
    assert answered(servers) == [1, 1]


async def test_a_lookup_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait(30) and [])
    try:
        async with gridgrad.aio.Client("one:1,other:1") as client:
            with pytest.raises(gridgrad.UnavailableError, match="takes too long"):
                await client.gradient("t*k", AXES, timeout=0.2)
        late = pytest.raises(gridgrad.UnavailableError, match="takes too long")
        with gridgrad.Client("one:1,other:1") as other, late:
            other.gradient("t*k", AXES, timeout=0.2)
    finally:
        never.set()


def test_a_list_goes_along_with_a_copy_of_its_client(servers: list[FakeServer]) -> None:
    with gridgrad.Client(listed(servers), server_name="a.b") as client, copy.copy(client) as other:
        assert other.addresses == client.addresses
        assert other._settings.server_name == "a.b"
        other.gradient("t*k", AXES)


def test_certificates_have_to_have_one_name(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    flags = ["-nodes", "-keyout", "key", "-out", "certificate", "-days", "2", "-subj", "/CN=here"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", *flags, "-addext", "subjectAltName=DNS:all.test"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    key, certificate = (tmp_path / "key").read_bytes(), (tmp_path / "certificate").read_bytes()
    servers = [FakeServer(grpc.ssl_server_credentials([(key, certificate)])) for _ in range(2)]
    trusting = grpc.ssl_channel_credentials(certificate)
    try:
        with gridgrad.Client(listed(servers), credentials=trusting, server_name="all.test") as client:
            await_all(client, servers)
        with (
            gridgrad.Client(listed(servers), credentials=trusting, retries=0) as first_named,
            pytest.raises(gridgrad.UnavailableError),
        ):
            first_named.gradient("t*k", AXES)
    finally:
        for server in servers:
            server.stop()


@pytest.mark.parametrize("name", ["", 5])
def test_a_name_of_servers_that_is_none(name: Any) -> None:
    with pytest.raises(gridgrad.RequestError, match="server_name"):
        gridgrad.Client("127.0.0.1:1,127.0.0.1:2", server_name=name)


@pytest.mark.parametrize("named", [False, True])
def test_an_expression_is_prepared_at_each(servers: list[FakeServer], named: bool) -> None:
    compiled = pb.PrepareResponse(engine="structured", tier="compiled")
    uncompiled = pb.PrepareResponse(engine="structured", tier="direct", reason="no compiler")
    servers[0].plain[methods.PREPARE.path] = lambda _: compiled.SerializeToString()
    servers[1].plain[methods.PREPARE.path] = lambda _: uncompiled.SerializeToString()
    addresses = [each.replace("127.0.0.1", "localhost") if named else each for each in listed(servers)]
    with gridgrad.Client(addresses) as client:
        for _ in range(2):
            assert client.prepare("t*k", ["t", "k"]).reason == "no compiler"
    assert [len(server.asked) for server in servers] == [2, 2]


def test_one_that_can_not_be_reached_is_not_prepared(servers: list[FakeServer]) -> None:
    servers[0].plain[methods.PREPARE.path] = lambda _: pb.PrepareResponse(tier="compiled").SerializeToString()
    addresses = [servers[0].address, "127.0.0.1:9"]
    with gridgrad.Client(addresses, retries=0) as client, pytest.raises(gridgrad.UnavailableError):
        client.prepare("t*k", ["t", "k"])


NEWER = gridgrad.registered("newer"), {"r": [0.5, 1.5], "spare": 1.0}


def says(server: FakeServer, *features: str) -> list[bytes]:
    """Has a server say that it has such features; returns what fills with what it is asked."""
    info = pb.GetServerInfoResponse(version="0.0.9", features=features).SerializeToString()
    server.plain[methods.SERVER_INFO.path] = lambda _: info
    return server.asked


def test_a_server_is_asked_once_what_it_knows(servers: list[FakeServer]) -> None:
    asked = says(servers[0], "ignore_unused", "more")
    with gridgrad.Client(servers[0].address) as client:
        client.gradient("r", {"r": [1.0]})
        assert not asked
        for _ in range(3):
            client.gradient(*NEWER, unused="ignore")
            list(client.map(NEWER[0], [NEWER[1]], unused="ignore"))
        assert asked == [b""]
    assert all(list(request.features) == ["ignore_unused"] for request in servers[0].requests[1:])


def test_of_several_servers_each_has_to_know_it_that_answers(servers: list[FakeServer]) -> None:
    says(servers[0], "ignore_unused")
    says(servers[1])
    with gridgrad.Client(listed(servers)) as client:
        with pytest.raises(UnsupportedError, match=r"'ignore_unused', which the server's version 0\.0\.9"):
            client.gradient(*NEWER, unused="ignore")
        assert answered(servers) == [0, 0]
        servers[1].stop()
        client.gradient(*NEWER, unused="ignore")
    assert answered(servers) == [1, 0]


async def test_tasks_see_it_too(servers: list[FakeServer]) -> None:
    says(servers[0])
    async with gridgrad.aio.Client(servers[0].address) as client:
        asked = [gridgrad.Request("r", {"r": [1.0]}), gridgrad.Request(*NEWER, unused="ignore")]
        outcomes = [outcome async for outcome in client.stream(asked, errors="return")]
        with pytest.raises(UnsupportedError):
            await client.gradient(*NEWER, unused="ignore")
        with pytest.raises(UnsupportedError):
            async for _ in client.windows(*NEWER, unused="ignore"):
                pass
    assert {type(each) for each in outcomes} == {gridgrad.Result, UnsupportedError}
    assert len(servers[0].entries) == 1


def test_a_server_that_is_gone_when_a_stream_asks_it_is_tried_again(servers: list[FakeServer]) -> None:
    def refuses_once(context: grpc.ServicerContext) -> bytes:
        says(servers[0], "ignore_unused")
        context.abort(grpc.StatusCode.UNAVAILABLE, "later")

    servers[0].plain[methods.SERVER_INFO.path] = refuses_once
    with gridgrad.Client(servers[0].address) as client:
        assert len(list(client.map(NEWER[0], [NEWER[1]] * 3, unused="ignore"))) == 3
