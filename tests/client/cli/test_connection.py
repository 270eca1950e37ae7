"""The way to the server: which one is asked, and the files of TLS."""

from __future__ import annotations

import pytest

from gridgrad.cli.connection import Connection
from gridgrad_core.errors import RequestError
from tests.client.fake import FakeServer

NOWHERE = Connection(None, None, False, None, None, None)


def test_the_server_that_was_named_is_asked_with_the_time_that_was_given(server: FakeServer) -> None:
    named = NOWHERE._replace(server=server.address)
    with named.client() as client:
        assert client.address == server.address
    with pytest.raises(RequestError, match=r"timeout: -1\.5"):
        named._replace(timeout=-1.5).client_of_named()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"tls": True}, "no server to encrypt to; name one with --server or GRIDGRAD_SERVER"),
        ({"server": "a:1", "tls_cert": "cert.pem"}, "one without the other; give both or neither"),
        ({"server": "a:1", "tls_ca": "none.pem"}, "--tls-ca: none.pem: No such file or directory; give a PEM file"),
        ({"server": "a:1", "tls_ca": __file__}, "no PEM in it; give a PEM file"),
    ],
)
def test_flags_for_tls_that_do_not_do(flags: dict[str, object], said: str) -> None:
    with pytest.raises(RequestError) as caught:
        NOWHERE._replace(**flags).client().__enter__()  # type: ignore[arg-type] # of a table of flags
    assert said in str(caught.value)
