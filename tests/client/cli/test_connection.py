"""The way to the server: which one is asked, the files of TLS, and the token."""

from __future__ import annotations

from pathlib import Path

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


def test_the_token_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGRAD_TOKEN", "of-the-environment")
    (tmp_path / "token").write_text("of-the-file\n")
    named = NOWHERE._replace(server="localhost:1")
    for file, token in ((None, "of-the-environment"), (str(tmp_path / "token"), "of-the-file")):
        with named._replace(token_file=file).client() as client:
            assert client._settings.token == token
    with pytest.raises(RequestError, match=r"--token-file: .*none can't be read.*a file with the token alone"):
        named._replace(token_file=str(tmp_path / "none")).client_of_named()
    far = named._replace(server="far.example:1", token_file=str(tmp_path / "token"))
    with pytest.raises(RequestError, match="no TLS"):
        far.client_of_named()
    far._replace(token_in_clear=True).client_of_named().close()
