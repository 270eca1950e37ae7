"""Warms a worker up, so that the first request does not pay for what torch does once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.tiles import ArrayValues, Box, Piece
from gridgrad_worker.registered.registry import Registered
from gridgrad_worker.worker_program import EngineName, make_plan

__all__ = ["warm_up"]

_EXPRESSION = "t*k + 2*t*k**2"
_SIDE = 8


def warm_up(device: Device, registered: Mapping[str, Registered], engine: EngineName) -> None:
    """Computes a small grid with value and partials to order 2 in both dtypes."""
    axis = np.linspace(0.5, 2, _SIDE)
    inputs = tuple(ArrayValues(axis, [position], 2) for position in range(2))
    piece = Piece(inputs, Box((0, 0), (_SIDE, _SIDE)))
    for dtype in ("float32", "float64"):
        plan = make_plan(_plan(dtype), device, registered, engine)
        plan.engine.compute([piece], [np.empty((plan.planes, piece.box.points), dtype)])


def _plan(dtype: str) -> pb.Plan:
    orders: list[tuple[int, ...]] = [(), (0,), (1,), (0, 0), (0, 1), (1, 1)]
    return pb.Plan(
        expression=_EXPRESSION,
        dtype=dtype,
        inputs=[pb.PlanInput(name=name, dims=[name]) for name in ("t", "k")],
        derivatives=[pb.PlanDerivative(wrt=order) for order in orders],
    )
