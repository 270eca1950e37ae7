from __future__ import annotations

import time

import pytest
from cryptography import x509

from gridgrad_core.errors import RefusedError
from gridgrad_server.access.client_certificates import ClientCertificates, principal_of
from gridgrad_server.access.roles import PrincipalRoles
from gridgrad_server.access.token_file import TokenEntry
from tests.server.making import certified

DNS, URI, MAIL = x509.DNSName, x509.UniformResourceIdentifier, x509.RFC822Name


@pytest.mark.parametrize(
    ("names", "alternatives", "principal"),
    [
        (["alice"], [], "alice"),
        (["alice"], [DNS("host.example"), URI("https://a.example/x")], "alice"),
        (["alice"], [URI("spiffe://a.example/b")], "spiffe://a.example/b"),
        ([], [DNS("host.example")], "host.example"),
        ([], [MAIL("alice@a.example")], "alice@a.example"),
    ],
)
def test_the_principal_that_a_certificate_names(
    names: list[str], alternatives: list[x509.GeneralName], principal: str
) -> None:
    assert principal_of(certified(names, alternatives).certificate) == principal


@pytest.mark.parametrize(
    ("names", "alternatives", "found"),
    [
        ([], [], "names 0 principals"),
        (["a", "b"], [], "names 2"),
        ([], [DNS("a.example"), DNS("b.example")], "names 2"),
        (["alice"], [URI("spiffe://a/b"), URI("spiffe://a/c")], "names 2"),
        (["Alice Liddell"], [], "'Alice Liddell'"),
    ],
)
def test_certificates_that_name_nobody(names: list[str], alternatives: list[x509.GeneralName], found: str) -> None:
    with pytest.raises(RefusedError, match=found):
        principal_of(certified(names, alternatives).certificate)


def test_a_grant_is_as_long_as_the_certificate_and_its_roles() -> None:
    roles = PrincipalRoles()
    certificates = ClientCertificates(roles)
    shown = certified(["alice"])
    grant = certificates.grant_of(shown.pem)
    assert grant.expires_at == pytest.approx(time.time() + 86400, abs=60)
    assert certificates.grant_of(shown.pem) is grant
    certificates.changed()
    assert not grant.is_revoked
    roles.replace([TokenEntry("alice", ("metrics",), b"")])
    certificates.changed()
    assert certificates.grant_of(shown.pem) is not grant
    assert certificates.grant_of(shown.pem).roles == {"metrics"}
