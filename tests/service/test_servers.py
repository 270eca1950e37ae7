"""Several servers behind one client: turns, servers that come, go, hang or are of another version."""

from __future__ import annotations

import contextlib
import functools
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from tests.compatibility.versions import WHEELS, unpacked
from tests.service.dns import dns
from tests.service.harness import Running, eventually, free_port, running

TEXT = "t*exp(-k) + t*k**2"
AXES = {"t": np.linspace(1, 2, 16), "k": np.linspace(2, 3, 8)}
LARGE = {"t": gridgrad.linspace(1, 2, 1500), "k": gridgrad.linspace(2, 3, 1000)}
OLD = sorted(WHEELS)[0]
BUILD = "GRIDGRAD_TEST_BUILD"
"""What the test function `of_build` adds."""


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Running]]:
    """Two servers, which go on as they are."""
    with running(tmp_path_factory.mktemp("a")) as one, running(tmp_path_factory.mktemp("b")) as other:
        yield [one, other]


def listed(servers: list[Running]) -> list[str]:
    return [server.address for server in servers]


def answered(server: Running) -> int:
    """How many grids a server has answered since it counts."""
    with gridgrad.Client(server.address, sessions=False) as client:
        return sum(count for count in client.server_status().answers.values())


def shares(servers: list[Running], work: Callable[[], object]) -> list[int]:
    """How many grids each answers while something is done."""
    before = [answered(server) for server in servers]
    work()
    return [answered(server) - count for server, count in zip(servers, before, strict=True)]


