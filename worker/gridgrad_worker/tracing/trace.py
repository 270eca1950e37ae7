"""Registered functions as programs of the language, or layer by layer, where they are that and agree with torch."""

from __future__ import annotations

import logging

import torch

from gridgrad_worker.devices.device import Device
from gridgrad_worker.registered.partial_comparison import FindingError
from gridgrad_worker.registered.registration import FunctionProgram, Registration
from gridgrad_worker.tracing.graph import UntraceableError, graph_of
from gridgrad_worker.tracing.layers import NoLayersError, layered
from gridgrad_worker.tracing.program import program_of
from gridgrad_worker.tracing.torch_agreement import agrees_in_float32, by_program, order_of_agreement

__all__ = ["traced"]

_log = logging.getLogger(__name__)


def traced(registered: Registration, device: Device) -> Registration:
    """A function with the program that it is, or its layers, or with the reason why torch alone computes it.

    Args:
        registered: the function, checked if it is to be.
        device: where the ways are compared.
    """
    try:
        return registered._replace(program=_program(registered, device))
    except UntraceableError as error:
        why = str(error)
    except FindingError as finding:
        why = f"the program that it was traced to differs: {finding.found}"
    return _layered(registered, device, why)


def _layered(registered: Registration, device: Device, why: str) -> Registration:
    """A function with its layers, where it has some and is no program."""
    try:
        found = layered(registered, device)
    except NoLayersError as error:
        said = f"{why}; {error}" if str(error) else why
        _log.info("the function %r is computed by torch: %s", registered.name, said)
        return registered._replace(why_functional=said)
    way = f"layer by layer, as matrix products over all points, to order {found.order}"
    return registered._replace(layers=found, why_functional=f"{why}; it goes {way}")


def _program(registered: Registration, device: Device) -> FunctionProgram:
    names = [each.name for each in registered.inputs]
    graph = graph_of(registered)
    program = program_of(graph, names, registered.components if registered.tuple_valued else None)
    values = by_program(registered, program, device)
    order = order_of_agreement(registered, values, device, program=program)
    in_float32 = not registered.why_no_float32 and _is_same_in_float32(registered, graph.code)
    in_float32 = in_float32 and agrees_in_float32(registered, values, device)
    return FunctionProgram(program.text, program.digest, order, in_float32)


def _is_same_in_float32(registered: Registration, code: str) -> bool:
    """Whether a function does the same with single precision: none of it in double precision."""
    try:
        return graph_of(registered, torch.float32).code == code
    except UntraceableError:
        return False
