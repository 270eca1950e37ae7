"""Workers in a real Ray cluster of several nodes on this machine: same bits, and nothing is lost whatever dies."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gridgrad
from benchmarks.harness.processes import Served, serve
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.workers.command import bridge_command, worker_flags
from gridgrad_server.workers.transports.ray_transport import RayBridge, RayPlace
from gridgrad_server.workers.transports.transport import WorkerPlace
from tests.server.workers.transports.contract import CONTRACT
from tests.service.harness import eventually
from tests.service.ray_cluster import RayCluster, actors_of, kill, process_of, ray_cluster, scaled_cluster

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning"
    ),  # Ray leaves the files and sockets of its nodes to the collector
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

F = "sin(x*y) + x**2*exp(-y)"
CALLS = 200
CHANNELS = "auto", "socket", "calls"


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    with ray_cluster() as made:
        made.add(2)
        yield made


@contextlib.contextmanager
def serving(folder: Path, *flags: str, environment: dict[str, str] | None = None) -> Iterator[Served]:
    common = ("--listen", f"unix:{folder}/socket", "--device", "cpu", "--piece-cost", str(1 << 15))
    with serve("gridgrad_server", [*common, *flags], environment=environment, log=folder / "log") as served:
        yield served


def axes(points: int, shift: float = 0.0) -> dict[str, Any]:
    return {"x": np.linspace(0.1, 2, points) + shift, "y": np.linspace(0.2, 3, points)}


def ready(client: gridgrad.Client) -> int:
    return sum(worker.ready for worker in client.server_status().workers)


def bits(result: gridgrad.Result) -> list[bytes]:
    return [result.value.tobytes(), *(result.d[name].tobytes() for name in ("x", "y"))]


def asked(client: gridgrad.Client) -> Iterator[list[bytes]]:
    """The bits of answers of each kind: small, by the stream, with fields, in float32, in packs, and an error."""
    yield bits(client.gradient(F, axes(17)))
    yield bits(client.gradient(F, axes(600), order=2))
    field = np.random.default_rng(1).normal(size=(300, 200))
    yield bits(client.gradient("a*x + sin(a*y)", {"x": np.linspace(0, 1, 300), "y": np.linspace(0, 1, 200),
                                                    "a": (("x", "y"), field)}))  # fmt: skip
    yield bits(client.gradient(F, axes(40), dtype="float32"))
    for result in client.map(F, [axes(9, shift) for shift in range(300)]):
        yield bits(result)


@pytest.mark.parametrize("held", CONTRACT, ids=lambda held: held.__name__)
@pytest.mark.parametrize("channel", CHANNELS)
async def test_it_keeps_to_the_contract(
    cluster: RayCluster, held: Callable[[WorkerPlace], Awaitable[None]], channel: str
) -> None:
    settings = ServerSettings(compile=False)
    bridge = RayBridge(bridge_command(settings, cluster.address))
    asked = wpb.OpenWorker(device="cpu", cpus=1, arguments=worker_flags(settings, 1), channel=channel)
    await held(RayPlace(bridge, asked))
    import asyncio

    async with asyncio.timeout(60):
        while bridge.pid:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("channel", CHANNELS)
def test_results_have_the_bits_of_local_ones(cluster: RayCluster, tmp_path: Path, channel: str) -> None:
    (tmp_path / "local").mkdir()
    flags = ("--ray", cluster.address, "--workers", "3", "--ray-channel", channel)
    with serving(tmp_path / "local") as local, serving(tmp_path, *flags) as remote:
        for sessions in (False, True):
            with (
                gridgrad.Client(local.address, sessions=sessions) as here,
                gridgrad.Client(remote.address, sessions=sessions) as there,
            ):
                eventually(lambda: ready(there) == 3, "all workers")
                for one, other in zip(asked(here), asked(there), strict=True):
                    assert one == other
                with pytest.raises(gridgrad.RequestError, match="'z'"):
                    there.gradient("x + z", {"x": [1.0]})
    eventually(lambda: not actors_of(cluster.head), "the end of the workers there")


def under_load(address: str, disturb: Callable[[], None]) -> None:
    """Sends mixed calls, each once, disturbs when a part is answered, and checks every answer."""
    with gridgrad.Client(address, retries=0, timeout=120) as client, ThreadPoolExecutor(24) as pool:

        def call(number: int) -> None:
            inputs = axes(400 if number % 10 == 0 else 20 + number % 7, number)
            result = client.gradient(F, inputs)
            x, y = inputs["x"][:, None], inputs["y"]
            assert np.allclose(result.value, np.sin(x * y) + x**2 * np.exp(-y), rtol=1e-12, atol=1e-12)
            assert np.allclose(result.d["y"], x * np.cos(x * y) - x**2 * np.exp(-y), rtol=1e-12, atol=1e-11)

        calls = [pool.submit(call, number) for number in range(CALLS)]
        eventually(lambda: sum(each.done() for each in calls) >= CALLS // 10, "the first answers")
        disturb()
        for each in calls:
            each.result(120)


@contextlib.contextmanager
def called_on(call: Callable[[], None]) -> Iterator[None]:
    """Calls in a thread, again and again, until the block ends."""
    end = threading.Event()

    def call_on() -> None:
        while not end.is_set():
            call()

    with ThreadPoolExecutor(1) as pool:
        calls = pool.submit(call_on)
        try:
            yield
        finally:
            end.set()
        calls.result()


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_actor_that_is_killed_costs_a_retry(cluster: RayCluster, tmp_path: Path, channel: str) -> None:
    with serving(tmp_path, "--ray", cluster.address, "--workers", "3", "--ray-channel", channel) as served:
        with gridgrad.Client(served.address) as client:
            eventually(lambda: ready(client) == 3, "all workers")
        under_load(served.address, lambda: kill(actors_of(cluster.head)[0]))
        with gridgrad.Client(served.address) as client:
            eventually(lambda: ready(client) == 3, "the one in its place")
            assert sum(worker.restarts for worker in client.server_status().workers) == 1


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("dies", ["raylet", "head"])
def test_a_node_that_is_killed_loses_nothing(tmp_path: Path, dies: str, channel: str) -> None:
    with ray_cluster(1) as cluster:
        other = cluster.add(2)
        flags = ("--ray", cluster.address, "--workers", "3", "--local-workers", "1", "--piece-timeout", "10")
        with serving(tmp_path, *flags, "--ray-channel", channel) as served:
            with gridgrad.Client(served.address) as client:
                eventually(lambda: ready(client) == 4, "all workers")

            def disturb() -> None:
                if dies == "raylet":
                    kill(process_of(other, "raylet"))
                else:
                    kill(process_of(cluster.head, "gcs_server"), process_of(cluster.head, "raylet"))

            under_load(served.address, disturb)
            with gridgrad.Client(served.address) as client:
                assert ready(client) >= 1
                if dies == "raylet":
                    cluster.add(2)
                    eventually(lambda: ready(client) == 4, "those on the new node")


def test_nodes_come_and_go(tmp_path: Path) -> None:
    with (
        ray_cluster(1) as cluster,
        serving(tmp_path, "--ray", cluster.address, "--workers", "2") as served,
        gridgrad.Client(served.address) as client,
    ):
        assert ready(client) == 1
        eventually(lambda: "has no room for worker" in (tmp_path / "log").read_text(), "word of the other")
        node = cluster.add(1)
        eventually(lambda: ready(client) == 2, "the other")
        cluster.remove(node)
        eventually(lambda: ready(client) == 1, "the loss of it")
        assert client.gradient("x**2", {"x": [3.0]}).d["x"] == 6.0


def test_workers_are_asked_for_as_batches_wait_and_given_back(tmp_path: Path) -> None:
    simulated = ("--functions", "benchmarks.calls.simulated", "--min-workers", "1", "--max-workers", "3")
    with (
        ray_cluster(1) as cluster,
        serving(tmp_path, "--ray", cluster.address, *simulated, "--idle-timeout", "1", "--log-level", "info") as served,
        gridgrad.Client(served.address, sessions=False) as client,
    ):
        wanted, sides = gridgrad.registered("waits_for_piece"), np.linspace(0, 1, 2000)

        def large() -> None:
            assert client.gradient(wanted, {"x": sides, "y": sides}, wrt=()).value[-1, -1] == 2.0

        assert (ready(client), client.server_status().load.wanted_workers) == (1, 1)
        with called_on(large):  # 123 pieces, which take one worker 3 s
            eventually(lambda: client.server_status().load.wanted_workers == 3, "the wish for more")
            cluster.add(2)
            eventually(lambda: ready(client) == 3, "those on the new node")
        eventually(lambda: [each.number for each in client.server_status().workers] == [0], "the end of the others")
        assert sum(worker.restarts for worker in client.server_status().workers) == 0
        large()


def test_rays_autoscaler_adds_nodes_for_workers_and_takes_them_away(tmp_path: Path) -> None:
    simulated = ("--functions", "benchmarks.calls.simulated", "--min-workers", "1", "--max-workers", "3")
    with (
        scaled_cluster(2) as address,
        serving(tmp_path, "--ray", address, *simulated, "--idle-timeout", "2") as served,
        gridgrad.Client(served.address, sessions=False) as client,
    ):
        wanted, sides = gridgrad.registered("waits_for_piece"), np.linspace(0, 1, 2000)

        def large() -> None:
            assert client.gradient(wanted, {"x": sides, "y": sides}, wrt=()).value[-1, -1] == 2.0

        assert (ready(client), nodes(address)) == (1, 1)
        with called_on(large):
            eventually(lambda: ready(client) == 3, "workers on nodes that were not there")
        eventually(lambda: [each.number for each in client.server_status().workers] == [0], "the end of the others")
        eventually(lambda: nodes(address) == 1, "the end of their nodes")
        large()


def nodes(address: str) -> int:
    """How many a cluster has now."""
    code = "import ray, sys; ray.init(sys.argv[1], logging_level='error'); print(sum(n['Alive'] for n in ray.nodes()))"
    asked = subprocess.run([sys.executable, "-c", code, address], capture_output=True, text=True, check=True)
    return int(asked.stdout.split()[-1])


def test_auto_takes_all_there_is(cluster: RayCluster, tmp_path: Path) -> None:
    with (
        serving(tmp_path, "--ray", cluster.address, "--workers", "auto") as served,
        gridgrad.Client(served.address) as client,
    ):
        eventually(lambda: ready(client) == 4, "a worker for each processor")


def test_local_workers_serve_where_there_is_no_cluster(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    with (
        serving(tmp_path, "--ray", "127.0.0.1:1", "--workers", "2", "--local-workers", "1") as served,
        gridgrad.Client(served.address) as client,
    ):
        assert client.gradient("x**2", {"x": [3.0]}).d["x"] == 6.0
        eventually(lambda: "no Ray cluster to join at 127.0.0.1:1" in (tmp_path / "log").read_text(), "why")


def test_local_workers_serve_where_the_cluster_is_full(tmp_path: Path) -> None:
    with (
        ray_cluster(0) as cluster,
        serving(tmp_path, "--ray", cluster.address, "--workers", "1", "--local-workers", "1") as served,
        gridgrad.Client(served.address) as client,
    ):
        assert client.gradient("x**2", {"x": [3.0]}).d["x"] == 6.0
        eventually(lambda: "has no room for worker 1 as yet: 0 of 0 CPUs" in (tmp_path / "log").read_text(), "why")
        assert client.gradient("x**2", {"x": [3.0]}).d["x"] == 6.0
        assert ready(client) == 1


_FILL = """
import sys, numpy, ray
ray.init(sys.argv[1], logging_level="error")
kept = []
for size in (1 << 23, 1 << 20, 1 << 17, 1 << 13):
    try:
        while True:
            kept.append(ray.put(numpy.ones(size, numpy.uint8)))
    except ray.exceptions.OutOfDiskError:
        print("full", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def filled(address: str) -> Iterator[None]:
    """Has all of a cluster's object store taken by somebody else, and no disk to spill to, until the block ends."""
    command = [sys.executable, "-c", _FILL, address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin
        assert other.stdout
        assert [other.stdout.readline() for _ in range(4)] == ["full\n"] * 4
        try:
            yield
        finally:
            other.stdin.close()


def test_results_come_where_the_object_store_is_full(tmp_path: Path) -> None:
    with (
        ray_cluster(1, can_spill=False) as cluster,
        serving(tmp_path, "--ray", cluster.address, "--workers", "1", "--ray-channel", "calls") as served,
        gridgrad.Client(served.address) as client,
    ):
        before = bits(client.gradient(F, axes(1500), tier="direct"))
        with filled(cluster.address):
            assert bits(client.gradient(F, axes(1500), tier="direct")) == before
            given_up = sum(worker.restarts for worker in client.server_status().workers)
        # Where Ray has no room for a result the worker is another afterwards, and the log says what to do
        assert (tmp_path / "log").read_text().count("a larger --object-store-memory") == given_up


def test_a_server_without_any_worker_ends_and_says_why(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    with pytest.raises(RuntimeError), serving(tmp_path, "--ray", "127.0.0.1:1", "--workers", "1"):
        pass
    assert "can't serve: its workers end before they are ready" in (tmp_path / "log").read_text()
    assert "no Ray cluster to join at 127.0.0.1:1" in (tmp_path / "log").read_text()


def test_a_cluster_of_another_version_is_refused_by_both_names(cluster: RayCluster, tmp_path: Path) -> None:
    import ray

    here = ray.__version__
    (tmp_path / "sitecustomize.py").write_text("import ray; ray.__version__ = '2.0.0'")
    environment = {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    flags = ("--ray", cluster.address, "--workers", "1", "--local-workers", "1")
    with serving(tmp_path, *flags, environment=environment) as served, gridgrad.Client(served.address) as client:
        log = eventually(lambda: _complaint(tmp_path / "log"), "the complaint")
        assert client.gradient("x**2", {"x": [3.0]}).d["x"] == 6.0
    assert here in log
    assert "2.0.0" in log
    assert sys.version.split()[0] in log


def _complaint(log: Path) -> str:
    lines = [line for line in log.read_text().splitlines() if "no Ray cluster to join" in line]
    return lines[0] if lines else ""
