"""The server that a command asks: the one that was named, or a private one for as long as the command runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from gridgrad_core.errors import RequestError

if TYPE_CHECKING:
    import grpc

    from gridgrad.protocol.options import ConnectionSettings
    from gridgrad.sync.client import Client

__all__ = ["Connection"]


class Connection(NamedTuple):
    """What the flags say of the way to the server.

    Args:
        server: its address, or several with commas between them; None if none was named.
        timeout: seconds for a call; None for the client's own.
        tls: whether to encrypt.
        tls_ca: the file of the authorities that may vouch for the server.
        tls_cert: the file of the certificate to show.
        tls_key: the file of its private key.
        tls_server_name: the name that certificates of servers have to have.
        token_file: the file of the token to show.
        token_in_clear: whether it may go to another host without TLS.
    """

    server: str | None
    timeout: float | None
    tls: bool
    tls_ca: str | None
    tls_cert: str | None
    tls_key: str | None
    tls_server_name: str | None = None
    token_file: str | None = None
    token_in_clear: bool = False

    @contextlib.contextmanager
    def client(self) -> Iterator[Client]:
        """A client of the server that was named, else of a private one.

        Raises:
            RequestError: the flags for TLS do not fit together, or a file can't be used.
            UnavailableError: no private server could be started.
        """
        if self.server:
            with self.client_of_named() as client:
                yield client
        elif self._encrypted:
            raise RequestError("--tls", "no server to encrypt to", "name one with --server or GRIDGRAD_SERVER")
        else:
            from gridgrad.local_server import private_server

            with private_server() as private, self._replace(server=private.address).client_of_named() as client:
                yield client

    def of_each(self) -> dict[str, Connection]:
        """The way to each server that was named, by its address.

        Raises:
            RequestError: what was named is no list of addresses.
        """
        from gridgrad.protocol.options import DEFAULT_ADDRESS
        from gridgrad.servers.addresses import addresses_of

        listed = addresses_of(self.server or DEFAULT_ADDRESS).listed
        return {address: self._replace(server=address) for address in listed}

    def client_of_named(self) -> Client:
        """A client of the server that was named, else of the default address.

        Raises:
            RequestError: the flags for TLS do not fit together, or a file can't be used.
        """
        from gridgrad.sync.client import Client

        timeout: float | Literal["default"] = "default" if self.timeout is None else self.timeout
        return Client(
            self.server,
            timeout=timeout,
            credentials=self._credentials(),
            server_name=self.tls_server_name,
            token=self._token(),
            token_in_clear=self.token_in_clear,
        )

    def settings(self) -> ConnectionSettings:
        """How to connect to the server that was named, for who makes calls of his own.

        Raises:
            RequestError: none was named, or the flags do not fit together.
        """
        from gridgrad.protocol.options import settings_of

        if not self.server:
            raise RequestError("--server", "no server", "name one with --server or GRIDGRAD_SERVER")
        return settings_of(
            self.server,
            credentials=self._credentials(),
            metadata=None,
            timeout="default" if self.timeout is None else self.timeout,
            retries=0,
            proxy=False,
            sessions=True,
            options=(),
            server_name=self.tls_server_name,
            token=self._token(),
            token_in_clear=self.token_in_clear,
        )

    @property
    def _encrypted(self) -> bool:
        return any((self.tls, self.tls_ca, self.tls_cert, self.tls_key))

    def _token(self) -> str:
        """The token of the file; without one what the environment says."""
        if self.token_file is None:
            return "default"
        try:
            with open(self.token_file) as file:
                return file.read().strip()
        except (OSError, UnicodeDecodeError) as error:
            found = f"{self.token_file} can't be read ({getattr(error, 'strerror', None) or 'it is no text'})"
            raise RequestError("--token-file", found, "give a file with the token alone") from None

    def _credentials(self) -> grpc.ChannelCredentials | Literal["default"]:
        """What TLS needs; without flags what the environment says."""
        if not self._encrypted:
            return "default"
        from gridgrad.arguments.credentials import credentials_from

        return credentials_from({"--tls-ca": self.tls_ca, "--tls-key": self.tls_key, "--tls-cert": self.tls_cert})
