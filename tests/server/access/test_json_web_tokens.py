"""JSON Web Tokens: which are accepted, and the ways in which others have been made to be."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gridgrad_server.access.json_web_tokens import SKEW_S, JsonWebTokens, read_keys
from gridgrad_server.access.roles import PrincipalRoles
from gridgrad_server.access.token_file import TokenEntry
from gridgrad_server.config.access_error import AccessError
from tests.server.making import AUDIENCE, ISSUER, Signer, key_file, signers

SIGNERS = {signer.name: signer for signer in signers()}
RSA, EC = SIGNERS["rsa"], SIGNERS["ec"]


@pytest.fixture
def roles() -> PrincipalRoles:
    return PrincipalRoles()


@pytest.fixture
def tokens(tmp_path: Path, roles: PrincipalRoles) -> JsonWebTokens:
    made = JsonWebTokens(ISSUER, AUDIENCE, roles)
    made.replace(read_keys(key_file(tmp_path / "keys", [signer.jwk() for signer in SIGNERS.values()])))
    return made


def part(**said: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize("name", SIGNERS)
def test_a_token_of_each_algorithm_is_verified_once(tokens: JsonWebTokens, name: str) -> None:
    token = SIGNERS[name].token(aud=["other", AUDIENCE])
    assert tokens.known(token) is None
    grant = tokens.verify(token)
    assert grant
    assert (grant.principal, set(grant.roles)) == ("alice", {"call"})
    assert grant.expires_at == pytest.approx(time.time() + 600 + SKEW_S, abs=10)
    assert tokens.known(token) is grant
    assert tokens.known(f"{token}x") is None


def test_clocks_may_differ_by_half_a_minute(tokens: JsonWebTokens) -> None:
    now = int(time.time())
    assert tokens.verify(EC.token(exp=now - SKEW_S + 10))
    assert tokens.verify(EC.token(nbf=now + SKEW_S - 10))


NOW = int(time.time())
WRONG = {
    "expired": EC.token(exp=NOW - SKEW_S - 1),
    "not yet": EC.token(nbf=NOW + 86_400),  # tests may run long after they are collected
    "of another issuer": EC.token(iss="https://other.example"),
    "for another audience": EC.token(aud="other"),
    "for no audience": EC.token(aud=[]),
    **{f"without {claim}": EC.token(claim) for claim in ("exp", "nbf", "aud", "iss", "sub")},
    "of no principal": EC.token(sub="al ice"),
    "of an unknown key": Signer("other", "ES256", ec.generate_private_key(ec.SECP256R1())).token(),
    "of another key by that name": Signer("ec", "ES256", ec.generate_private_key(ec.SECP256R1())).token(),
    "of no key": EC.token(headers={"kid": None}),
    "of another algorithm": Signer("ec", "RS256", RSA.key).token(),
    "changed": EC.token()[:-4] + "AAAA",
    "not signed": f"{part(alg='none', kid='ec')}.{part(sub='alice', iss=ISSUER, aud=AUDIENCE, nbf=NOW, exp=NOW + 60)}.",
    "with a critical extension": EC.token(headers={"crit": ["exotic"], "exotic": 1}),
    "too long": EC.token(pad="x" * 9000),
    "no token": "a.b.c",
    "deep": f"{base64.urlsafe_b64encode(b'[' * 6000).decode()}.b.c",
    "empty": "",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_not_accepted(tokens: JsonWebTokens, name: str) -> None:
    assert tokens.verify(WRONG[name]) is None
    assert tokens.known(WRONG[name]) is None


@pytest.mark.parametrize("name", ["rsa", "ec"])
def test_a_public_key_is_no_secret_to_sign_with(tokens: JsonWebTokens, name: str) -> None:
    public = SIGNERS[name].key.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head, body = part(alg="HS256", kid=name, typ="JWT"), EC.token().split(".")[1]
    key = jwt.get_algorithm_by_name("HS256")
    signature = base64.urlsafe_b64encode(key.sign(f"{head}.{body}".encode(), pem)).rstrip(b"=").decode()
    assert tokens.verify(f"{head}.{body}.{signature}") is None


def test_nothing_is_fetched(tokens: JsonWebTokens) -> None:
    other = Signer("new", "ES256", ec.generate_private_key(ec.SECP256R1()))
    for header in ("jku", "x5u"):
        assert tokens.verify(other.token(headers={header: "http://127.0.0.1:9/keys"})) is None
    assert tokens.verify(other.token(headers={"jwk": other.jwk()})) is None


def test_new_keys_revoke_what_the_old_ones_signed(tokens: JsonWebTokens, tmp_path: Path, roles: PrincipalRoles) -> None:
    by_rsa, by_ec = tokens.verify(RSA.token()), tokens.verify(EC.token(sub="bob"))
    assert by_rsa
    assert by_ec
    tokens.replace(read_keys(key_file(tmp_path / "keys", [EC.jwk()])))
    assert (by_rsa.is_revoked, by_ec.is_revoked) == (True, False)
    assert tokens.verify(RSA.token()) is None
    roles.replace([TokenEntry("bob", ("call", "admin"), b"")])
    tokens.replace(read_keys(key_file(tmp_path / "keys", [EC.jwk()])))
    assert by_ec.is_revoked
    again = tokens.verify(EC.token(sub="bob", headers={"kid": None}))
    assert again, "the only key needs no name"
    assert "admin" in again.roles


SYMMETRIC = {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "a"}


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ([SYMMETRIC], "key 0: of the algorithm HS256"),
        ([EC.jwk(), {"kty": "new", "kid": "b"}], "key 1: "),
        ([{**Signer("small", "RS256", rsa.generate_private_key(65537, 1024)).jwk()}], "1024 bits; 2048 are"),  # noqa: S505 - refused
        ([EC.jwk(), EC.jwk()], "an id of their own"),
        ([], "keys need an id"),
    ],
)
def test_keys_that_verify_nothing(tmp_path: Path, keys: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(AccessError, match=said):
        read_keys(key_file(tmp_path / "keys", keys))


def test_what_is_no_set_of_keys(tmp_path: Path) -> None:
    with pytest.raises(AccessError, match="can't be read"):
        read_keys(tmp_path / "none")
    for text in ("", "[]", "{}", '{"keys": 7}', '{"keys": [7]}'):
        (tmp_path / "keys").write_text(text)
        with pytest.raises(AccessError, match="no JSON Web Key Set"):
            read_keys(tmp_path / "keys")
