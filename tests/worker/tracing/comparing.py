"""Compares what functions were traced to with torch, many functions at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_core.lang.program.program import Program
from gridgrad_worker.devices.device import Device
from gridgrad_worker.registered.derivative_check import partials_of
from gridgrad_worker.registered.registration import Registration, describe
from gridgrad_worker.tracing.graph import graph_of
from gridgrad_worker.tracing.program import program_of
from gridgrad_worker.tracing.torch_agreement import Difference, by_program, differences

__all__ = ["differing", "together", "traced"]

Array = NDArray[np.float64]


def together(functions: Mapping[str, Callable[..., Tensor]], inputs: str) -> Registration:
    """Functions of the same inputs as one, with a component for each."""
    parts = list(functions.values())

    def of_one(x: Tensor) -> tuple[Tensor, ...]:
        return tuple(part(x) for part in parts)

    def of_two(x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        return tuple(part(x, y) for part in parts)

    function: Any = of_one if inputs == "x" else of_two
    outputs = [f"f_{name}" for name in functions]
    return describe(function, "together", {}, None, outputs, "forward", {}, check=False, order=4)


def traced(registered: Registration) -> Program:
    """The program of a function."""
    return program_of(graph_of(registered), [each.name for each in registered.inputs], registered.components)


def differing(registered: Registration, device: Device, points: Array, order: int) -> dict[str, Difference]:
    """The components whose derivatives up to an order are not torch's at some points, with the first of each."""
    program, found = traced(registered), dict[str, Difference]()
    for degree in range(order + 1):
        wanted = partials_of(len(registered.inputs), degree) if degree else [()]
        for difference in differences(registered, by_program(registered, program, device), device, points, wanted):
            found.setdefault(registered.components[difference.component], difference)
    return found
