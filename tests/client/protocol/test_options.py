"""Where a client connects and how: addresses, unix sockets, TLS, proxies."""

from __future__ import annotations

import copy
import pickle
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from tests.client.fake import FakeServer

AXES = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}
SUMS = np.add.outer([1.0, 2.0, 4.0], [2.0, 3.0])


def test_the_address_of_the_environment(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGRAD_SERVER", server.address)
    with gridgrad.Client() as client:
        assert client.address == server.address
        client.gradient("t*k", AXES)


def test_the_default_address() -> None:
    with gridgrad.Client() as client:
        assert client.address == "localhost:50051"


@pytest.mark.parametrize("address", ["localhost", "http://localhost:1", "a b:1", ":1", "1.2.3.4:x", "::1:50051"])
def test_an_address_that_grpc_would_misread(address: str) -> None:
    with pytest.raises(gridgrad.RequestError, match="host:port"):
        gridgrad.Client(address)


@pytest.mark.parametrize("address", ["localhost:1", "[::1]:1", "unix:/tmp/s", "dns:///a:1", "ipv4:1.2.3.4:5"])
def test_an_address_as_grpc_takes_it(address: str) -> None:
    with gridgrad.Client(address) as client:
        assert client.address == address


def test_a_unix_socket(tmp_path: Path) -> None:
    server = FakeServer(address=f"unix:{tmp_path}/socket")
    try:
        with gridgrad.Client(server.address) as client:
            assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
    finally:
        server.stop()


def test_tls(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    flags = ["-nodes", "-keyout", "key", "-out", "certificate", "-days", "2", "-subj", "/CN=here"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", *flags, "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    key, certificate = (tmp_path / "key").read_bytes(), (tmp_path / "certificate").read_bytes()
    server = FakeServer(grpc.ssl_server_credentials([(key, certificate)]))
    trusting, doubting = grpc.ssl_channel_credentials(certificate), grpc.ssl_channel_credentials()
    try:
        with gridgrad.Client(server.address, credentials=trusting) as client:
            assert_array_equal(client.gradient("t*k", AXES).value, SUMS)
        for credentials, complaint in [(doubting, "no secure connection .*VERIFY_FAILED"), (None, "if it serves TLS")]:
            stranger = gridgrad.Client(server.address, credentials=credentials, retries=0)
            with stranger as client, pytest.raises(gridgrad.UnavailableError, match=complaint):
                client.gradient("t*k", AXES)
    finally:
        server.stop()


def test_a_proxy_of_the_environment_is_not_used(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    with gridgrad.Client(server.address) as client:
        client.gradient("t*k", AXES)
    with gridgrad.Client(server.address, proxy=True, retries=0) as client, pytest.raises(gridgrad.UnavailableError):
        client.gradient("t*k", AXES)


AXES = {"t": [1.0, 2.0, 4.0], "k": [2.0, 3.0]}


@pytest.fixture
def client(server: FakeServer) -> Iterator[gridgrad.Client]:
    with gridgrad.Client(server.address) as connected:
        connected.gradient("t*k", AXES)
        yield connected


@pytest.mark.parametrize(
    ("target", "is_near"),
    [
        ("localhost:1", True),
        ("127.0.0.1:1", True),
        ("[::1]:1", True),
        ("unix:/run/s", True),
        ("unix-abstract:s", True),
        ("dns:///localhost:1", False),
        ("ipv4:127.0.0.1:1", True),
        ("localhost.example.com:1", False),
        ("10.0.0.1:1", False),
        ("dns://8.8.8.8/localhost:1", False),
        ("ipv4:10.1.1.1:127", False),
        ("ipv4:127.0.0.1:1,127.0.0.1:2", False),
        ("localhost:1,localhost:2", False),
    ],
)
def test_which_addresses_are_of_this_machine(target: str, is_near: bool) -> None:
    with gridgrad.Client(target) as client:
        assert client._settings.sessions is is_near


def copied_by_pickle(client: Any) -> Any:
    return pickle.loads(pickle.dumps(client))  # noqa: S301 - our own


@pytest.mark.parametrize("copied", [copied_by_pickle, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("kind", [gridgrad.Client, gridgrad.aio.Client])
def test_a_copy_of_a_client_has_its_settings(kind: type[Any], copied: Callable[[Any], Any]) -> None:
    options = [("grpc.max_reconnect_backoff_ms", 7)]
    client = kind("localhost:1", timeout=2.5, retries=3, metadata={"A": "b"}, proxy=True, options=options)
    found = copied(client)
    assert type(found) is kind
    mine, other = client._settings, found._settings
    assert other._replace(options=()) == mine._replace(options=())
    agents = [dict(settings.options).pop("grpc.primary_user_agent") for settings in (mine, other)]
    assert agents[0] != agents[1], "the server tells the two apart"
    assert {**dict(mine.options), "grpc.primary_user_agent": agents[1]} == dict(other.options)


def test_a_method_travels_with_its_client(server: FakeServer) -> None:
    with gridgrad.Client(server.address) as client:
        method = copied_by_pickle(client.gradient)
    assert_array_equal(method("t*k", AXES).value, SUMS)
    method.__self__.close()


def test_credentials_stay_where_they_are() -> None:
    with gridgrad.Client("localhost:1", credentials=grpc.ssl_channel_credentials()) as client:
        for copied in (copied_by_pickle, copy.copy):
            with pytest.raises(gridgrad.RequestError, match="make a client in each process"):
                copied(client)


@pytest.mark.parametrize(
    ("variables", "timeout_s", "retries"),
    [
        ({}, 60.0, 5),
        ({"GRIDGRAD_TIMEOUT": "", "GRIDGRAD_RETRIES": ""}, 60.0, 5),
        ({"GRIDGRAD_TIMEOUT": "2.5", "GRIDGRAD_RETRIES": "0"}, 2.5, 0),
        ({"GRIDGRAD_TIMEOUT": "inf"}, None, 5),
    ],
)
def test_timeout_and_retries_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], timeout_s: float | None, retries: int
) -> None:
    for name in ("GRIDGRAD_TIMEOUT", "GRIDGRAD_RETRIES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with gridgrad.Client("localhost:1") as client:
        assert (client._settings.timeout_s, client._settings.retries) == (timeout_s, retries)
    with gridgrad.Client("localhost:1", timeout=None, retries=1) as client:
        assert (client._settings.timeout_s, client._settings.retries) == (None, 1)


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("GRIDGRAD_TIMEOUT", "soon", "give seconds"),
        ("GRIDGRAD_TIMEOUT", "-1", "give seconds"),
        ("GRIDGRAD_TIMEOUT", "nan", "give seconds"),
        ("GRIDGRAD_RETRIES", "many", "give a whole number"),
        ("GRIDGRAD_RETRIES", "-1", "give a whole number"),
        ("GRIDGRAD_RETRIES", "1.5", "give a whole number"),
        ("GRIDGRAD_TLS_CA", "nowhere.pem", "give a PEM file"),
    ],
)
def test_an_environment_that_can_not_be_meant(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, remedy: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(gridgrad.RequestError, match=f"{name}: .*{remedy}"):
        gridgrad.Client("localhost:1")


def test_tls_of_the_environment_is_for_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGRAD_TLS", "1")
    for address, encrypted in [("localhost:1", True), ("unix:/tmp/s", False)]:
        with gridgrad.Client(address) as client:
            assert (client._settings.credentials is not None) == encrypted
    with gridgrad.Client("localhost:1", credentials=None) as client:
        assert client._settings.credentials is None


@pytest.mark.parametrize("address", ["a:1", "a:1,b:1"])
def test_each_option_is_given_once_and_the_last_one_counts(address: str) -> None:
    with gridgrad.Client(address, options=[("grpc.keepalive_time_ms", 77)]) as client:
        options = client._settings.channel_options
    assert len(dict(options)) == len(options)
    assert dict(options)["grpc.keepalive_time_ms"] == 77


def test_whom_certificates_are_to_name_may_stand_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDGRAD_TLS_SERVER_NAME", "grid.example")
    for given, expected in ((None, "grid.example"), ("other.example", "other.example")):
        with gridgrad.Client("localhost:1", server_name=given) as client:
            assert dict(client._settings.channel_options)["grpc.default_authority"] == expected
    monkeypatch.setenv("GRIDGRAD_TLS_SERVER_NAME", "")
    with gridgrad.Client("localhost:1") as client:
        assert "grpc.default_authority" not in dict(client._settings.channel_options)
