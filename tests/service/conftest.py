"""A server that the tests share, callers of it, and the figures that tests report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

import gridgrad
from tests.service.calls import OPTIONS, Calls
from tests.service.harness import PIECE, QUEUE_ENTRIES, QUEUE_MIB, Running, running
from tests.worker.models.onnx_graphs.graphs import network, save

MODELS = Path(__file__).parent / "models"
_FIGURE = "figure "


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that strangers may call, with the functions and models of tests and examples; leave it as it was."""
    flags = ["--functions", "examples.functions", "--functions", f"{MODELS}/", "--request-cost", str(1 << 28)]
    flags += ["--registered-engine", "auto"]
    file = tmp_path_factory.mktemp("models") / "network.onnx"
    save(network("Tanh"), file, "order = 1\nsamples = [{inputs = {x0 = 0.5, x1 = -0.25}}]")
    with running(tmp_path_factory.mktemp("server"), *flags, "--functions", str(file)) as started:
        yield started


@pytest.fixture(scope="session")
def narrow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that holds little at once, shared by the tests that fill it."""
    flags = [
        "--queue-entries",
        str(2 * QUEUE_ENTRIES),
        "--queue-bytes",
        str(QUEUE_MIB << 20),
        "--piece-cost",
        str(PIECE),
    ]
    with running(tmp_path_factory.mktemp("narrow"), *flags) as started:
        yield started


@pytest.fixture
def client(server: Running) -> Iterator[gridgrad.Client]:
    """The SDK at the shared server."""
    with gridgrad.Client(server.address) as opened:
        yield opened


@pytest.fixture
def calls(server: Running) -> Iterator[Calls]:
    """Raw calls at the shared server, without retries."""
    with grpc.insecure_channel(server.address, OPTIONS) as channel:
        yield Calls(channel)


@pytest.fixture
def report(record_property: Callable[[str, object], None]) -> Callable[[str, str], None]:
    """Records a figure with the test and prints it at the end of the run."""

    def record(name: str, figure: str) -> None:
        record_property(f"{_FIGURE}{name}", figure)

    return record


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for report in terminalreporter.stats.get("passed", ()) if report.when == "call"]
    figures = [
        (name, figure) for report in reports for name, figure in report.user_properties if name.startswith(_FIGURE)
    ]
    if figures:
        terminalreporter.section("figures")
        for name, figure in figures:
            terminalreporter.write_line(f"{name.removeprefix(_FIGURE)}: {figure}")
