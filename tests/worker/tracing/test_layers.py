"""Registered functions whose partials go through their layers, and those that are refused that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.functional.functional_engine import FunctionalEngine
from gridgrad_worker.engines.layers.layers_engine import LayersEngine
from gridgrad_worker.engines.layers.rules import RULES
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.registered.registration import Registration, describe
from gridgrad_worker.tracing.layers import layers_engine
from gridgrad_worker.tracing.trace import traced


def network(width: int = 48, activation: nn.Module | None = None) -> Callable[[Tensor, Tensor], Tensor]:
    torch.manual_seed(5)
    layers = nn.Sequential(nn.Linear(2, width), activation or nn.Tanh(), nn.Linear(width, width), nn.Tanh())
    model = nn.Sequential(layers, nn.Linear(width, 1)).double().eval()

    def net(x: Tensor, y: Tensor) -> Tensor:
        found: Tensor = model(torch.stack([x, y]).double())[0].to(x.dtype)
        return found

    return net


def trace(cpu: CpuDevice, function: Callable[..., Any], order: int = 1) -> Registration:
    samples = {"x": [0.5, -1.2, 0.0], "y": [-0.25, 0.7, 0.0]}
    return traced(describe(function, "subject", {}, None, None, "forward", samples, check=False, order=order), cpu)


def test_a_network_goes_layer_by_layer(cpu: CpuDevice) -> None:
    net = network()
    found = trace(cpu, net)
    assert found.program is None
    assert found.layers is not None, found.why_functional
    assert found.layers.order == 1
    assert "layer by layer, as matrix products over all points, to order 1" in found.why_functional
    wanted = [(), (0,), (1,)]
    engine = layers_engine(found, found.layers, ["x", "y"], wanted, torch.float64, cpu)
    assert isinstance(engine, LayersEngine)
    tile = Tile((ArrayValues(np.linspace(-1, 1, 9), [0], 1),) * 2, Subgrid((0,), (9,)))
    got, expected = np.empty((3, 9)), np.empty((3, 9))
    engine.compute([tile], [got])
    FunctionalEngine(lambda x, y: (net(x, y),), wanted, 1, torch.float64, cpu).compute([tile], [expected])
    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-14)


def test_torch_computes_what_layers_do_not(cpu: CpuDevice) -> None:
    found = trace(cpu, network())
    assert found.layers is not None
    assert layers_engine(found, found.layers, ["x", "y"], [(), (0, 0)], torch.float64, cpu) is None  # of a higher order
    assert found.layers.float32 is None  # it computes in double precision
    assert layers_engine(found, found.layers, ["x", "y"], [()], torch.float32, cpu) is None


def test_a_rule_that_is_wrong_is_refused_by_name(cpu: CpuDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    sigmoid = torch.ops.aten.sigmoid.default
    monkeypatch.setitem(RULES, torch.ops.aten.silu.default, RULES[sigmoid])
    found = trace(cpu, network(activation=nn.SiLU()))
    assert found.layers is None
    assert "by its layers but" in found.why_functional


def test_an_operation_without_a_rule_is_named(cpu: CpuDevice) -> None:
    net = network()

    def sorted_(x: Tensor, y: Tensor) -> Tensor:
        return net(x, y) * torch.sort(torch.stack([x, y])).values[0]

    found = trace(cpu, sorted_)
    assert found.layers is None
    assert "aten.sort" in found.why_functional
