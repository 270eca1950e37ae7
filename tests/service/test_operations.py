"""What an operator meets: health, reflection, sockets, TLS, settings, logs, and messages when something is amiss."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import grpc
import numpy as np
import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

import gridgrad
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import methods
from tests.service.calls import OPTIONS, Calls, axis, grids, linspace, request
from tests.service.harness import HOLD, PATIENCE_S, Running, eventually, free_port, running

Health = health_pb2.HealthCheckResponse
SQUARE = request("x**2", [axis("x", [3.0])])


def run(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a module of ours to its end."""
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


# Health and reflection


def test_health(calls: Calls) -> None:
    assert calls.health() == Health.SERVING
    assert calls.health(methods.SERVICE) == Health.SERVING
    with pytest.raises(grpc.RpcError) as caught:
        calls.health("nobody")
    assert caught.value.code() is StatusCode.NOT_FOUND


LATE = """
import os
import time
from pathlib import Path

while (Path(os.environ["GRIDGRAD_TEST_CONTROL"]) / "late").exists():
    time.sleep(0.01)

from gridgrad_worker import function


@function
def identity(x):
    return 1.0 * x
"""


def test_health_is_serving_only_once_a_worker_is_warm(tmp_path: Path) -> None:
    (tmp_path / "late_functions.py").write_text(LATE)
    (tmp_path / "late").touch()
    path = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    address, file = f"unix:{tmp_path / 'socket'}", tmp_path / "address"
    flags = ["--listen", address, "--functions", "late_functions", "--device", "cpu", "--address-file", str(file)]
    environment = {**os.environ, "PYTHONPATH": path, "GRIDGRAD_TEST_CONTROL": str(tmp_path)}
    with (
        subprocess.Popen([sys.executable, "-m", "gridgrad_server", *flags], env=environment) as process,
        grpc.insecure_channel(address, OPTIONS) as channel,
    ):
        try:
            eventually(lambda: _answers(channel) == Health.NOT_SERVING, "NOT_SERVING, before a worker is warm")
            assert Calls(channel).refusal(SQUARE).code is StatusCode.UNAVAILABLE
            assert run("gridgrad_server.healthcheck", address).returncode != 0
            assert not file.exists()
            (tmp_path / "late").unlink()
            eventually(lambda: _answers(channel) == Health.SERVING, "SERVING")
            assert eventually(file.exists, "the address file")
            assert grids(Calls(channel).ask(SQUARE)).tolist() == [[9]]
        finally:
            (tmp_path / "late").unlink(missing_ok=True)
            process.terminate()
        assert process.wait(PATIENCE_S) == 0


def _answers(channel: grpc.Channel) -> object:
    """The health, or None while nobody listens."""
    try:
        return Calls(channel).health()
    except grpc.RpcError:
        return None


def test_the_healthcheck_of_the_container(server: Running) -> None:
    assert run("gridgrad_server.healthcheck", server.address).returncode == 0
    nobody = run("gridgrad_server.healthcheck", f"127.0.0.1:{free_port()}")
    assert nobody.returncode != 0
    assert "127.0.0.1" in nobody.stdout + nobody.stderr
    assert "Traceback" not in nobody.stderr


def test_reflection_shows_the_service(calls: Calls) -> None:
    database = ProtoReflectionDescriptorDatabase(calls.channel)
    assert set(database.get_services()) >= {methods.SERVICE, "grpc.health.v1.Health"}
    file = database.FindFileContainingSymbol(methods.SERVICE)
    assert [method.name for method in file.service[0].method] == [method.name for method in methods.METHODS]
    assert "GridGradientRequest" in {message.name for message in file.message_type}


# Sockets