def _took_s(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def await_all(client: gridgrad.Client, servers: list[Running]) -> None:
    """Calls until a client is connected with all of them."""
    eventually(lambda: min(shares(servers, lambda: _several(client, 6))) > 0, "calls at all servers")


def test_calls_maps_and_streams_use_both(pair: list[Running]) -> None:
    with gridgrad.Client(listed(pair)) as client:
        await_all(client, pair)
        expected = client.gradient(TEXT, AXES).value

        def calls() -> None:
            for _ in range(40):
                assert_array_equal(client.gradient(TEXT, AXES).value, expected)

        def maps() -> None:
            many = [{"t": np.array([float(number)]), "k": AXES["k"]} for number in range(4000)]
            for number, result in enumerate(client.map("t*k", many)):
                assert_array_equal(result.value, np.outer([float(number)], AXES["k"]))

        def streams() -> None:
            asked = [gridgrad.Request("t*k", {"t": [float(number)], "k": 2.0}, tag=number) for number in range(400)]
            found = {result.request.tag: float(result.value[0]) for result in client.stream(asked, in_flight=32)}
            assert found == {number: 2.0 * number for number in range(400)}

        assert min(shares(pair, calls)) >= 10
        assert min(shares(pair, maps)) >= 400
        assert min(shares(pair, streams)) >= 40


def test_a_server_that_refuses_costs_nothing(pair: list[Running]) -> None:
    with gridgrad.Client([f"127.0.0.1:{free_port()}", pair[0].address], retries=0) as client:
        for _ in range(20):
            client.gradient(TEXT, AXES)
        assert len(list(client.map("t*k", [{"t": [1.0], "k": [2.0]}] * 500))) == 500


def test_a_name_with_several_addresses(tmp_path: Path) -> None:
    port, numbers = free_port(), ("127.0.0.2", "127.0.0.3")
    with contextlib.ExitStack() as stack:
        servers = []
        for number in numbers:
            (folder := tmp_path / number).mkdir()
            servers.append(stack.enter_context(running(folder, "--listen", f"{number}:{port}")))
        authority = stack.enter_context(dns(numbers))
        client = stack.enter_context(gridgrad.Client(f"dns://{authority}/workers.test:{port}"))
        client.wait_ready()
        eventually(lambda: min(shares(servers, lambda: _several(client, 20))) > 0, "calls at both addresses")
        many = [{"t": [1.0], "k": [2.0]}] * 4000
        eventually(lambda: min(shares(servers, lambda: list(client.map("t*k", many)))) > 0, "a map at both")


def same(one: gridgrad.Result, other: gridgrad.Result) -> bool:
    """Whether two results have the same bits."""
    return all(one.d[each].tobytes() == other.d[each].tobytes() for each in one.d) and bool(
        (one.value == other.value).all()
    )


def _several(client: gridgrad.Client, count: int) -> None:
    for _ in range(count):
        client.gradient(TEXT, AXES)


def test_large_grids_and_calls_survive_the_death_of_their_server(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        servers = []
        for name in "ab":
            (folder := tmp_path / name).mkdir()
            servers.append(stack.enter_context(running(folder, own_group=True)))
        client = stack.enter_context(gridgrad.Client(listed(servers), retries=1))
        client.wait_ready()
        expected = client.gradient(TEXT, LARGE, tier="direct")
        before = [computed(server) for server in servers]
        killed: list[int] = []

        def kill(done: int, points: int | None) -> None:
            if not killed and points and done > points // 2:
                killed.append(busy(servers))
                servers[killed[0]].process.send_signal(signal.SIGKILL)

        result = client.gradient(TEXT, LARGE, tier="direct", progress=kill)
        (dead,) = killed
        # Windows that were on their way are asked for again as wholes
        assert computed(servers[1 - dead]) - before[1 - dead] <= expected.value.size * 2 // 3
        assert_array_equal(result.value, expected.value)
        assert_array_equal(result.d["k"], expected.d["k"])
        for _ in range(10):
            client.gradient(TEXT, AXES)


@pytest.mark.long
def test_windows_go_on_when_their_server_dies(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        servers = []
        for name in "ab":
            (folder := tmp_path / name).mkdir()
            servers.append(stack.enter_context(running(folder, own_group=True)))
        client = stack.enter_context(gridgrad.Client(listed(servers), retries=1))
        client.wait_ready()
        expected = client.gradient(TEXT, LARGE, tier="direct")
        before = [computed(server) for server in servers]
        dead, seen = -1, np.zeros(expected.value.shape, int)
        for window in client.windows(TEXT, LARGE, tier="direct", points=50_000):
            seen[window.slices] += 1
            assert_array_equal(window.value, expected.value[window.slices])
            if dead < 0 and seen.sum() > seen.size // 2:
                dead = busy(servers)
                servers[dead].process.send_signal(signal.SIGKILL)
        assert (seen == 1).all()
        assert computed(servers[1 - dead]) - before[1 - dead] <= seen.size // 2


def computed(server: Running) -> int:
    """How many points a server has computed since it counts."""
    with gridgrad.Client(server.address, sessions=False) as client:
        return sum(totals.points for totals in client.server_status().computed.values())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_part_of_a_grid_has_the_bits_of_the_whole(pair: list[Running], dtype: str) -> None:
    spaced = gridgrad.linspace(0.1, 1.9, 1500)
    with gridgrad.Client(pair[0].address, sessions=False) as client:
        whole = client.gradient(TEXT, {"t": spaced, "k": AXES["k"]}, dtype=dtype, tier="direct")
        values = np.linspace(0.1, 1.9, 1500).astype(dtype)[700:]
        part = client.gradient(TEXT, {"t": values, "k": AXES["k"]}, dtype=dtype, tier="direct")
    assert_array_equal(part.value, whole.value[700:])
    assert_array_equal(part.d["t"], whole.d["t"][700:])


def busy(servers: list[Running]) -> int:
    """The server that computes."""
    for number, server in enumerate(servers):
        with gridgrad.Client(server.address, sessions=False) as client:
            if client.server_status().load.entries:
                return number
    raise AssertionError("none computes")


def test_old_and_new_behind_one_list(tmp_path: Path) -> None:
    for name in ("version", "old", "new"):
        (tmp_path / name).mkdir()
    old = unpacked(OLD, tmp_path / "version")
    with contextlib.ExitStack() as stack:
        theirs = stack.enter_context(running(tmp_path / "old", environment={**old.environment, BUILD: "1000"}))
        ours = stack.enter_context(running(tmp_path / "new", environment={BUILD: "2000"}))
        client = stack.enter_context(gridgrad.Client(listed([theirs, ours])))
        client.wait_ready()
        language, told = list[set[str]](), gridgrad.registered("of_build")
        for server in (theirs, ours):
            with gridgrad.Client(server.address, sessions=False) as alone:
                language.append({each.name for each in alone.server_info().language_functions if one_input(each)})

        def whose(result: gridgrad.Result, x: np.ndarray[Any, Any]) -> float:
            """By which build a result was computed, all of it."""
            [build] = np.unique(result.value - x)
            return float(build)

        def mixed() -> None:
            found = Counter[float]()
            for number in range(40):
                x = np.arange(500_000.0 if number % 4 == 0 else 16.0)
                found[whose(client.gradient(told, {"x": x}), x)] += 1
            for number, result in enumerate(client.map(told, [{"x": [float(number)]} for number in range(4000)])):
                found[whose(result, np.array([float(number)]))] += 1
            assert found.keys() == {1000.0, 2000.0}
            assert min(found.values()) >= 10

        await_all(client, [theirs, ours])
        assert min(shares([theirs, ours], mixed)) >= 10
        assert language[1] - language[0], "the new build knows more"
        for name in sorted(language[1] - language[0])[:5]:
            with gridgrad.Client(ours.address, sessions=False) as alone:
                expected = alone.gradient(f"{name}(t)", {"t": [0.5]})
            outcomes = [outcome(client, f"{name}(t)") for _ in range(6)]
            refused = [each for each in outcomes if isinstance(each, gridgrad.RequestError)]
            assert all(name in str(each) for each in refused)
            assert 0 < len(refused) < len(outcomes)
            assert all(same(each, expected) for each in outcomes if isinstance(each, gridgrad.Result))


def one_input(function: Any) -> bool:
    """Whether a function of the language takes one number."""
    return "," not in str(function.signature)


def outcome(client: gridgrad.Client, text: str) -> gridgrad.Result | gridgrad.RequestError:
    """A result, or how it was refused."""
    try:
        return client.gradient(text, {"t": [0.5]})
    except gridgrad.RequestError as error:
        return error


def further(done: Counter[str], before: Counter[str]) -> bool:
    """Whether there is more of each kind than before."""
    return all(done[kind] > before[kind] for kind in before)


@pytest.mark.long
def test_a_rolling_restart_under_load(tmp_path: Path) -> None:
    ports = [free_port() for _ in range(3)]
    flags = [["--listen", f"127.0.0.1:{port}"] for port in ports]
    stop, wrong, done = threading.Event(), list[str](), Counter[str]()

    def started(number: int, round_: int) -> contextlib.AbstractContextManager[Running]:
        folder = tmp_path / f"{number}-{round_}"
        folder.mkdir()
        return running(folder, *flags[number])

    def load(kind: str, once: Callable[[], bool]) -> None:
        while not stop.is_set():
            try:
                if not once():
                    wrong.append(f"{kind}: a wrong answer")
                done[kind] += 1
            except Exception as error:  # noqa: BLE001 - any failure is what is looked for
                wrong.append(f"{kind}: {error!r}")

    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(contextlib.ExitStack()) for _ in ports]
        for number, each in enumerate(opened):
            each.enter_context(started(number, 0))
        client = stack.enter_context(gridgrad.Client([f"127.0.0.1:{port}" for port in ports]))
        client.wait_ready()
        small = client.gradient(TEXT, AXES, tier="direct").value
        large = client.gradient(TEXT, LARGE, tier="direct").value
        many = [{"t": np.array([float(number)]), "k": AXES["k"]} for number in range(2000)]

        def mapped() -> bool:
            found = client.map("t*k", many, in_flight=256)
            return all(result.value[0, 0] == number * 2.0 for number, result in enumerate(found))

        kinds: dict[str, Callable[[], bool]] = {
            "call": lambda: bool((client.gradient(TEXT, AXES, tier="direct").value == small).all()),
            "large": lambda: bool((client.gradient(TEXT, LARGE, tier="direct").value == large).all()),
            "map": mapped,
        }
        with ThreadPoolExecutor(6) as threads:
            waiting = [threads.submit(load, kind, once) for kind, once in kinds.items() for _ in range(2)]
            try:
                for round_ in (1, 2):
                    for number, each in enumerate(opened):
                        each.close()
                        each.enter_context(started(number, round_))
                        eventually(functools.partial(further, done, done.copy()), "calls of each kind")
            finally:
                stop.set()
            for each_ in waiting:
                each_.result(60)
    assert wrong == []
    assert min(done[kind] for kind in kinds) >= 6


@pytest.mark.long
def test_a_server_that_hangs_is_left(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        servers = []
        for name in "ab":
            (folder := tmp_path / name).mkdir()
            servers.append(stack.enter_context(running(folder)))
        # Servers allow no quicker pings; a minute would be gRPC's own patience
        quick = [("grpc.keepalive_time_ms", 10_000), ("grpc.http2.ping_timeout_ms", 1_000)]
        client = stack.enter_context(gridgrad.Client(listed(servers), timeout=50, options=quick))
        client.wait_ready()
        _several(client, 4)
        servers[0].process.send_signal(signal.SIGSTOP)
        try:
            many = [{"t": [float(number)], "k": [2.0]} for number in range(2000)]
            assert [float(result.value[0, 0]) for result in client.map("t*k", many)] == [2.0 * n for n in range(2000)]
            _several(client, 10)
            # A call that goes there takes until a ping was missed, and so would some of each forty
            eventually(lambda: _took_s(lambda: _several(client, 40)) < 10, "calls that go elsewhere")
        finally:
            servers[0].process.send_signal(signal.SIGCONT)
        eventually(lambda: min(shares(servers, lambda: _several(client, 10))) > 0, "calls at the one that goes on")


def test_info_of_each_and_a_bad_list(pair: list[Running]) -> None:
    command = [sys.executable, "-m", "gridgrad.cli", "info", "--server"]
    told = subprocess.run([*command, ",".join(listed(pair))], capture_output=True, text=True, check=True, timeout=60)
    assert [address for address in listed(pair) if address in told.stdout] == listed(pair)
    refused = subprocess.run([*command, "a:1,,b:2"], capture_output=True, text=True, check=False, timeout=60)
    assert refused.returncode != 0
    assert "'' in the list" in refused.stderr
