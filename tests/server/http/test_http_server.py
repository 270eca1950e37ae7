"""Where it listens, what it says if it can't, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from gridgrad_server.access.token_file import TokenEntry, edited
from gridgrad_server.connections.listen import ListenError
from gridgrad_server.http.http_server import HttpServer
from tests.server.calls import Serve
from tests.server.http.asking import GRID, JSON, address, ask
from tests.server.making import certified


async def greet(scope: Any, receive: Any, send: Any) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


async def test_all_addresses_of_a_name_have_one_port() -> None:
    server = HttpServer(greet, "localhost:0", 30.0, None)
    await server.start()
    port = int(server.address.rpartition(":")[2])
    for _, _, _, _, target in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM):
        try:
            reader, writer = await asyncio.open_connection(str(target[0]), port)
        except OSError:
            assert target[0] == "::1", "there may be no IPv6 here"
            continue
        writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert b"200" in await reader.readline()
        writer.close()
    await server.close()


async def test_a_taken_port_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = HttpServer(greet, f"127.0.0.1:{taken.getsockname()[1]}", 30.0, None)
        with pytest.raises(ListenError, match="--http"):
            await server.start()
    with pytest.raises(ListenError, match="unknown"):
        await HttpServer(greet, "no.such.name.invalid:0", 30.0, None).start()


async def test_with_a_certificate_it_is_https_and_shows_what_was_read_last(serve: Serve, tmp_path: Path) -> None:
    def write() -> bytes:
        made = certified(["localhost"])
        made.write(tmp_path, "server")
        (tmp_path / "server.key").chmod(0o600)
        return made.pem

    def shown(target: tuple[str, int]) -> str:
        return ssl.get_server_certificate(target)

    first = write()
    files = {"tls_cert": tmp_path / "server.pem", "tls_key": tmp_path / "server.key"}
    serving = await serve(http="127.0.0.1:0", **files)
    assert await asyncio.to_thread(shown, address(serving)) == first.decode()
    second = write()
    await serving.server.reload()
    assert await asyncio.to_thread(shown, address(serving)) == second.decode()


async def test_the_certificate_of_a_caller_says_who_he_is(serve: Serve, tmp_path: Path) -> None:
    authority = certified(["authority"])
    authority.write(tmp_path, "ca")
    certified(["server"], [x509.DNSName("localhost")], authority).write(tmp_path, "server")
    (tmp_path / "server.key").chmod(0o600)
    with edited(tmp_path / "tokens") as file:
        file.add(TokenEntry("carol", ("metrics",), b""))
    tls = {
        f"tls_{name}": tmp_path / file
        for name, file in (("cert", "server.pem"), ("key", "server.key"), ("client_ca", "ca.pem"))
    }
    serving = await serve(http="localhost:0", auth_certificates=True, auth_tokens=tmp_path / "tokens", **tls)

    def status(name: str, path: str) -> int:
        trusting = ssl.create_default_context(cafile=tmp_path / "ca.pem")
        if name:
            certified([name], by=authority).write(tmp_path, name)
            trusting.load_cert_chain(tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
        connection = http.client.HTTPSConnection("localhost", address(serving)[1], timeout=30, context=trusting)
        with contextlib.closing(connection):
            method, body = ("GET", None) if path == "/metrics" else ("POST", json.dumps(GRID))
            connection.request(method, path, body, JSON)
            return connection.getresponse().status

    for name, path, expected in (
        ("alice", "/v1/gradient", 200),
        ("alice", "/metrics", 403),
        ("carol", "/metrics", 200),
        ("carol", "/v1/gradient", 403),
    ):
        assert await asyncio.to_thread(status, name, path) == expected, (name, path)
    with pytest.raises(OSError, match=r"(?i)certificate|closed|reset|EOF"):
        await asyncio.to_thread(status, "", "/healthz")


async def test_it_ends_with_the_server(serve: Serve) -> None:
    serving = await serve(http="127.0.0.1:0")
    _reader, writer = await asyncio.open_connection(*address(serving))
    assert (await ask(serving, "GET", "/healthz")).status == 200
    serving.server.stop()
    assert await serving.task == 0
    writer.close()
    with pytest.raises(OSError, match=r"refused|reset"):
        await ask(serving, "GET", "/healthz")
