"""Registered functions as programs of the language, where they are that and agree with torch."""

from __future__ import annotations

import logging

import torch

from gridgrad_worker.devices.device import Device
from gridgrad_worker.registered.partial_comparison import FindingError
from gridgrad_worker.registered.registration import FunctionProgram, Registration
from gridgrad_worker.tracing.graph import UntraceableError, graph_of
from gridgrad_worker.tracing.program import program_of
from gridgrad_worker.tracing.torch_agreement import agrees_in_float32, order_of_agreement

__all__ = ["traced"]

_log = logging.getLogger(__name__)


def traced(registered: Registration, device: Device) -> Registration:
    """A function with the program that it is, or with the reason why torch alone computes it.

    Args:
        registered: the function, checked if it is to be.
        device: where both ways are compared.
    """
    try:
        program = _program(registered, device)
    except UntraceableError as error:
        return _functional(registered, str(error))
    except FindingError as finding:
        return _functional(registered, f"the program that it was traced to differs: {finding.found}")
    return registered._replace(program=program)


def _program(registered: Registration, device: Device) -> FunctionProgram:
    names = [each.name for each in registered.inputs]
    graph = graph_of(registered)
    program = program_of(graph, names, registered.components if registered.tuple_valued else None)
    order = order_of_agreement(registered, program, device)
    in_float32 = not registered.why_no_float32 and _is_same_in_float32(registered, graph.code)
    in_float32 = in_float32 and agrees_in_float32(registered, program, device)
    return FunctionProgram(program.text, program.digest, order, in_float32)


def _is_same_in_float32(registered: Registration, code: str) -> bool:
    """Whether a function does the same with single precision: none of it in double precision."""
    try:
        return graph_of(registered, torch.float32).code == code
    except UntraceableError:
        return False


def _functional(registered: Registration, why: str) -> Registration:
    _log.info("the function %r is computed by torch: %s", registered.name, why)
    return registered._replace(why_functional=why)
