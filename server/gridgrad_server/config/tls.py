"""TLS: the server's certificate, and the authorities of clients where only known ones may call. Read again on demand.

Connections that are open keep what they began with; those that begin later get what was read last.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc

from gridgrad_server.config.access_error import AccessError
from gridgrad_server.config.settings import ServerSettings

__all__ = ["ServerCertificates"]

Configuration = grpc.ServerCertificateConfiguration


class ServerCertificates:
    """What TCP ports show and ask for.

    Args:
        settings: of the server.

    Raises:
        AccessError: a file can't be used.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self._pair = (settings.tls_key, settings.tls_cert) if settings.tls_key and settings.tls_cert else None
        self._authorities = settings.tls_client_ca
        self._http: ssl.SSLContext | None = None
        self._latest = self.read()

    def __bool__(self) -> bool:
        return self._pair is not None

    def read(self) -> Configuration | None:
        """What the files say now; None without a certificate. Blocks, and may be called in a thread.

        Raises:
            AccessError: one of them can't be used.
        """
        if self._pair is None:
            return None
        key, chain = self._pair
        _check(chain, lambda context: context.load_cert_chain(chain, key, _no_password))
        authorities = self._authorities
        if authorities:
            _check(authorities, lambda context: context.load_verify_locations(authorities))
        pair = key.read_bytes(), chain.read_bytes()
        return grpc.ssl_server_certificate_configuration([pair], authorities.read_bytes() if authorities else None)

    def take(self, read: Configuration | None) -> None:
        """Shows these to connections that begin from now on."""
        self._latest = read
        if self._http and self._pair:
            _loaded(self._http, self._pair, self._authorities)

    def http_context(self) -> ssl.SSLContext | None:
        """The same for a port of HTTP; None without a certificate. What is taken later, it shows too."""
        if self._pair and self._http is None:
            self._http = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._http.verify_mode = ssl.CERT_REQUIRED if self._authorities else ssl.CERT_NONE
            _loaded(self._http, self._pair, self._authorities)
        return self._http

    def credentials(self) -> grpc.ServerCredentials | None:
        """The credentials of one port; None without a certificate."""
        if self._latest is None:
            return None
        shown = self._latest

        def fetch() -> Any:
            nonlocal shown
            if shown is self._latest or self._latest is None:
                return None  # none that is new
            shown = self._latest
            return shown

        asks = self._authorities is not None
        return grpc.dynamic_ssl_server_credentials(shown, fetch, require_client_authentication=asks)


def _loaded(context: ssl.SSLContext, pair: tuple[Path, Path], authorities: Path | None) -> None:
    key, chain = pair
    context.load_cert_chain(chain, key, _no_password)
    if authorities:
        context.load_verify_locations(authorities)


def _check(path: Path, load: Callable[[ssl.SSLContext], object]) -> None:
    try:
        load(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    except ssl.SSLError as error:
        found = (error.reason or str(error)).lower().replace("_", " ")
        raise AccessError(f"{path} can't be used ({found}): give PEM files, of a certificate and its key") from None
    except OSError as error:
        raise AccessError(f"{path} can't be used ({error.strerror}): mend it, or give another path") from None


def _no_password() -> bytes:
    raise AccessError("the file of --tls-key asks for a password: give one without, closed to others")
