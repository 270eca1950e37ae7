"""Registered functions whose partials go through their layers as matrix products, where that agrees with torch."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import torch
from torch.fx import GraphModule

from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.functional.partials import Derivative
from gridgrad_worker.engines.layers.layers_engine import LayersEngine
from gridgrad_worker.engines.layers.network import NotLayersError
from gridgrad_worker.registered.partial_comparison import FindingError
from gridgrad_worker.registered.point_values import PointValues
from gridgrad_worker.registered.registration import FunctionLayers, Registration
from gridgrad_worker.tracing.graph import UntraceableError, graph_of
from gridgrad_worker.tracing.torch_agreement import agrees_in_float32, order_of_agreement

__all__ = ["NoLayersError", "layered", "layers_engine"]


class NoLayersError(Exception):
    """Partials can't go through a function's layers; the message says why, where it is not that it can't be traced."""


def layered(registered: Registration, device: Device) -> FunctionLayers:
    """The layers of a function.

    Args:
        registered: the function, checked if it is to be.
        device: where both ways are compared.

    Raises:
        NoLayersError: an operation has no rule, or torch computes something else.
    """
    if device.torch_device.type != "cpu":
        raise NoLayersError("layers are for processors")
    try:
        double = graph_of(registered)
    except UntraceableError:
        raise NoLayersError from None
    alone = FunctionLayers(double, None, 0)
    try:
        order = order_of_agreement(registered, _by_layers(registered, alone, device), device, "its layers")
    except FindingError as finding:
        cause = finding.__cause__
        raise NoLayersError(str(cause) if isinstance(cause, NotLayersError) else finding.found) from None
    return alone._replace(order=order, float32=_in_float32(registered, double, device))


def _in_float32(registered: Registration, double: GraphModule, device: Device) -> GraphModule | None:
    """The graph of single precision, where nothing in it is computed in double."""
    try:
        single = graph_of(registered, torch.float32)
    except UntraceableError:
        return None
    if registered.why_no_float32:
        return None
    values = _by_layers(registered, FunctionLayers(double, single, 0), device)
    return single if agrees_in_float32(registered, values, device) else None


def layers_engine(
    registered: Registration,
    layers: FunctionLayers,
    names: Sequence[str],
    wanted: Sequence[Derivative],
    dtype: torch.dtype,
    device: Device,
) -> LayersEngine | None:
    """What computes a function by its layers; None where torch does.

    Args:
        registered: the function.
        layers: its own.
        names: the inputs given, in order; others have their defaults.
        wanted: the derivatives, by positions of these.
        dtype: computed in.
        device: computed on.
    """
    graph = layers.float64 if dtype == torch.float64 else layers.float32
    if graph is None or max(map(len, wanted), default=0) > layers.order:
        return None
    sources = [names.index(each.name) if each.name in names else float(each.default or 0) for each in registered.inputs]
    return LayersEngine(graph, sources, wanted, len(registered.components), dtype, device)


def _by_layers(registered: Registration, layers: FunctionLayers, device: Device) -> PointValues:
    sources = range(len(registered.inputs))

    @functools.cache
    def made(wanted: tuple[Derivative, ...], dtype: torch.dtype) -> LayersEngine:
        graph = layers.float32 if dtype == torch.float32 and layers.float32 else layers.float64
        return LayersEngine(graph, sources, wanted, len(registered.components), dtype, device)

    def engine(wanted: Sequence[Derivative], dtype: str) -> LayersEngine:
        return made(tuple(wanted), torch.float32 if dtype == "float32" else torch.float64)

    return PointValues(registered, engine)
