"""TLS: the server's certificate, and the authorities of clients where only known ones may call."""

from __future__ import annotations

import grpc

from gridgrad_server.config.settings import ServerSettings

__all__ = ["credentials"]


def credentials(settings: ServerSettings) -> grpc.ServerCredentials | None:
    """The credentials for TCP ports; None without a certificate."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    pair = settings.tls_key.read_bytes(), settings.tls_cert.read_bytes()
    authorities = settings.tls_client_ca.read_bytes() if settings.tls_client_ca else None
    return grpc.ssl_server_credentials([pair], authorities, require_client_auth=authorities is not None)
