"""Arrays that travel once: kept by real servers, forgotten, sent again within the call, and nobody else's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import grpc
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gridgrad
from benchmarks.harness.relay import relayed
from gridgrad.requests.prepare import prepare
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.service.calls import OPTIONS, Calls, axis, grids, request
from tests.service.harness import Running, running

R = np.linspace(0.01, 0.99, 50)
KIB = 1 << 10


def table_of(n: int, knots: int = 2000) -> gridgrad.LookupTable:
    """A table of nearly sin(n x)."""
    x = np.linspace(0, 1, knots)
    return gridgrad.table(np.sin(n * x), x=x, outside="extrapolate")


def ask(client: gridgrad.Client, table: gridgrad.LookupTable, n: int) -> None:
    result = client.gradient("V(r)*r", {"r": R, "V": table})
    assert_allclose(result.value, np.sin(n * R) * R, atol=1e-9)
    assert_allclose(result.d["r"], np.sin(n * R) + n * np.cos(n * R) * R, atol=1e-5)


def kept_bytes(client: gridgrad.Client) -> int:
    return client.server_status().load.kept_array_bytes


def test_the_second_call_with_a_table_of_a_million_sends_under_a_kilobyte(server: Running) -> None:
    table = table_of(1, knots=1_000_001)
    with relayed(server.address) as relay, gridgrad.Client(relay.address, sessions=False) as client:
        sent = []
        for _ in range(3):
            before = relay.sent
            ask(client, table, 1)
            sent.append(relay.sent - before - R.nbytes)
        assert sent[0] > 16_000_000
        assert max(sent[1:]) < 1000, sent
        before = relay.sent
        ask(client, gridgrad.table(table.numbers.values * 1.0, x=table.numbers.knots[0]), 1)
        assert relay.sent - before < 1000 + R.nbytes, "it is known by its numbers, not by the object"


@pytest.mark.parametrize("sessions", [False, True])
def test_every_way_to_ask_goes_by_what_is_kept(server: Running, sessions: bool) -> None:
    with gridgrad.Client(server.address, sessions=sessions) as client:
        table = table_of(3)
        for _ in range(4):
            ask(client, table, 3)
        places = [R + n / 1e5 for n in range(100)]
        for result, r in zip(client.map("V(r)", [{"r": r, "V": table} for r in places]), places, strict=True):
            assert_allclose(result.value, np.sin(3 * r), atol=1e-9)
        plane = {"r": R, "k": gridgrad.linspace(0, 1, 20_000), "V": table}
        whole = client.gradient("V(r)*k", plane)
        parts = np.zeros_like(whole.value)
        for window in client.windows("V(r)*k", plane):
            parts[window.slices] = window.value
        assert_array_equal(parts, whole.value)
        assert client.prepare("V(r)*r", {"r": R, "V": table}).digest
        assert "V(r, 1)" in client.explain("V(r)*r", {"r": R, "V": table}).derived


def test_what_prepare_has_brought_need_not_come_again(server: Running) -> None:
    table = table_of(5)
    with relayed(server.address) as relay, gridgrad.Client(relay.address, sessions=False) as client:
        client.server_info()
        sent = [relay.sent]
        client.prepare("V(r)*r", {"r": R, "V": table})
        sent.append(relay.sent)
        problem = client.bind("V(r)*r", {"r": R, "V": table}, varying="r")
        assert_allclose(problem(r=R).value, np.sin(5 * R) * R, atol=1e-9)
        sent.append(relay.sent)
        assert sent[1] - sent[0] > 32_000
        assert sent[2] - sent[1] < 4000, sent


@pytest.mark.parametrize("sessions", [False, True])
@pytest.mark.parametrize("planes", [1, 40])
def test_large_inputs_that_come_again_travel_twice(server: Running, sessions: bool, planes: int) -> None:
    """The first time nobody knows that there will be a second; the result goes in one message, or by a stream."""
    x, k = np.random.default_rng(planes).normal(size=30_000), np.linspace(0, 1, planes)
    with relayed(server.address) as relay, gridgrad.Client(relay.address, sessions=sessions) as client:
        sent = []
        for _ in range(5):
            before = relay.sent
            result = client.gradient("x*x + k", {"x": x, "k": k}, order=0)
            sent.append(relay.sent - before)
            assert_array_equal(result.value, x[:, None] ** 2 + k)
        assert sent[0] > x.nbytes
        assert sessions or max(sent[2:]) < 2500, sent
        x[15_000] = 7.0
        assert client.gradient("x*x + k", {"x": x, "k": k}, order=0).value[15_000, 0] == 49.0


def test_inputs_over_four_kilobytes_that_come_again_go_by_number_with_the_rest(server: Running) -> None:
    x, other = np.random.default_rng(5).normal(size=(2, 1000))
    with relayed(server.address) as relay, gridgrad.Client(relay.address, sessions=False) as client:
        sent = []
        for n in range(6):
            before = relay.sent
            result = client.gradient("x*x + c", {"x": x, "c": float(n)}, wrt="x")
            sent.append(relay.sent - before)
            assert_array_equal(result.value, x * x + n)
        assert min(sent[:2]) > x.nbytes
        assert max(sent[2:]) < 800, sent
        assert max(sent[4:]) < 400, sent
        for n in range(3):
            assert_array_equal(client.gradient("x*x + c", {"x": other, "c": float(n)}, wrt="x").value, other**2 + n)
        assert_array_equal(client.gradient("x*x + c", {"x": x, "c": 1.0}, wrt="x").value, x * x + 1)


class Tight(NamedTuple):
    """A server that keeps little, for callers with tokens."""

    server: Running
    tokens: dict[str, str]
    calls: dict[str, Calls]

    def client(self, name: str, sessions: bool = True) -> gridgrad.Client:
        """The SDK with a token."""
        return gridgrad.Client(self.server.address, token=self.tokens[name], sessions=sessions)


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tight]:
    folder = tmp_path_factory.mktemp("tight")
    tokens = {}
    for name in ("alice", "bob"):
        flags = ["--limit", "array-bytes=40KiB"] if name == "bob" else ["--role", "call,metrics"]
        command = ["token", "add", "--file", str(folder / "tokens"), "--principal", name, *flags]
        added = subprocess.run(
            [sys.executable, "-m", "gridgrad_server", *command], check=True, capture_output=True, text=True
        )
        tokens[name] = added.stdout.strip()
    with (
        running(folder, "--array-bytes", "100KiB", "--auth-tokens", str(folder / "tokens")) as server,
        grpc.insecure_channel(server.address, OPTIONS) as channel,
    ):
        yield Tight(server, tokens, {name: Calls(channel, token) for name, token in tokens.items()})


@pytest.mark.parametrize("sessions", [False, True])
def test_what_a_small_store_has_forgotten_is_sent_again(tight: Tight, sessions: bool) -> None:
    tables = {n: table_of(n) for n in range(1, 8)}
    with tight.client("alice", sessions=sessions) as client:
        for n in (*range(1, 8), *range(1, 8), 7, 7, 1):
            ask(client, tables[n], n)
            assert client.prepare("V(r)*r", {"r": R, "V": tables[8 - n]}).digest
            assert kept_bytes(client) <= 100 * KIB
        requests = [gridgrad.Request("V(r)", {"r": R, "V": tables[n % 7 + 1]}, tag=n % 7 + 1) for n in range(60)]
        for result in client.stream(requests):
            assert_allclose(result.value, np.sin(result.request.tag * R), atol=1e-9)
        assert sum(len(window.value) for window in client.windows("V(r)", {"r": R, "V": tables[3]})) == len(R)


def test_many_at_once_share_a_small_store(tight: Tight) -> None:
    tables = {n: table_of(n) for n in range(1, 8)}
    with tight.client("alice") as alice, tight.client("bob") as bob, ThreadPoolExecutor(8) as pool:
        asked = [(client, n % 7 + 1) for n in range(60) for client in (alice, bob)]
        for done in [pool.submit(ask, client, tables[n], n) for client, n in asked]:
            done.result()
        assert kept_bytes(alice) <= 100 * KIB
        used = {each.principal: each.kept_array_bytes for each in alice.server_status().principals}
        assert used["bob"] <= 40 * KIB
        assert bob.server_info().limits.kept_array_bytes == 100 * KIB


def named_request(values: np.ndarray, *, whole: bool, digest: bytes | None = None) -> pb.GridGradientRequest:
    """Asks for the sum of an axis and an array of the same dim, which is sent by its digest."""
    data = values.tobytes()
    given = pb.Array(dtype=pb.DTYPE_FLOAT64, shape=values.shape, sha256=digest or sha256(data).digest())
    if whole:
        given.data = data
    return request("x + y", [axis("x", np.zeros(len(values))), pb.Input(name="y", dims=["x"], array=given)])


def test_one_principal_reads_and_probes_nothing_of_another(tight: Tight) -> None:
    values = np.arange(512.0)
    alice, bob = tight.calls["alice"], tight.calls["bob"]
    whole, named = named_request(values, whole=True), named_request(values, whole=False)
    assert alice.refusal(named).detail.closer_reason == pb.ERROR_REASON_FORGOTTEN_ARRAY
    answer = alice.ask(whole)
    assert answer.header.keeps_arrays
    for _ in range(3):  # the server recognises what it has read before
        assert_array_equal(grids(alice.ask(named))[0], values)
    for _ in range(2):
        refused = bob.refusal(named)
        assert refused.detail.closer_reason == pb.ERROR_REASON_FORGOTTEN_ARRAY
        assert (refused.reason, refused.detail.field) == ("REQUEST", "inputs[1].array")
    table = pb.Table(values=named.inputs[1].array, knots=[axis("x", values).array], method="linear", outside="nan")
    tabled = request("V(x)", [axis("x", [1.5]), pb.Input(name="V", table=table)])
    assert grids(alice.ask(tabled)).tolist() == [[1.5]]
    assert "does not keep" in bob.refusal(tabled).message


def test_a_table_by_its_digests_is_recognised_for_who_has_sent_it_alone(tight: Tight) -> None:
    with tight.client("alice", sessions=False) as alice:
        table = table_of(9, 800)
        for _ in range(4):
            ask(alice, table, 9)
        by_name = table.field("V", frozenset(table.digests))
    asked = request("V(r)*r", [axis("r", R)], ["r"])
    asked.MergeFrom(pb.GridGradientRequest.FromString(by_name))
    for name, is_known in (("alice", True), ("bob", False), ("alice", True), ("bob", False)):
        calls = tight.calls[name]
        if is_known:
            assert_allclose(grids(calls.ask(asked))[0], np.sin(9 * R) * R, atol=1e-9)
        else:
            assert calls.refusal(asked).detail.closer_reason == pb.ERROR_REASON_FORGOTTEN_ARRAY


def test_a_damaged_digest_is_refused(tight: Tight) -> None:
    values = np.arange(600.0)
    alice = tight.calls["alice"]
    assert "that of the numbers is" in alice.refusal(named_request(values, whole=True, digest=bytes(32))).message
    assert "send the 32 of a SHA-256" in alice.refusal(named_request(values, whole=True, digest=b"abc")).message
    assert "does not keep" in alice.refusal(named_request(values, whole=False)).message, "nothing was kept of these"


@pytest.mark.long
def test_another_server_and_one_that_was_started_again_get_the_numbers_within_the_call(tmp_path: Path) -> None:
    for name in ("a", "b", "again"):
        (tmp_path / name).mkdir()
    table = table_of(4)
    with running(tmp_path / "a") as first:
        port = first.address.rpartition(":")[2]
        listed = [first.address]
        with running(tmp_path / "b") as second:
            listed.append(second.address)
            client = gridgrad.Client(listed, sessions=False)
            for _ in range(6):
                ask(client, table, 4)
            assert client._routes.arrays.named(prepare(gridgrad.Request("V(r)", {"r": R, "V": table}))).named
            for result in client.map("V(r)", [{"r": R, "V": table}] * 50):
                assert_allclose(result.value, np.sin(4 * R), atol=1e-9)
            first.process.kill()
            for _ in range(6):
                ask(client, table, 4)
    with running(tmp_path / "again", "--listen", f"127.0.0.1:{port}"):
        for _ in range(3):
            ask(client, table, 4)
    client.close()


@pytest.mark.long
def test_a_server_that_keeps_nothing_says_so(tmp_path: Path) -> None:
    with running(tmp_path, "--array-bytes", "0") as server, gridgrad.Client(server.address) as client:
        table = table_of(2)
        for _ in range(3):
            ask(client, table, 2)
        assert kept_bytes(client) == 0
        assert not client.server_info().limits.kept_array_bytes
