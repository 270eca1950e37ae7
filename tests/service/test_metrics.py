"""The metrics and traces of a real server."""

from __future__ import annotations

import os
import re
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

import gridgrad
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.service.calls import OPTIONS, Calls, linspace, request
from tests.service.harness import HOLD, Running, eventually, running

Sample = tuple[str, tuple[tuple[str, str], ...]]


class Metrics:
    """What a server exports."""

    def __init__(self, server: Running) -> None:
        found = re.search(r"metrics address=(\S+)", server.log.read_text())
        assert found
        self.url = f"http://{found[1]}/metrics"

    def scrape(self) -> dict[Sample, float]:
        with urllib.request.urlopen(self.url, timeout=30) as answer:  # noqa: S310 - http, as the line above says
            text = answer.read().decode()
        samples = [sample for family in parsed(text) for sample in family.samples]
        return {(sample.name, tuple(sorted(sample.labels.items()))): sample.value for sample in samples}

    def value(self, name: str, **labels: str) -> float:
        return self.scrape().get((name, tuple(sorted(labels.items()))), 0.0)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that exports metrics, and traces to nobody."""
    variables = {"OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    flags = ["--metrics", "127.0.0.1:0", "--traces"]
    with running(tmp_path_factory.mktemp("watched"), *flags, environment=variables) as started:
        yield started


@pytest.fixture
def metrics(watched: Running) -> Metrics:
    return Metrics(watched)


def test_what_is_asked_is_counted(watched: Running, metrics: Metrics) -> None:
    before = metrics.scrape()
    with gridgrad.Client(watched.address) as client:
        for n in range(10):
            client.gradient("t*k", {"t": [1.0, 2.0], "k": [float(n), 1.0, 2.0]})
        list(client.map("t*k", [{"t": [float(n)], "k": [1.0, 2.0]} for n in range(300)]))
        client.gradient("t*k", {"t": np.linspace(0, 1, 1500), "k": np.linspace(0, 1, 1000)})
        with pytest.raises(gridgrad.RequestError):
            client.gradient("t+", {"t": [1.0]})
        after = metrics.scrape()
        near = metrics.value("gridgrad_sessions")

    def grown(name: str, **labels: str) -> float:
        key = name, tuple(sorted(labels.items()))
        return after.get(key, 0.0) - before.get(key, 0.0)

    asked = sum(grown("gridgrad_requests_total", via=via, code="OK") for via in ("unary", "stream", "session"))
    assert asked == 10 + 300 + 1
    assert grown("gridgrad_requests_total", via="session", code="OK") >= 300
    assert grown("gridgrad_requests_total", via="session", code="INVALID_ARGUMENT") == 1
    assert grown("gridgrad_points_total", engine="structured", tier="direct") == 10 * 6 + 300 * 2 + 1_500_000
    grids = grown("gridgrad_grids_total", engine="structured", tier="direct")
    assert grids > 311  # the large one in pieces
    assert grown("gridgrad_batch_size_sum") == grids
    assert 0 < grown("gridgrad_compute_seconds_count") == grown("gridgrad_batch_size_count") < grids
    assert grown("gridgrad_compute_seconds_sum") > 0
    assert grown("gridgrad_queue_seconds_count") == 311
    assert near == 1
    assert after["gridgrad_worker_expressions", (("state", "uncompiled"), ("worker", "0"))] >= 1
    assert after["gridgrad_info", (("version", gridgrad.__version__),)] == 1


def test_what_waits_and_what_is_cancelled(watched: Running, metrics: Metrics) -> None:
    large = request(pb.Function(registered="gate"), [linspace("x", 2 * HOLD, 3 * HOLD, 4_000_000)])
    message = pb.StreamGridGradientsRequest(id=1, request=large).SerializeToString()
    with grpc.insecure_channel(watched.address, OPTIONS) as channel, watched.control.held():
        answers = Calls(channel).open_stream(iter([message]))
        watched.control.await_held()
        eventually(lambda: metrics.value("gridgrad_queued_requests") == 1, "a grid whose next piece waits")
        assert metrics.value("gridgrad_held_requests") == 1
        assert metrics.value("gridgrad_held_bytes") > 0
        assert metrics.value("gridgrad_streams") == 1
        assert metrics.value("gridgrad_worker_batches", worker="0") >= 1
        answers.cancel()
        eventually(lambda: metrics.value("gridgrad_held_requests") == 0, "nothing that is held")
    assert metrics.value("gridgrad_queued_requests") == 0
    assert metrics.value("gridgrad_requests_total", via="stream", code="CANCELLED") == 1


def test_a_killed_worker_is_a_restart(watched: Running, metrics: Metrics) -> None:
    before = metrics.value("gridgrad_worker_restarts_total", worker="0")
    (pid,) = watched.workers()
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: watched.replaced(pid), "another worker")
    eventually(lambda: metrics.value("gridgrad_worker_ready", worker="0", device="cpu"), "a warm worker")
    assert metrics.value("gridgrad_worker_restarts_total", worker="0") == before + 1
    with gridgrad.Client(watched.address) as client:
        (worker,) = client.server_status().workers
    assert worker.restarts == before + 1
    assert worker.pid not in (0, pid)


def test_a_port_that_is_taken(metrics: Metrics, tmp_path: Path) -> None:
    address = metrics.url.removeprefix("http://").removesuffix("/metrics")
    with pytest.raises(RuntimeError, match="status 2"), running(tmp_path, "--metrics", address):
        pass
    assert f"can't listen on {address} for --metrics: " in (tmp_path / "log").read_text()
