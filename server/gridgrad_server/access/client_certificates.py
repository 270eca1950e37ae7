"""The principals that client certificates name, after TLS has verified them.

It is the SPIFFE id, where there is one (https://spiffe.io/docs/latest/spiffe-specs/x509-svid/), else the common name,
else the only alternative name.
"""

from __future__ import annotations

from cachetools import LRUCache
from cryptography import x509
from cryptography.x509.oid import NameOID

from gridgrad_core.errors import RefusedError
from gridgrad_server.access.grants import Grant
from gridgrad_server.access.roles import PrincipalRoles
from gridgrad_server.access.token_file import check_principal

__all__ = ["ClientCertificates", "principal_of"]

_MOST_KNOWN = 4096
_SPIFFE = "spiffe://"


class ClientCertificates:
    """The grants of certificates.

    Args:
        roles: what principals may do.
    """

    def __init__(self, roles: PrincipalRoles) -> None:
        self._roles = roles
        self._known: LRUCache[bytes, Grant] = LRUCache(_MOST_KNOWN)

    def changed(self) -> None:
        """Revokes the grants whose roles have changed."""
        for pem, grant in list(self._known.items()):
            if not self._roles.are_those_of(grant):
                grant.is_revoked = True
                del self._known[pem]

    def grant_of(self, pem: bytes) -> Grant:
        """The grant of a certificate that TLS has verified.

        Raises:
            RefusedError: it names no principal.
        """
        grant = self._known.get(pem)
        if grant is None:
            certificate = x509.load_pem_x509_certificate(pem)
            principal = principal_of(certificate)
            expires_at = certificate.not_valid_after_utc.timestamp()
            grant = self._known[pem] = Grant(principal, self._roles.of(principal), expires_at)
        return grant


def principal_of(certificate: x509.Certificate) -> str:
    """The principal that a certificate names.

    Raises:
        RefusedError: it names none, or several.
    """
    found = _names(certificate)
    try:
        (name,) = found
        check_principal(name)
    except ValueError:
        seen = f"a certificate that names {len(found)} principals" if len(found) != 1 else f"the name {found[0]!r}"
        remedy = "show one with one common name of letters, digits and ._:/+@-, or one SPIFFE id"
        raise RefusedError("certificate", seen, remedy) from None
    return name


def _names(certificate: x509.Certificate) -> list[str]:
    """All that may be the principal; none where the names can't be read."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = x509.SubjectAlternativeName([])
    except ValueError:
        return []
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    spiffe = [uri for uri in uris if uri.startswith(_SPIFFE)]
    common = [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    others = [*names.get_values_for_type(x509.DNSName), *names.get_values_for_type(x509.RFC822Name), *uris]
    return spiffe or common or others
