"""Credentials for TLS from PEM files, named by flags or by the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from gridgrad_core.errors import RequestError

if TYPE_CHECKING:
    import grpc

__all__ = ["credentials_from", "credentials_of_environment"]

FLAG, CA, CERT, KEY = "GRIDGRAD_TLS", "GRIDGRAD_TLS_CA", "GRIDGRAD_TLS_CERT", "GRIDGRAD_TLS_KEY"
OFF = frozenset({"", "0", "false", "no", "off"})


def credentials_of_environment() -> grpc.ChannelCredentials | None:
    """What GRIDGRAD_TLS=1, GRIDGRAD_TLS_CA, GRIDGRAD_TLS_CERT and GRIDGRAD_TLS_KEY say.

    Returns:
        None where none of them is set, or GRIDGRAD_TLS says 0.

    Raises:
        RequestError: they do not fit together, or a file of theirs is no PEM.
    """
    files = {name: os.environ.get(name) or None for name in (CA, KEY, CERT)}
    flag = os.environ.get(FLAG)
    if flag is not None and flag.lower() in OFF - {""}:
        return None
    if not flag and not any(files.values()):
        return None
    return credentials_from(files)


def credentials_from(files: Mapping[str, str | None]) -> grpc.ChannelCredentials:
    """Credentials from PEM files.

    Args:
        files: the authorities, the private key and the certificate, in this order, by how messages name them; None for
            the system's authorities, and for no certificate.

    Raises:
        RequestError: a certificate without a key, or a file that is no PEM.
    """
    _, key, certificate = files
    if (files[certificate] is None) != (files[key] is None):
        raise RequestError(f"{certificate} and {key}", "one without the other", "give both or neither")
    import grpc

    return grpc.ssl_channel_credentials(*[_pem(name, file) for name, file in files.items()])


def _pem(name: str, file: str | None) -> bytes | None:
    if file is None:
        return None
    try:
        with open(file, "rb") as pem:
            content, problem = pem.read(), "no PEM in it"
    except OSError as error:
        content, problem = b"", str(error.strerror)
    if b"-----BEGIN " not in content:
        raise RequestError(name, f"{file}: {problem}", "give a PEM file")
    return content
