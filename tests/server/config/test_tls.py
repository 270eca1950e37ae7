"""Certificates at a server: who is let in by them, who they say calls, and that they are read again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from gridgrad_server.access.token_file import TokenEntry, digest_of, edited
from gridgrad_server.config.access_error import AccessError
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.config.tls import ServerCertificates
from tests.server.calls import Code
from tests.server.conftest import Serving
from tests.server.making import AUDIENCE, ISSUER, Certified, certified, key_file, signers

Serve = Callable[..., Awaitable[Serving]]
LOCAL = x509.DNSName("localhost")


@pytest.fixture
def authority(tmp_path: Path) -> Certified:
    """Whose certificate is ca.pem, and who has signed server.pem."""
    made = certified(["authority"])
    made.write(tmp_path, "ca")
    certified(["server"], [LOCAL], made).write(tmp_path, "server")
    return made


def settings(folder: Path, **others: Any) -> dict[str, Any]:
    pair = {"tls_cert": folder / "server.pem", "tls_key": folder / "server.key"}
    return {"listen": ("localhost:0",), **pair, **others}


def trusting(authority: Certified, client: Certified | None = None) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(authority.pem, *((client.key_pem, client.pem) if client else (None, None)))


async def answer(serving: Serving, trusted: grpc.ChannelCredentials, token: str = "") -> tuple[Code, str]:
    metadata = (("authorization", f"Bearer {token}"),) if token else None
    async with grpc.aio.secure_channel(serving.server.addresses[0], trusted) as channel:
        call: Any = channel.unary_unary(methods.SERVER_INFO.path)
        try:
            pb.GetServerInfoResponse.FromString(await call(b"", timeout=20, metadata=metadata))
        except grpc.aio.AioRpcError as error:
            return error.code(), error.details() or ""
    return Code.OK, ""


async def test_a_certificate_says_who_calls(serve: Serve, authority: Certified, tmp_path: Path) -> None:
    with edited(tmp_path / "tokens") as file:
        for name in ("alice", "bob"):
            file.add(TokenEntry(name, ("call",), digest_of(f"token of {name}")))
        file.add(TokenEntry("carol", ("metrics",), b""))
    ways = {"tls_client_ca": tmp_path / "ca.pem", "auth_certificates": True, "auth_tokens": tmp_path / "tokens"}
    serving = await serve(**settings(tmp_path, **ways))
    alice = trusting(authority, certified(["alice"], by=authority))
    assert await answer(serving, alice) == (Code.OK, "")
    assert await answer(serving, alice, "token of alice") == (Code.OK, "")
    code, said = await answer(serving, alice, "token of bob")
    assert code is Code.UNAUTHENTICATED
    assert "a token of bob and a certificate of alice" in said
    assert (await answer(serving, alice, "wrong"))[0] is Code.UNAUTHENTICATED
    nobody = trusting(authority, certified(["Nobody Inparticular"], by=authority))
    assert (await answer(serving, nobody))[0] is Code.UNAUTHENTICATED
    stranger = trusting(authority, certified(["alice"], by=certified(["authority"])))
    assert (await answer(serving, stranger))[0] is Code.UNAVAILABLE


async def test_web_tokens_over_tls(serve: Serve, authority: Certified, tmp_path: Path) -> None:
    signer = signers()[1]
    jwks = key_file(tmp_path / "keys", [signer.jwk()])
    ways = {"auth_jwt": jwks, "auth_jwt_issuer": ISSUER, "auth_jwt_audience": AUDIENCE}
    serving = await serve(**settings(tmp_path, **ways))
    for _ in range(2):
        assert await answer(serving, trusting(authority), signer.token()) == (Code.OK, "")
    for token in ("", "wrong", signer.token(aud="other")):
        assert (await answer(serving, trusting(authority), token))[0] is Code.UNAUTHENTICATED


async def test_new_certificates_are_shown_to_who_comes_later(
    serve: Serve, authority: Certified, tmp_path: Path
) -> None:
    serving = await serve(**settings(tmp_path))
    new = certified(["new authority"])
    assert (await answer(serving, trusting(new)))[0] is Code.UNAVAILABLE
    certified(["server"], [LOCAL], new).write(tmp_path, "server")
    await serving.server.reload()
    assert await answer(serving, trusting(new)) == (Code.OK, "")
    (tmp_path / "server.key").write_bytes(authority.key_pem)
    await serving.server.reload()
    assert await answer(serving, trusting(new)) == (Code.OK, ""), "what can't be used changes nothing"


def test_files_that_cant_be_used(authority: Certified, tmp_path: Path) -> None:
    del authority
    (tmp_path / "nonsense.pem").write_text("nonsense")
    pair = {"tls_cert": tmp_path / "server.pem", "tls_key": tmp_path / "ca.key"}
    with pytest.raises(AccessError, match=r"server.pem can't be used \(key values mismatch\)"):
        ServerCertificates(ServerSettings(**pair))
    good = {"tls_cert": tmp_path / "server.pem", "tls_key": tmp_path / "server.key"}
    with pytest.raises(AccessError, match=r"nonsense.pem can't be used \("):
        ServerCertificates(ServerSettings(**good, tls_client_ca=tmp_path / "nonsense.pem"))
    assert ServerCertificates(ServerSettings(**good))
    assert not ServerCertificates(ServerSettings())
