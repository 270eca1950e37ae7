"""Tiles of any shapes computed by kernels, as the direct tier computes them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.cuda import cuda_engine as compiled
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile, subgrids
from tests.worker.engines.cuda.both_tiers import AXES, TEXT, WANTED, Both, request
from tests.worker.engines.cuda.emulated import needs_gcc
from tests.worker.engines.cuda.simulated import SCHEDULES

Array = NDArray[np.floating]
Dims = Mapping[str, tuple[int, ...]]


@needs_gcc
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_ragged_batch(cpu: CpuDevice, schedule: str) -> None:
    both = Both(cpu, TEXT, AXES, 2, WANTED, schedule=schedule)
    tiles = [request(n, m, seed) for seed, (n, m) in enumerate([(32, 32), (20, 44), (0, 3), (7, 3), (1, 1), (600, 2)])]
    both.compare(tiles, 1e-14)
    assert "levels_of_1" in both.source.names


@needs_gcc
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_company_and_tiles_change_nothing(cpu: CpuDevice, monkeypatch: pytest.MonkeyPatch, dtype: str) -> None:
    monkeypatch.setattr(compiled, "_CHUNK_NUMBERS", 5 * 3000)
    both = Both(cpu, TEXT, AXES, 2, WANTED, dtype, "1")
    whole = request(130, 150)
    tolerance = 1e-14 if dtype == "float64" else 1e-6
    (alone,) = both.compare([whole], tolerance)
    assert np.array_equal(both.compare([request(5, 6), whole, request(30, 20)], tolerance)[1], alone)
    parts = both.compare([Tile(whole.inputs, subgrid) for subgrid in subgrids(whole.subgrid, 1111)], tolerance)
    assert np.array_equal(np.concatenate(parts, axis=1), alone)


@needs_gcc
def test_dims_of_all_kinds(cpu: CpuDevice) -> None:
    """A field of two dims, an axis that nothing uses, points that share a dim, components, a plane that is constant."""
    inputs: Dims = {"t": (0,), "u": (1, 2), "v": (2, 1), "p": (2,), "q": (2,), "w": (3,), "a": ()}
    text = "t*u + exp(u*v) + p*q, u - v + sin(p)*a, 3"
    both = Both(cpu, text, inputs, 4, [(), (0,), (1,), (1, 2), (3,), (6,)])
    random = np.random.default_rng(0)
    shape = (3, 4, 5, 2)
    values = tuple(
        ArrayValues(random.uniform(0.1, 2, [shape[dim] for dim in dims]), dims, 4) for dims in inputs.values()
    )
    both.compare([Tile(values, Subgrid((0,) * 4, shape)), Tile(values, Subgrid((1, 0, 2, 0), (1, 4, 2, 2)))], 1e-14)
    assert [launch.name for launch in both.source.launches] == [f"levels_of_{n}" for n in (1, 2, 3)]


@needs_gcc
def test_no_dims_and_no_inputs(cpu: CpuDevice) -> None:
    nothing = Tile((), Subgrid((), ()))
    (got,) = Both(cpu, "2*pi, 3 > 2", {}, 0, [()]).compare([nothing], 1e-15)
    assert got.tolist() == [[2 * np.pi], [1.0]]
    point = Tile((ArrayValues(np.array(0.5), (), 0),), Subgrid((), ()))
    Both(cpu, "exp(a)", {"a": ()}, 0, [(), (0,)]).compare([point, point], 1e-15)


@needs_gcc
def test_want_of_memory_is_answered_by_less_at_a_time(cpu: CpuDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    both = Both(cpu, TEXT, AXES, 2, WANTED)
    make, tried = both.device.transfers._on_device, []

    def limited(size: int) -> torch.Tensor:
        tried.append(size)
        if size > 50_000:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return make(size)

    monkeypatch.setattr(both.device.transfers, "_on_device", limited)
    both.compare([request(20, 20), request(300, 200)], 1e-14)
    assert max(tried) > 50_000 >= tried[-1]
