from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.connections.listen import ListenError, bind

Serve = Callable[..., Awaitable[Any]]


async def test_a_taken_port_is_a_clear_error() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        server = grpc.aio.server()
        with pytest.raises(ListenError, match=f"can't listen on {address}: the port is taken"):
            bind(server, ServerSettings(listen=(address,)))
        await server.stop(None)


@pytest.mark.parametrize(
    ("address", "said"),
    [("no.such.host.invalid:1", "is unknown"), ("192.0.2.1:0", "192.0.2.1"), ("unix:/no/such/folder/s", "/no/such")],
)
async def test_an_address_that_is_not_here_is_a_clear_error(address: str, said: str) -> None:
    server = grpc.aio.server()
    with pytest.raises(ListenError, match=said):
        bind(server, ServerSettings(listen=(address,)))
    await server.stop(None)


async def test_a_socket_in_use_and_a_file_are_left_alone(tmp_path: Path) -> None:
    server = grpc.aio.server()
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(ListenError, match="remove it or give another path"):
        bind(server, ServerSettings(listen=(f"unix:{file}",)))
    assert file.read_text() == "mine"
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as holder:
        holder.bind(str(path))
        holder.listen()
        with pytest.raises(ListenError, match="another server listens there"):
            bind(server, ServerSettings(listen=(f"unix:{path}",)))
    assert bind(server, ServerSettings(listen=(f"unix:{path}",))) == [f"unix:{path}"]  # its server is gone
    await server.stop(None)


def test_a_taken_port_ends_the_program_with_status_2() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        command = [sys.executable, "-m", "gridgrad_server", "--listen", address, "--device", "cpu"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"gridgrad-server: can't listen on {address}: the port is taken" in done.stderr
    assert "Traceback" not in done.stderr


# TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """server.pem and client.pem with their keys, both signed by ca.pem."""
    if not shutil.which("openssl"):
        pytest.skip("openssl, which makes the certificates, is not here")
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)  # noqa: S607 - from PATH

    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test authority", "-days", "2")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    for name in ("server", "client"):
        openssl("req", *new, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-days", "2")
        openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signed)
    return folder


def credentials(folder: Path, client: bool) -> grpc.ChannelCredentials:
    pair = ((folder / "client.key").read_bytes(), (folder / "client.pem").read_bytes()) if client else (None, None)
    return grpc.ssl_channel_credentials((folder / "ca.pem").read_bytes(), *pair)


async def devices(target: str, trusted: grpc.ChannelCredentials) -> list[str]:
    async with grpc.aio.secure_channel(target, trusted) as channel:
        call: Any = channel.unary_unary(methods.SERVER_INFO.path)
        return list(pb.GetServerInfoResponse.FromString(await call(b"", timeout=20)).devices)


async def test_tls_with_and_without_client_certificates(serve: Serve, certificates: Path) -> None:
    pair = {"tls_cert": certificates / "server.pem", "tls_key": certificates / "server.key"}
    open_to_all = await serve(**pair)
    assert await devices(open_to_all.server.addresses[0], credentials(certificates, client=False)) == ["cpu"]
    closed = await serve(**pair, tls_client_ca=certificates / "ca.pem")
    assert await devices(closed.server.addresses[0], credentials(certificates, client=True)) == ["cpu"]
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await devices(closed.server.addresses[0], credentials(certificates, client=False))
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
    async with grpc.aio.insecure_channel(closed.server.addresses[0]) as channel:
        call: Any = channel.unary_unary(methods.SERVER_INFO.path)
        with pytest.raises(grpc.aio.AioRpcError):
            await call(b"", timeout=20)
