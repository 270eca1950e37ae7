"""Our own server passes the published cases, by each way; one that answers wrongly does not."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.service.harness import Running, running

pytestmark = pytest.mark.long  # the page of the protocol asks the server of the docs the same, on every change

WAYS = ["grpc-unary", "grpc-stream", "session", "http-proto", "http-json"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str, str]]:
    """A server that listens by TCP, a unix socket and HTTP, and the addresses of the latter two."""
    folder = tmp_path_factory.mktemp("conformity")
    unix = f"unix:{folder}/socket"
    flags = ["--listen", unix, "--http", "127.0.0.1:0", "--session-socket", f"{folder}/sessions"]
    with running(folder, *flags) as server:
        http = re.search(r"http address=(\S+)", server.log.read_text())
        assert http
        yield server, unix, f"http://{http[1]}"


def conformity(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gridgrad.cli", "conformity", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_by_tcp_and_http_and_in_sessions(served: tuple[Running, str, str], tmp_path: Path) -> None:
    server, _, http = served
    done = conformity("--server", server.address, "--http", http, "--junit", str(tmp_path / "report.xml"))
    assert done.returncode == 0, done.stdout + done.stderr
    suites = ElementTree.parse(tmp_path / "report.xml").getroot().findall("testsuite")  # noqa: S314 - it is our own
    assert [suite.get("name") for suite in suites] == WAYS
    for suite in suites:
        assert int(suite.get("tests", "0")) > 40
        assert (suite.get("failures"), suite.get("skipped")) == ("0", "0")


def test_by_a_unix_socket(served: tuple[Running, str, str]) -> None:
    unix = served[1]
    done = conformity("--server", unix, "--session-socket", unix.removeprefix("unix:").replace("/socket", "/sessions"))
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.findall(r"^(\S+): \d+ passed, 0 failed, 0 skipped$", done.stdout, re.MULTILINE)
    assert passed == [*WAYS[:3], "session-socket"]


def test_a_socket_that_was_named_must_be_there(served: tuple[Running, str, str], tmp_path: Path) -> None:
    done = conformity("--server", served[1], "--session-socket", str(tmp_path / "none"))
    assert done.returncode == 1
    assert "FAILED   session-socket: values/bilinear: FileNotFoundError" in done.stdout


def test_no_server_is_no_success() -> None:
    done = conformity("--server", "127.0.0.1:1", "--timeout", "2")
    assert done.returncode == 1
    assert "GetServerInfo" in done.stderr
    assert conformity("--server", "a:1,b:2").returncode == 2
    done = conformity("--server", "127.0.0.1:1", "--junit", "/none/report.xml")
    assert (done.returncode, "--junit" in done.stderr) == (2, True)
