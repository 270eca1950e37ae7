"""Keys, certificates and JSON Web Tokens for tests."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

ISSUER, AUDIENCE = "https://issuer.example", "gridgrad"
Key = ec.EllipticCurvePrivateKey


class Certified(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())

    def write(self, folder: Path, name: str) -> None:
        (folder / f"{name}.pem").write_bytes(self.pem)
        (folder / f"{name}.key").write_bytes(self.key_pem)


def certified(
    names: Sequence[str] = (), alternatives: Sequence[x509.GeneralName] = (), by: Certified | None = None
) -> Certified:
    """A certificate with these common and alternative names; an authority of its own where nobody signs it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
    )
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return Certified(builder.sign(by.key if by else key, hashes.SHA256()), key)


class Signer(NamedTuple):
    """A key that signs tokens."""

    name: str
    algorithm: str
    key: Any

    def jwk(self) -> dict[str, Any]:
        made: dict[str, Any] = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.key.public_key(), as_dict=True)
        return {**made, "kid": self.name, "use": "sig"}

    def token(self, *without: str, headers: dict[str, Any] | None = None, **claims: object) -> str:
        now = int(time.time())
        usual = {"sub": "alice", "iss": ISSUER, "aud": AUDIENCE, "nbf": now - 5, "exp": now + 600}
        said = {name: value for name, value in {**usual, **claims}.items() if name not in without}
        named = {"kid": self.name, **(headers or {})}
        shown = {name: value for name, value in named.items() if value is not None}
        return jwt.encode(said, self.key, self.algorithm, shown)


def signers() -> list[Signer]:
    """One of each algorithm."""
    return [
        Signer("rsa", "RS256", rsa.generate_private_key(65537, 2048)),
        Signer("ec", "ES256", ec.generate_private_key(ec.SECP256R1())),
        Signer("ed", "EdDSA", ed25519.Ed25519PrivateKey.generate()),
    ]


def key_file(path: Path, keys: Sequence[dict[str, Any]]) -> Path:
    path.write_text(json.dumps({"keys": list(keys)}))
    return path
