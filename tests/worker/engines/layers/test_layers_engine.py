"""The engine of layers on tiles: beside the functional engine, whose graphs they are."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.functional.functional_engine import FunctionalEngine
from gridgrad_worker.engines.layers import layers_engine
from gridgrad_worker.engines.layers.layers_engine import LayersEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.native.errors import NothingToCompileWithError

from .networks import partials, traced


def function() -> Callable[..., tuple[Tensor, Tensor]]:
    torch.manual_seed(3)
    layers = nn.Sequential(nn.Linear(3, 24), nn.Tanh(), nn.Linear(24, 24), nn.GELU(), nn.Linear(24, 2)).double()

    def network(x: Tensor, y: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
        first, second = layers(torch.stack([x, y, scale]))
        return first, second

    return network


def tiles() -> list[Tile]:
    x, y = np.linspace(-1, 2, 31), np.linspace(-2, 1, 17)
    grid = Tile((ArrayValues(x, [0], 2), ArrayValues(y, [1], 2)), Subgrid((0, 0), (31, 17)))
    part = Tile((ArrayValues(x, [0], 2), ArrayValues(np.array(0.5), [], 2)), Subgrid((3, 0), (20, 1)))
    return [grid, part]


@pytest.mark.parametrize("by", ["tape", "torch"])
@pytest.mark.parametrize("threads", [1, 2])
def test_it_computes_what_the_functional_engine_does(by: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if by == "torch":

        def nothing(*_: object) -> None:
            raise NothingToCompileWithError("there is no C++ compiler; install g++, or set CXX")

        monkeypatch.setattr(layers_engine, "tape_runner", nothing)
        monkeypatch.setattr(layers_engine, "_TILE_NUMBERS", 1 << 10)
    device, wanted = CpuDevice(threads), partials(2, 1)
    network = function()
    mine = LayersEngine(traced(network, 3), [0, 1, 0.7], wanted, 2, torch.float64, device)
    scale = torch.tensor(0.7, dtype=torch.float64)
    other = FunctionalEngine(lambda x, y: network(x, y, scale), wanted, 2, torch.float64, device)
    got, expected = ([np.full((6, each.subgrid.points), np.nan) for each in tiles()] for _ in range(2))
    mine.compute(tiles(), got)
    other.compute(tiles(), expected)
    for one, right in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, right, rtol=1e-12, atol=1e-14)


def test_what_the_function_has_not_has_no_slope() -> None:
    wanted = [(), (0,), (1,), (0, 1)]
    engine = LayersEngine(traced(torch.tanh, 1), [1], wanted, 1, torch.float64, CpuDevice(1))
    (tile, _) = tiles()
    out = np.full((4, tile.subgrid.points), np.nan)
    engine.compute([tile], [out])
    y = np.broadcast_to(np.linspace(-2, 1, 17), (31, 17)).ravel()
    np.testing.assert_allclose(out[0], np.tanh(y), rtol=1e-15)
    assert not out[1].any()
    np.testing.assert_allclose(out[2], 1 - np.tanh(y) ** 2, rtol=1e-14)
    assert not out[3].any()
