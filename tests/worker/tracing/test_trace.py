"""Registered functions that become programs, and those that torch computes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.registered.registration import FunctionProgram, Registration, describe
from gridgrad_worker.tracing.trace import MOST_OF_NETWORK, traced

X, Y = np.array([0.5]), np.array([-0.25])


def trace(cpu: CpuDevice, function: Callable[..., Any], **options: Any) -> Registration:
    samples = options.get("samples", {})
    return traced(describe(function, "subject", {}, None, None, "forward", samples, check=False, order=4), cpu)


def known(registered: Registration) -> FunctionProgram:
    assert registered.program is not None, registered.why_functional
    assert registered.why_functional == ""
    return registered.program


def at_point(cpu: CpuDevice, text: str, wanted: list[tuple[int, ...]]) -> list[float]:
    engine = StructuredEngine(parse(text), {"x": (0,), "y": (0,)}, 1, [(), *wanted], torch.float64, cpu)
    out = np.empty((1 + len(wanted), 1))
    engine.compute([Tile((ArrayValues(X, [0], 1), ArrayValues(Y, [0], 1)), Subgrid((0,), (1,)))], [out])
    return [float(each) for each in out[:, 0]]


def network(activation: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    def net(x: Tensor, y: Tensor) -> Tensor:
        weights = torch.tensor([[0.7, -0.4], [0.2, 0.9]], dtype=torch.float64).to(x.dtype)
        shift = torch.tensor([0.1, -0.3], dtype=torch.float64).to(x.dtype)
        hidden = activation(weights @ torch.stack([x, y]) + shift)
        return 1.5 * hidden[0] - 0.8 * hidden[1] + 0.25

    return net


ORDERS = [(0,), (1,), (0, 0), (0, 1), (1, 1), (0, 0, 0), (0, 0, 1, 1), (1, 1, 1, 1)]
MPMATH = {
    torch.tanh: (
        *(1.32168774474371, 0.6526988884292984, -1.053833436430346, -0.5729822307876737, 0.2181714778071599),
        *(-0.6162806449258901, -0.1860436850080638, 0.5464994435052467, 2.288305302553192),
    ),
    torch.nn.functional.softplus: (
        *(1.355792802056766, 0.6025910241155822, -0.6651124136123937, 0.1628762645146247, -0.1318652998023319),
        *(None, None, -0.008005992195993875, None),
    ),
    torch.nn.functional.gelu: (
        *(0.9488354931054719, 0.9134509183045018, -0.6684423508698179, 0.4066574708607305),
        *(None, None, None, None, 0.5036106435183085),
    ),
}
"""Of 1.5·s(0.7x - 0.4y + 0.1) - 0.8·s(0.2x + 0.9y - 0.3) + 0.25 at (0.5, -0.25), to 40 digits."""


@pytest.mark.parametrize("activation", MPMATH)
def test_networks_have_the_derivatives_of_their_formula(cpu: CpuDevice, activation: Callable[[Tensor], Tensor]) -> None:
    program = known(trace(cpu, network(activation), samples={"x": 0.5, "y": -0.25}))
    assert program.order == 4
    for got, expected in zip(at_point(cpu, program.text, ORDERS), MPMATH[activation], strict=True):
        assert expected is None or got == pytest.approx(expected, rel=2e-14)


def test_why_torch_computes_a_function_is_said(cpu: CpuDevice) -> None:
    assert "special_bessel_j0" in trace(cpu, lambda x: torch.special.bessel_j0(x)).why_functional
    refused = trace(cpu, lambda x: torch.sinc(x))  # torch's second slope at 0 is 0
    assert "the program that it was traced to differs: ∂²f/∂x² at x=0 is -3.28987" in refused.why_functional
    assert refused.program is None


def test_what_nobody_foresaw_torch_computes_too(cpu: CpuDevice) -> None:
    def elsewhere(x: Tensor) -> Tensor:
        with ThreadPoolExecutor(1) as pool:  # what a thread of its own does is recorded nowhere
            return x * pool.submit(torch.sin, x).result()

    assert "tracing it raised RuntimeError; please report it" in trace(cpu, elsewhere).why_functional


def test_single_precision_is_left_to_torch_where_a_function_computes_in_double(cpu: CpuDevice) -> None:
    assert known(trace(cpu, lambda x: torch.sin(x) * x)).in_float32
    assert not known(trace(cpu, lambda x: torch.sin(x.double()).to(x.dtype))).in_float32


@pytest.mark.parametrize(("units", "goes_by_layers"), [(4, False), (18, True)])
def test_a_larger_network_goes_by_its_layers(units: int, goes_by_layers: bool, cpu: CpuDevice) -> None:
    """It is an expression too, which would take twice the time."""
    torch.manual_seed(1)
    first, second = (torch.randn(units, n, dtype=torch.float64) for n in (2, units))
    layered = trace(cpu, lambda x, y: torch.tanh(second @ torch.tanh(first @ torch.stack([x, y]))).sum())
    assert (layered.layers is not None, layered.program is None) == (goes_by_layers, goes_by_layers)
    assert goes_by_layers == ("a network of" in layered.why_functional)


def test_a_long_function_without_layers_is_an_expression(cpu: CpuDevice) -> None:
    def series(x: Tensor) -> Tensor:
        return sum((x**n / (n + 1.0) for n in range(1, 150)), torch.zeros_like(x))

    assert parse(known(trace(cpu, series)).text).operations > MOST_OF_NETWORK
