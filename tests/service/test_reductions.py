"""What is made of grids by a real server: by every way the same bits, whatever is cut, dies or comes between."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gridgrad
import gridgrad.aio
from tests.service.harness import HOLD, Running, eventually, running

F = "sin(x*y) + x**2*exp(-y)"
AXES = {"x": np.linspace(0.1, 2, 120), "y": np.linspace(0.2, 3, 260)}
MADE: tuple[Any, ...] = ({"y": "mean"}, "norm", {"x": "argmin"}, "sum")


@pytest.fixture(scope="module")
def cut_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Two workers whose pieces are so small that results of the grid are made in segments."""
    with running(tmp_path_factory.mktemp("cut"), "--workers", "2", "--piece-cost", "20000") as started:
        with gridgrad.Client(started.address) as client:
            eventually(lambda: sum(each.ready for each in client.server_status().workers) == 2, "two warm workers")
        yield started


def bits(result: gridgrad.Result) -> list[bytes]:
    return [result.value.tobytes(), *(grid.tobytes() for grid in result.d.values())]


def test_cuts_workers_and_ways_do_not_change_bits(server: Running, cut_server: Running) -> None:
    def asked(address: str, **settings: Any) -> list[list[bytes]]:
        with gridgrad.Client(address, timeout=None, **settings) as client:
            return [bits(client.gradient(F, AXES, reduce=made, tier="direct")) for made in MADE for _ in range(2)]

    whole = asked(server.address)
    assert asked(server.address, sessions=False) == whole
    assert asked(cut_server.address) == whole
    assert asked(cut_server.address, sessions=False) == whole


@pytest.mark.parametrize("made", [*MADE, {"x": "max"}, "count_nonfinite"], ids=str)
def test_as_numpy_makes_them_of_the_grid(client: gridgrad.Client, made: Any) -> None:
    whole = client.gradient(F, AXES, tier="direct")
    found = client.gradient(F, AXES, reduce=made, tier="direct")
    kind = made if isinstance(made, str) else next(iter(made.values()))
    gone = tuple(axis for axis, dim in enumerate("xy") if isinstance(made, str) or dim in made)
    for grid, numbers in ((whole.value, found.value), *((whole.d[n], found.d[n]) for n in "xy")):
        rows = np.moveaxis(grid, gone, range(-len(gone), 0)).reshape(*found.shape, -1)
        if kind == "norm":
            expected = np.linalg.norm(rows, axis=-1)
        elif kind == "count_nonfinite":
            expected = np.zeros(found.shape)
        else:
            expected = getattr(np, kind)(rows, axis=-1)
        assert_allclose(numbers, expected, rtol=1e-13)


def test_the_result_has_the_dims_that_stay(client: gridgrad.Client, tmp_path: Path) -> None:
    found = client.gradient(F, AXES, reduce={"y": "argmax"}, units={"f": "J"})
    assert (found.dims, found.shape, found.value.dtype.name) == (("x",), (120,), "int64")
    assert_array_equal(found.inputs["y"], AXES["y"])
    assert "int64 on x=120, argmax over y" in repr(found)
    with pytest.raises(gridgrad.RequestError, match="a dim that was reduced"):
        found.on_grid("y")
    table = found.to_dict(flat=True)
    assert table.keys() == {"x", "f", "df_dx", "df_dy"}
    dataset = found.to_xarray()
    assert (set(dataset.coords), dataset.attrs["reduced"]) == ({"x"}, "argmax over y")
    assert "units" not in dataset["f"].attrs
    found.to_npz(tmp_path / "kept.npz")
    kept = gridgrad.Result.from_npz(tmp_path / "kept.npz")
    assert dict(kept.reduced) == {"y": "argmax"}
    assert bits(next(iter(client.stream([kept.request])))) == bits(found)
    weighed = client.gradient(F, AXES, reduce={"y": "sum"}, weights="trapezoid", order=0)
    weighed.to_npz(tmp_path / "kept.npz")
    kept = gridgrad.Result.from_npz(tmp_path / "kept.npz")
    assert (kept.weights, kept.inputs["weights"].shape) == ("weights", (260,))
    assert bits(next(iter(client.stream([kept.request])))) == bits(weighed)


def test_trapezoids_are_what_they_come_to_exactly(client: gridgrad.Client) -> None:
    found = client.gradient(
        "exp(-k*x)", {"x": [0.0, 1.0, 3.0, 3.5], "k": 0.7}, wrt="k", order=2, reduce="sum", weights="trapezoid"
    )
    got = [found.value, found.d["k"], found.d["k", "k"]]
    assert_allclose(got, [1.4195218876281842876, -1.2795964498227456325, 2.3867868821874829519], rtol=1e-15)


def test_a_norm_s_derivative_is_the_derivative_s_norm_here(client: gridgrad.Client) -> None:
    x = np.array([0.0, 0.5, 1.0, 1.5, 2.0])
    found = client.gradient("sin(k*x)", {"x": x, "k": 2.0}, wrt="k", reduce="norm")
    assert_allclose(found.value, 1.4586158172337570341, rtol=1e-15)
    assert_allclose(found.d["k"], np.linalg.norm(x * np.cos(2 * x)), rtol=1e-14)