def test_several_addresses_and_a_socket_left_by_a_killed_server(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    flags = ["--listen", "127.0.0.1:0", "--listen", f"unix:{path}", "--listen", "localhost:0"]
    with running(tmp_path, *flags) as server:
        assert server.addresses[1] == f"unix:{path}"
        assert len(server.addresses) == 3
        for address in server.addresses:
            with gridgrad.Client(address) as client:
                assert client.gradient("x**2", {"x": [3.0]}).value.tolist() == [9]
    assert not path.exists()


def test_a_port_that_is_taken(server: Running) -> None:
    done = run("gridgrad_server", "--listen", server.address, "--device", "cpu")
    assert done.returncode not in (0, -signal.SIGKILL)
    assert server.address.rpartition(":")[2] in done.stderr
    assert re.search("taken|in use|listen", done.stderr)
    assert "Traceback" not in done.stderr


def test_nobody_there() -> None:
    with gridgrad.Client(f"127.0.0.1:{free_port()}") as client, pytest.raises(gridgrad.UnavailableError) as caught:
        client.gradient("x", {"x": [1.0]})
    assert isinstance(caught.value, ConnectionError)
    assert "127.0.0.1" in str(caught.value)


# TLS


class Certificates:
    """An authority, a server's and a client's certificate, and one by an authority of somebody else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for authority in ("ca", "other"):
            self._openssl(
                "req", "-x509", *self._key(authority), "-subj", f"/CN={authority}", "-out", f"{authority}.pem"
            )
        self._issue("server", "ca", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        self._issue("client", "ca", "basicConstraints=CA:FALSE")
        self._issue("stranger", "other", "basicConstraints=CA:FALSE")

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def _key(self, name: str) -> list[str]:
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key"]

    def _issue(self, name: str, authority: str, extension: str) -> None:
        (self.folder / f"{name}.ext").write_text(extension)
        self._openssl("req", *self._key(name), "-subj", f"/CN={name}", "-out", f"{name}.csr")
        signed_by = ["-CA", f"{authority}.pem", "-CAkey", f"{authority}.key", "-CAcreateserial"]
        files = ["-in", f"{name}.csr", "-extfile", f"{name}.ext", "-out", f"{name}.pem"]
        self._openssl("x509", "-req", "-days", "2", *signed_by, *files)

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)  # noqa: S607 - from PATH


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


def channel_credentials(certificates: Certificates, ca: str, own: str | None = None) -> grpc.ChannelCredentials:
    key, chain = (certificates.read(f"{own}.key"), certificates.read(f"{own}.pem")) if own else (None, None)
    return grpc.ssl_channel_credentials(certificates.read(f"{ca}.pem"), key, chain)


def tls_flags(certificates: Certificates) -> list[str]:
    return ["--tls-cert", certificates.path("server.pem"), "--tls-key", certificates.path("server.key")]


def assert_answers(address: str, credentials: grpc.ChannelCredentials | None) -> None:
    with gridgrad.Client(address, credentials=credentials) as client:
        assert client.gradient("x**2", {"x": [3.0]}, timeout=PATIENCE_S).value.tolist() == [9]


def assert_turned_away(address: str, credentials: grpc.ChannelCredentials | None) -> None:
    with (
        gridgrad.Client(address, credentials=credentials, retries=0) as client,
        pytest.raises(gridgrad.UnavailableError),
    ):
        client.gradient("x**2", {"x": [3.0]}, timeout=PATIENCE_S)


def test_tls(certificates: Certificates, tmp_path: Path) -> None:
    with running(tmp_path, *tls_flags(certificates)) as server:
        assert_answers(server.address, channel_credentials(certificates, "ca"))
        assert_answers(server.address.replace("127.0.0.1", "localhost"), channel_credentials(certificates, "ca"))
        assert_turned_away(server.address, channel_credentials(certificates, "other"))
        assert_turned_away(server.address, None)


def test_tls_of_both_sides(certificates: Certificates, tmp_path: Path) -> None:
    flags = [*tls_flags(certificates), "--tls-client-ca", certificates.path("ca.pem")]
    sockets = ["--listen", "127.0.0.1:0", "--listen", f"unix:{tmp_path / 'socket'}"]
    with running(tmp_path, *flags, *sockets) as server:
        assert_answers(server.address, channel_credentials(certificates, "ca", "client"))
        assert_turned_away(server.address, channel_credentials(certificates, "ca"))
        assert_turned_away(server.address, channel_credentials(certificates, "ca", "stranger"))
        assert_answers(server.addresses[1], None)


def test_the_command_line_over_tls(certificates: Certificates, tmp_path: Path) -> None:
    ca = "--tls-ca", certificates.path("ca.pem")
    own = "--tls-cert", certificates.path("client.pem"), "--tls-key", certificates.path("client.key")
    flags = [*tls_flags(certificates), "--tls-client-ca", certificates.path("ca.pem")]
    with running(tmp_path, *flags) as server:
        at = "--server", server.address
        asked = run("gridgrad.cli", "eval", "x**2", "--axis", "x=3", "--order", "0", *at, *ca, *own)
        assert "9" in asked.stdout.split(), asked.stderr
        for command in (["info"], ["functions"], ["top", "--once", "--every", "0.01"]):
            assert run("gridgrad.cli", *command, *at, *ca, *own).returncode == 0
        for given in ([], ["--tls-ca", certificates.path("other.pem"), *own]):
            refused = run("gridgrad.cli", "info", *at, *given)
            assert refused.returncode == 1
            assert server.address in refused.stderr
            assert "--tls-ca" in refused.stderr


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (["--tls-ca", "absent.pem"], "--tls-ca: absent.pem: No such file or directory; give a PEM file"),
        (["--tls-ca", __file__], "test_operations.py: no PEM in it; give a PEM file"),
        (["--tls-cert", "a.pem"], "--tls-cert and --tls-key: one without the other; give both or neither"),
    ],
)
def test_files_of_certificates_that_are_wrong(given: list[str], complaint: str) -> None:
    refused = run("gridgrad.cli", "info", "--server", "localhost:1", *given)
    assert refused.returncode == 2
    assert complaint in refused.stderr


def test_tls_needs_the_name_of_a_server() -> None:
    refused = run("gridgrad.cli", "eval", "x", "--axis", "x=1", "--tls", GRIDGRAD_SERVER="")
    assert refused.returncode == 2
    assert "name one with --server or GRIDGRAD_SERVER" in refused.stderr


# Settings


def flags_in(help_text: str) -> set[str]:
    return set(re.findall(r"^\s+(--[a-z][a-z-]+)", help_text, re.MULTILINE)) - {"--help", "--version"}


def test_help_names_every_flag_and_variable() -> None:
    shown = run("gridgrad_server", "--help").stdout
    assert flags_in(shown) >= {
        *("--listen", "--address-file", "--workers", "--device", "--functions", "--queue-entries", "--queue-bytes"),
        *("--batch-cost", "--piece-cost", "--request-cost", "--message-bytes", "--unary-result-bytes"),
        *("--piece-timeout", "--drain-timeout", "--keepalive", "--log-format", "--log-level"),
        *("--tls-cert", "--tls-key", "--tls-client-ca"),
    }
    for flag in flags_in(shown):
        assert "GRIDGRAD_" + flag[2:].replace("-", "_").upper() in re.sub(r"\s+", " ", shown), flag


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--queue-entries", "none"], "--queue-entries"),
        (["--queue-entries", "0"], "--queue-entries"),
        (["--listen", "nowhere"], "--listen"),
        (["--device", "abacus"], "cpu"),
        (["--tls-cert", "absent.pem"], "--tls-key"),
        (["--tls-cert", "absent.pem", "--tls-key", "absent.key"], "absent.pem"),
        (["--piece-timeout", "-1"], "--piece-timeout"),
        (["--colour"], "--colour"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_settings_that_are_wrong(arguments: Sequence[str], complaint: str) -> None:
    done = run("gridgrad_server", *arguments)
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr


def test_a_variable_that_is_wrong() -> None:
    done = run("gridgrad_server", GRIDGRAD_QUEUE_ENTRIES="many")
    assert done.returncode == 2
    assert "GRIDGRAD_QUEUE_ENTRIES" in done.stderr


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with two workers whose settings come from flags and variables, and which logs JSON."""
    flags = ["--request-cost", "3000000", "--workers", "2", "--log-format", "json", "--log-level", "debug"]
    variables = {"GRIDGRAD_MESSAGE_BYTES": "64KiB", "GRIDGRAD_REQUEST_COST": "7", "GRIDGRAD_UNARY_RESULT_BYTES": "800"}
    with running(tmp_path_factory.mktemp("configured"), *flags, environment=variables) as started:
        with gridgrad.Client(started.address) as client:
            eventually(lambda: len(client.server_info().devices) == 2, "two warm workers")
        yield started


def test_variables_are_settings_and_flags_win(configured: Running) -> None:
    with gridgrad.Client(configured.address) as client:
        info = client.server_info()
    assert info.limits.message_bytes == 64 << 10
    assert info.limits.unary_result_bytes == 800
    assert info.limits.request_cost == 3_000_000
    assert list(info.devices) == ["cpu", "cpu"]


def test_limits_hold(configured: Running) -> None:
    with grpc.insecure_channel(configured.address, OPTIONS) as channel:
        calls = Calls(channel)
        refusal = calls.refusal(request("x*y", [linspace("x", 0, 1, 2000), linspace("y", 0, 1, 2000)]))
        assert refusal.reason == "TOO_LARGE"
        assert re.search("4,?000,?000", refusal.detail.found)
        assert re.search("3,?000,?000", refusal.message)
        refusal = calls.refusal(request("x", [linspace("x", 0, 1, 101)]))
        assert refusal.reason == "TOO_LARGE"
        assert "StreamGridGradients" in refusal.detail.remedy
        assert calls.refusal(request("x", [axis("x", np.zeros(10_000))])).code is StatusCode.RESOURCE_EXHAUSTED
        assert grids(calls.ask(SQUARE)).tolist() == [[9]]


def test_the_sdk_streams_what_is_over_the_unary_limit(configured: Running) -> None:
    with gridgrad.Client(configured.address) as client:
        result = client.gradient("x", {"x": gridgrad.linspace(0, 1, 1001)})
        assert result.value.tolist() == np.linspace(0, 1, 1001).tolist()
        with pytest.raises(gridgrad.TooLargeError):
            client.gradient("x", {"x": np.zeros(10_000)})


def test_a_large_grid_is_spread_over_all_workers(configured: Running) -> None:
    asked = request(pb.Function(registered="gate"), [linspace("x", 2 * HOLD, 3 * HOLD, 2_000_000)])
    message = pb.StreamGridGradientsRequest(id=1, request=asked).SerializeToString()
    with grpc.insecure_channel(configured.address, OPTIONS) as channel, configured.control.held():
        answers = Calls(channel).open_stream(iter([message]))
        eventually(lambda: len(configured.control.held_workers()) == 2, "both workers busy with it")
        configured.control.release()
        parts = sorted(
            map(pb.StreamGridGradientsResponse.FromString, answers), key=lambda part: part.window.first_point
        )
    whole = np.concatenate([np.frombuffer(part.data) for part in parts])
    assert (whole == np.linspace(2 * HOLD, 3 * HOLD, 2_000_000) ** 2).all()


def test_logs_are_json_when_asked_for(configured: Running) -> None:
    with gridgrad.Client(configured.address) as client:
        client.gradient("x**2", {"x": [3.0]})
    lines = [json.loads(line) for line in configured.log.read_text().splitlines()]
    assert lines
    for line in lines:
        assert {"time", "level", "message"} <= line.keys() or {"time", "level", "event"} <= line.keys(), line
