"""TLS by files: what the environment says, and what does not fit together."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest

from gridgrad.arguments.credentials import credentials_from, credentials_of_environment
from gridgrad_core.errors import RequestError

NAMES = ("GRIDGRAD_TLS", "GRIDGRAD_TLS_CA", "GRIDGRAD_TLS_CERT", "GRIDGRAD_TLS_KEY")


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def pem(tmp_path: Path) -> str:
    (tmp_path / "some.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    return str(tmp_path / "some.pem")


def test_an_environment_that_says_nothing_means_no_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    assert credentials_of_environment() is None
    monkeypatch.setenv("GRIDGRAD_TLS_CA", "")
    assert credentials_of_environment() is None


@pytest.mark.parametrize("said", ["1", "true", "yes"])
def test_tls_by_the_systems_authorities(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("GRIDGRAD_TLS", said)
    assert isinstance(credentials_of_environment(), grpc.ChannelCredentials)


def test_files_alone_mean_tls_unless_it_is_switched_off(monkeypatch: pytest.MonkeyPatch, pem: str) -> None:
    monkeypatch.setenv("GRIDGRAD_TLS_CA", pem)
    assert isinstance(credentials_of_environment(), grpc.ChannelCredentials)
    for off in ("0", "false", "No"):
        monkeypatch.setenv("GRIDGRAD_TLS", off)
        assert credentials_of_environment() is None


def test_a_file_goes_to_its_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    taken: list[object] = []
    monkeypatch.setattr(grpc, "ssl_channel_credentials", lambda *given: taken.extend(given))
    for name in ("CA", "KEY", "CERT"):
        (tmp_path / name).write_text(f"-----BEGIN {name}-----")
        monkeypatch.setenv(f"GRIDGRAD_TLS_{name}", str(tmp_path / name))
    credentials_of_environment()
    assert taken == [b"-----BEGIN CA-----", b"-----BEGIN KEY-----", b"-----BEGIN CERT-----"]


def test_what_does_not_do_is_named_as_it_was_given(monkeypatch: pytest.MonkeyPatch, pem: str) -> None:
    monkeypatch.setenv("GRIDGRAD_TLS_CERT", pem)
    with pytest.raises(RequestError, match="GRIDGRAD_TLS_CERT and GRIDGRAD_TLS_KEY: one without the other"):
        credentials_of_environment()
    with pytest.raises(RequestError, match="No such file or directory; give a PEM file"):
        credentials_from({"--ca": "nowhere.pem", "--key": None, "--cert": None})
    Path(pem).write_text("a certificate")
    with pytest.raises(RequestError, match="no PEM in it"):
        credentials_from({"--ca": pem, "--key": None, "--cert": None})