def test_floods_are_reduced_grid_by_grid(client: gridgrad.Client) -> None:
    many = [{"x": AXES["x"][:20] + shift, "y": AXES["y"][:30]} for shift in range(300)]
    for inputs, found in zip(many, client.map(F, many, reduce="mean", weights="x*y", tier="direct"), strict=True):
        assert bits(found) == bits(client.gradient(F, inputs, reduce="mean", weights="x*y", tier="direct"))
        if inputs is many[5]:
            break


def test_large_grids_of_a_flood_are_reduced_too(cut_server: Running) -> None:
    with gridgrad.Client(cut_server.address) as client:
        alone = client.gradient(F, AXES, reduce="sum", tier="direct")
        for found in client.map(F, [AXES] * 3, reduce="sum", tier="direct"):
            assert bits(found) == bits(alone)


def test_registered_functions_and_components(client: gridgrad.Client) -> None:
    found = client.gradient(gridgrad.registered("gate"), {"x": np.arange(10000.0)}, reduce="sum")
    assert_allclose([found.value, found.d["x"]], [333283335000.0, 99990000.0], rtol=1e-14)
    pair = client.gradient("u = x*y; u, x", {"x": [1.0, 2.0], "y": [3.0, 4.0]}, reduce={"y": "max"}, wrt="y")
    assert_array_equal(pair.value, [[4, 8], [1, 2]])
    assert_array_equal(pair.d["y"], [[1, 2], [0, 0]])


async def test_in_an_event_loop(server: Running) -> None:
    async with gridgrad.aio.Client(server.address) as client:
        found, other = await asyncio.gather(
            client.gradient(F, AXES, reduce={"x": "sum"}), client.gradient(F, AXES, reduce={"y": "sum"})
        )
    assert_allclose(found.value.sum(), other.value.sum(), rtol=1e-12)


@pytest.mark.parametrize(
    ("made", "weights", "told"),
    [
        ({"z": "sum"}, None, "'z', which the grid has not"),
        ({"x": "sum"}, "y", "varies along 'y', a dim that stays"),
        ({"x": "sum"}, "log(", "weights: line 1, column 5"),
        ({"x": "sum"}, "q", "'q', which is no input"),
    ],
)
def test_bad_input_is_refused_by_name(client: gridgrad.Client, made: Any, weights: Any, told: str) -> None:
    with pytest.raises(gridgrad.RequestError, match=told):
        client.gradient(F, AXES, reduce=made, weights=weights)


def test_an_empty_dim(client: gridgrad.Client) -> None:
    inputs = {"x": [1.0, 2.0], "y": np.empty(0)}
    assert_array_equal(client.gradient("x*y", inputs, reduce={"y": "sum"}).value, [0, 0])
    assert_array_equal(client.gradient("x*y", inputs, reduce="mean").value, np.nan)
    with pytest.raises(gridgrad.RequestError, match="'argmin' along 'y', which is empty"):
        client.gradient("x*y", inputs, reduce={"y": "argmin"})


def test_a_worker_that_dies_amid_segments_loses_nothing(cut_server: Running) -> None:
    x = np.linspace(0, 1, 200_000)
    x[150_000] = 2 * HOLD
    found: list[gridgrad.Result] = []
    with gridgrad.Client(cut_server.address) as client, cut_server.control.held():
        gate = gridgrad.registered("gate")
        thread = threading.Thread(target=lambda: found.append(client.gradient(gate, {"x": x}, reduce="sum")))
        thread.start()
        cut_server.control.await_held()
        os.kill(next(iter(cut_server.control.held_workers())), signal.SIGKILL)
        cut_server.control.release()
        thread.join(60)
        assert found
        assert bits(client.gradient(gate, {"x": x}, reduce="sum")) == bits(found[0])
    assert_allclose(found[0].value, (x**2).sum(), rtol=1e-14)


def test_a_caller_who_gives_up_is_forgotten(cut_server: Running) -> None:
    x = np.full(200_000, 2 * HOLD)
    with gridgrad.Client(cut_server.address) as client, cut_server.control.held():
        with pytest.raises(gridgrad.DeadlineError):
            client.gradient(gridgrad.registered("gate"), {"x": x}, reduce="sum", timeout=0.5)
        eventually(lambda: client.server_status().load.entries == 0, "nothing left of it")


@pytest.mark.long
def test_sums_of_a_hundred_million_float32_are_within_the_bound(client: gridgrad.Client, server: Running) -> None:
    n = 10_000
    axis = np.linspace(0.5, 1.5, n).astype(np.float32)
    flags_allow = 1 << 28
    assert n * n < flags_allow
    found = client.gradient("x*y", {"x": axis, "y": axis}, order=0, reduce="sum", timeout=None)
    # Each product is rounded to float32 before it is summed
    exact = float(sum(np.sum((axis * each).astype(np.float64)) for each in axis))
    assert abs(float(found.value) - exact) <= 2.0**-24 * exact + 40 * 2.0**-53 * exact
    assert server.process.poll() is None
