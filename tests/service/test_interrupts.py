"""Ctrl-C: what was asked is cancelled on the server too, and the same client goes on."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

import gridgrad
from tests.service.harness import HOLD, PATIENCE_S, Running, eventually

ASKER = """
import sys

import gridgrad

address, kind, hold = sys.argv[1], sys.argv[2], float(sys.argv[3])
gate = gridgrad.registered("gate")
many = [{"x": [hold + n, n]} for n in range(400)]
large = {"x": gridgrad.linspace(hold + 1, 2 * hold, 4_000_000)}


def ask(client):
    if kind == "map":
        list(client.map(gate, many))
    elif kind == "bar":
        list(client.map(gate, many, progress=True))
    elif kind == "stream":
        list(client.stream(gridgrad.Request(gate, inputs) for inputs in many))
    elif kind == "windows":
        list(client.windows(gate, large))
    else:
        client.gradient(gate, many[1] if kind.startswith("small") else large)


with gridgrad.Client(address, sessions=not kind.endswith("by gRPC")) as client:
    for _ in range(3):
        client.gradient("x", {"x": [1.0]})  # opens a session
    try:
        ask(client)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
    sys.stdin.readline()
    print(client.gradient("x**2", {"x": [3.0]}).value.item(), flush=True)
"""

KINDS = ["map", "bar", "stream", "windows", "large", "large by gRPC", "small", "small by gRPC"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_interrupt_cancels_at_the_server_and_leaves_the_client_usable(
    server: Running, client: gridgrad.Client, kind: str
) -> None:
    if kind == "bar":
        pytest.importorskip("tqdm")
    server.control.forget_points()
    command = [sys.executable, "-c", ASKER, server.address, kind, str(HOLD)]
    with (
        server.control.held(),
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as asker,
    ):
        assert asker.stdin
        assert asker.stdout
        server.control.await_held()
        asker.send_signal(signal.SIGINT)
        assert asker.stdout.readline() == "interrupted\n"
        eventually(lambda: is_empty(client), "an empty queue")
        server.control.release()
        assert asker.communicate("go on\n", PATIENCE_S)[0] == "9.0\n"
        assert asker.returncode == 0
    computed = server.control.points()
    assert max(computed) < 1.9 * HOLD, "the rest of a large grid was computed"
    assert HOLD + 399 not in computed, "the last of many grids was computed"


def is_empty(client: gridgrad.Client) -> bool:
    load = client.server_status().load
    return (load.entries, load.queued, load.held_bytes, load.streams) == (0, 0, 0, 0)
