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

__all__ = ["MOST_OF_NETWORK", "traced"]

MOST_OF_NETWORK = 500
"""Operations up to which a network is computed as an expression, and not layer by layer."""

_aten = torch.ops.aten
_PRODUCTS = {_aten.mm, _aten.addmm, _aten.mv, _aten.addmv, _aten.bmm, _aten.baddbmm, _aten.dot}

_log = logging.getLogger(__name__)


def traced(registered: Registration, device: Device) -> Registration:
    """A function with the program that it is, or its layers, or with the reason why torch alone computes it.

    Args:
        registered: the function, checked if it is to be.
        device: where the ways are compared.
    """
    try:
        return _traced(registered, device)
    except Exception as error:  # noqa: BLE001 - functions do what nobody foresaw, and torch computes them all the same
        _log.exception("the function %r is computed by torch", registered.name)
        return registered._replace(why_functional=f"tracing it raised {type(error).__name__}; please report it")


def _traced(registered: Registration, device: Device) -> Registration:
    program = None
    try:
        program, operations = _program(registered, device)
        if operations <= MOST_OF_NETWORK or not _has_products(registered):
            return registered._replace(program=program)
        why = f"it is a network of {operations} operations, which its layers compute in less time than an expression"
    except UntraceableError as error:
        why = str(error)
    except FindingError as finding:
        why = f"the program that it was traced to differs: {finding.found}"
    return _layered(registered, device, why, program)


def _layered(registered: Registration, device: Device, why: str, program: FunctionProgram | None) -> Registration:
    """A function with its layers, where it has some that go as far as its program, if it is one."""
    try:
        found = layered(registered, device)
        if program and found.order < program.order:
            return registered._replace(program=program)
    except NoLayersError as error:
        if program:
            return registered._replace(program=program)
        said = f"{why}; {error}" if str(error) else why
        _log.info("the function %r is computed by torch: %s", registered.name, said)
        return registered._replace(why_functional=said)
    way = f"layer by layer, as matrix products over all points, to order {found.order}"
    return registered._replace(layers=found, why_functional=f"{why}; it goes {way}")


def _has_products(registered: Registration) -> bool:
    """Whether a function multiplies matrices."""
    called = {getattr(node.target, "overloadpacket", None) for node in graph_of(registered).graph.nodes}
    return not called.isdisjoint(_PRODUCTS)


def _program(registered: Registration, device: Device) -> tuple[FunctionProgram, int]:
    """The program, and how many operations it has."""
    names = [each.name for each in registered.inputs]
    graph = graph_of(registered)
    program = program_of(graph, names, registered.components if registered.tuple_valued else None)
    values = by_program(registered, program, device)
    order = order_of_agreement(registered, values, device, program=program)
    in_float32 = not registered.why_no_float32 and _is_same_in_float32(registered, graph.code)
    in_float32 = in_float32 and agrees_in_float32(registered, values, device)
    return FunctionProgram(program.text, program.digest, order, in_float32), program.operations


def _is_same_in_float32(registered: Registration, code: str) -> bool:
    """Whether a function does the same with single precision: none of it in double precision."""
    try:
        return graph_of(registered, torch.float32).code == code
    except UntraceableError:
        return False
