"""HTTP between real processes: whatever is sent, whoever dawdles, and the end of a server."""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import re
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.seeds import examples, seed
from tests.service.harness import HOLD, Running, eventually, own_mib, running

pytestmark = pytest.mark.long

JSON = {"content-type": "application/json"}
SERVICE = "/gridgrad.v1.GridGradientService"
METHODS = [f"{SERVICE}/{name}" for name in ("GridGradient", "Explain", "StreamGridGradients")]
PATHS = ["/v1/gradient", "/healthz", "/metrics", "/openapi.json", "/", "/v1/", *METHODS]
GRID = {"expression": "t*exp(-k)", "inputs": {"t": [1.0, 2.0], "k": {"linspace": [0, 1, 3]}}}
HEAD = (
    b"POST /v1/gradient HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n"
)
DEFECT = re.compile(r"a defect|Traceback|Exception in ASGI")


class Http:
    """A server, and where it listens by HTTP."""

    def __init__(self, server: Running) -> None:
        self.server = server
        found = re.search(r"http address=(\S+):(\d+)", server.log.read_text())
        assert found
        self.target = found[1], int(found[2])

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(*self.target, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()

    def gradient(self, asked: object = GRID) -> tuple[int, bytes]:
        return self.ask("POST", "/v1/gradient", json.dumps(asked).encode(), JSON)

    def check(self) -> None:
        """It answers rightly."""
        status, body = self.gradient()
        assert status == 200
        t, k = np.array([[1.0], [2.0]]), np.linspace(0, 1, 3)
        assert_allclose(json.loads(body)["d"]["k"], -t * np.exp(-k), rtol=1e-13)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http]:
    folder = tmp_path_factory.mktemp("http")
    with running(folder, "--http", "127.0.0.1:0", "--stall-timeout", "2") as server:
        yield Http(server)


def mutated(draw: random.Random, value: object) -> object:
    """Something like a request, with parts that are none."""
    odd: list[object] = [
        None,
        True,
        -1,
        1e308,
        "",
        "NaN",
        "x",
        [],
        {},
        [[]],
        {"linspace": [0, 1, 1 << 60]},
        10**30,
        "t",
        ["t"] * 50,
        [1] * 300,
    ]
    if draw.random() < 0.15:
        return draw.choice(odd)
    if isinstance(value, dict):
        changed = {name: mutated(draw, each) for name, each in value.items() if draw.random() > 0.05}
        if draw.random() < 0.1:
            changed[draw.choice(["order", "wrt", "derivatives", "reduce", "dtype", "timeout", "dims"])] = draw.choice(
                odd
            )
        return changed
    return [mutated(draw, each) for each in value] if isinstance(value, list) else value


@pytest.mark.random
def test_whatever_comes_is_answered_and_is_no_defect(served: Http) -> None:
    draw = random.Random(seed(811))  # noqa: S311 - examples, no secrets
    whole = {**GRID, "order": 2, "wrt": ["t", "k"], "dtype": "float64", "timeout": 20}
    for _ in range(examples(400)):
        status, _ = served.gradient(mutated(draw, whole))
        assert status in (200, 400, 404, 413, 504), status
    for _ in range(examples(200)):
        body = draw.choice([None, draw.randbytes(draw.randrange(200)), b"{" * 50, json.dumps(GRID).encode()])
        kinds = ["application/json", "application/proto", "text/plain", "application/x-npz", "*/*;q=x", ""]
        headers = {
            "content-type": draw.choice(kinds),
            "accept": draw.choice(kinds),
            "content-encoding": draw.choice(["", "gzip"]),
        }
        status, _ = served.ask(draw.choice(["GET", "POST", "PUT", "OPTIONS"]), draw.choice(PATHS), body, headers)
        assert status < 500 or status == 501, status
    for _ in range(examples(100)):
        with socket.create_connection(served.target, timeout=20) as connection, contextlib.suppress(OSError):
            connection.sendall(
                draw.choice([b"", b"POST /v1/gradient HTTP/1.1\r\n", b"GET / HTTP/9.9\r\n"]) + draw.randbytes(300)
            )
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1 << 16)
    served.check()
    assert not DEFECT.search(served.server.log.read_text())


def test_who_dawdles_keeps_nobody_from_calling(served: Http) -> None:
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(socket.create_connection(served.target, timeout=30)) for _ in range(300)]
        for number, each in enumerate(slow):
            each.sendall(HEAD[: 20 + number % 70] if number % 2 else HEAD + b"{")
        served.check()
        for each in slow:  # within some seconds all of them are told so, or closed
            with contextlib.suppress(ConnectionResetError):
                assert each.recv(20) in (b"", b"HTTP/1.1 504 Gateway", b"HTTP/1.1 429 Too Man")
    served.check()


def test_a_thousand_calls_leave_nothing(served: Http) -> None:
    pid = served.server.process.pid
    for _ in range(300):
        served.gradient()
    before = own_mib(pid)
    for _ in range(1000):
        served.gradient()
    assert own_mib(pid) - before < 8


def test_what_was_accepted_is_answered_before_a_server_ends(tmp_path: Path) -> None:
    with running(tmp_path, "--http", "127.0.0.1:0") as server:
        served, answers = Http(server), list[tuple[int, bytes]]()
        held = {"registered": "gate", "inputs": {"x": [2 * HOLD]}, "order": 0}
        with server.control.held():
            caller = threading.Thread(target=lambda: answers.append(served.gradient(held)))
            caller.start()
            server.control.await_held()
            server.process.send_signal(signal.SIGTERM)
            eventually(lambda: "draining" in server.log.read_text(), "the drain")
        caller.join(60)
        (answer,) = answers
        assert answer[0] == 200
        assert server.process.wait(60) == 0
