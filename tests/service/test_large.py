"""Grids several times larger than all that the server may hold."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from tests.service.harness import HOLD, PATIENCE_S, Running, eventually, resident_mib, running

HELD_MIB = 16
FUNCTION = "sin(x)*y + exp(-x*y)"
INPUTS = {"x": gridgrad.linspace(0, 2, 2500), "y": np.linspace(-1, 1, 1700)}
RESULT_MIB = 3 * 8 * 2500 * 1700 >> 20
GATE = gridgrad.registered("gate")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with two workers that may hold a sixth of the grid."""
    flags = ["--queue-bytes", f"{HELD_MIB}MiB", "--piece-cost", "65536", "--unary-result-bytes", "64KiB"]
    with running(tmp_path_factory.mktemp("small"), *flags, "--workers", "2") as started:
        with gridgrad.Client(started.address) as client:
            eventually(lambda: len(client.server_info().devices) == 2, "two warm workers")
        yield started


@pytest.fixture(scope="module")
def whole(server: Running) -> gridgrad.Result:
    """The grid, taken at once."""
    with gridgrad.Client(server.address) as client:
        return client.gradient(FUNCTION, INPUTS)


def test_a_grid_of_any_size_is_put_together(whole: gridgrad.Result) -> None:
    assert RESULT_MIB > 5 * HELD_MIB
    x, y = (whole.inputs[name] for name in "xy")
    x = x[:, None]
    np.testing.assert_allclose(whole.value, np.sin(x) * y + np.exp(-x * y), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(whole.d["x"], np.cos(x) * y - y * np.exp(-x * y), rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(whole.d["y"], np.sin(x) - x * np.exp(-x * y), rtol=1e-14, atol=1e-14)


def test_into_a_file(client: gridgrad.Client, whole: gridgrad.Result, tmp_path: Path) -> None:
    shape = (3, *whole.value.shape)
    out = np.memmap(tmp_path / "grid", "float64", "w+", shape=shape)
    result = client.gradient(FUNCTION, INPUTS, out=out)
    assert np.shares_memory(result.d["y"], out)
    out.flush()
    kept = np.memmap(tmp_path / "grid", "float64", "r", shape=shape)
    assert_array_equal(kept[0], whole.value)
    assert_array_equal(kept[2], whole.d["y"])


def test_progress_is_told_to_the_end(client: gridgrad.Client) -> None:
    told: list[tuple[int, int]] = []
    client.gradient(FUNCTION, INPUTS, progress=lambda done, points: told.append((done, points)))
    done = [points for points, _ in told]
    assert done == sorted(done)
    assert len(set(done)) > 10
    assert told[-1] == (2500 * 1700, 2500 * 1700)
    told.clear()
    client.gradient("x", {"x": [1.0, 2.0]}, progress=lambda done, points: told.append((done, points)))
    assert told == [(2, 2)]


@pytest.mark.parametrize("points", [None, 100_000, 1000])
def test_windows_cover_the_grid_once(client: gridgrad.Client, whole: gridgrad.Result, points: int | None) -> None:
    seen = np.zeros(whole.value.shape, int)
    for window in client.windows(FUNCTION, INPUTS, points=points):
        seen[window.slices] += 1
        assert_array_equal(window.value, whole.value[window.slices])
        assert_array_equal(window.d["x"], whole.d["x"][window.slices])
        assert_array_equal(window.inputs["y"], whole.inputs["y"][window.slices[1]])
        assert window.value.size <= (points or 1 << 20)
    assert (seen == 1).all()


async def test_the_other_client_has_windows_too(server: Running, whole: gridgrad.Result) -> None:
    async with gridgrad.aio.Client(server.address) as client:
        windows = [window async for window in client.windows(FUNCTION, INPUTS)]
    assert sum(window.value.size for window in windows) == whole.value.size
    for window in windows:
        assert_array_equal(window.d["y"], whole.d["y"][window.slices])


def test_a_reader_that_dawdles_is_not_read_ahead_for(server: Running, client: gridgrad.Client) -> None:
    pids = [server.process.pid, *server.workers()]
    before = {pid: resident_mib(pid) for pid in pids}
    windows = client.windows(FUNCTION, INPUTS, points=50_000)
    taken = next(windows).value.size
    grown = dict.fromkeys(pids, 0.0)
    for x in range(200):  # others are served, and meanwhile nothing piles up
        assert client.gradient("x**2", {"x": [float(x)]}).value[0] == x * x
        grown = {pid: max(most, resident_mib(pid) - before[pid]) for pid, most in grown.items()}
    taken += sum(window.value.size for window in windows)
    assert taken == 2500 * 1700
    assert max(grown.values()) < 3 * HELD_MIB, f"grown by {grown} MiB"


def test_windows_that_are_left_end_the_computation(server: Running, client: gridgrad.Client) -> None:
    server.control.forget_points()
    windows = client.windows(GATE, {"x": gridgrad.linspace(0, 1000, 30_000_000)}, points=10_000)
    next(windows)
    windows.close()  # type: ignore[attr-defined] # iterators of ours are generators
    # Behind what the workers had already, there is nothing left of it
    for x in (2000.0, 2001.0):
        client.gradient(GATE, {"x": [x]})
    assert max(x for x in server.control.points() if x < 2000) < 900


def test_a_worker_that_dies_costs_its_piece_a_retry(server: Running, client: gridgrad.Client, tmp_path: Path) -> None:
    x = np.arange(1.0, 1_000_001.0)
    x[700_000] = HOLD + 1
    out = np.memmap(tmp_path / "grid", "float64", "w+", shape=(2, x.size))

    def kill() -> None:
        server.control.await_held()
        for worker in server.control.held_workers():
            os.kill(worker, signal.SIGKILL)
        server.control.release()

    with server.control.held():
        killer = threading.Thread(target=kill)
        killer.start()
        client.gradient(GATE, {"x": x}, timeout=PATIENCE_S, out=out)
        killer.join()
    assert_array_equal(out, [x**2, 2 * x])
