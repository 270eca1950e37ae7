"""What errors of their arguments, and rounding inside, make of solutions of equations, of sums and of integrals."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.loops.loop import program_of
from gridgrad_core.lang.loops.quantity import Quantities, Quantity
from gridgrad_core.lang.loops.residual import Residual, Rounding, sizes_of
from gridgrad_core.lang.program.canonical import collecting
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program
from gridgrad_core.lang.program.steps import finished
from gridgrad_worker.engines.compiled.verification.function_errors import Bounded
from gridgrad_worker.torch_ops.evaluate import torch_function
from gridgrad_worker.torch_ops.lookups import array_numbers
from gridgrad_worker.torch_ops.table import VALUES

__all__ = ["solution_with_error"]

Values = NDArray[np.float64]

_UNITS = 16.0
"""Of the residual's noise: both tiers round each of its operations, and stop within two of it."""

_NEARBY = 1024.0
"""Units by which a guess or a bound is moved, to see whether the search ends at the same root."""


@np.errstate(all="ignore")
def solution_with_error(operation: LocalOperation, arguments: Sequence[Bounded], unit: float) -> Bounded:
    """What an operation with a sub-program comes to, and the bound of its error; inf where that can't be told.

    Of a solution nothing is told where none is found, or another root nearly is.

    Args:
        operation: such as a `solve`.
        arguments: of it.
        unit: what rounding may make of 1.
    """
    given = [torch.from_numpy(np.ascontiguousarray(value, np.float64)) for value, _ in arguments]
    value = VALUES[operation](*given).numpy()
    solves = operation.kind == "solve"
    program = _of_solution(operation) if solves else _of_fold(operation)
    bounds = torch_function(program, operation.function.params, torch.float64)(*given)
    noise, *slopes = (np.broadcast_to(np.abs(each.numpy()), value.shape) for each in bounds)
    terms = len(array_numbers(operation.which)) if operation.arrays else operation.rounds
    error = (_UNITS if solves else _UNITS + terms) * noise + 4 * np.abs(value)
    for position, slope in zip(_read(operation), slopes, strict=True):
        own = arguments[position][1]
        error = error + np.where(own == 0, 0.0, 2 * slope * own)
    if solves:
        error = np.where(_is_sure(operation, given, value, error, unit), error, np.inf)
    else:
        for position in set(range(operation.leading)) - set(_read(operation)):
            error = np.where(arguments[position][1] == 0, error, np.inf)
    return value, np.where(np.isnan(error), np.inf, error)


def _is_sure(
    operation: LocalOperation, given: Sequence[torch.Tensor], value: Values, error: Values, unit: float
) -> NDArray[np.bool_]:
    """Where a search ends at the same root from beside its guess or bounds."""
    sure = np.ones(value.shape, bool)
    for factor in (1 - _NEARBY * unit, 1 + _NEARBY * unit):
        moved = [each * factor for each in given[: operation.leading]]
        other = VALUES[operation](*moved, *given[operation.leading :]).numpy()
        sure &= np.abs(other - value) <= 2 * unit * error
    return sure


def _read(operation: LocalOperation) -> list[int]:
    """The positions of the arguments that have a slope."""
    return [position for position, text in enumerate(operation.function.derivatives) if text != "0"]


def _slopes(operation: LocalOperation, terms: Quantities) -> list[Quantity]:
    """The derivatives of an operation by what it reads, its arguments being inputs."""
    params = operation.function.params
    builder = Builder()
    alone = builder.op(operation, *map(builder.input, params))
    program = Program(tuple(builder.nodes), (alone,), ("f",), False, params)
    derived = derive(program, [(params[position],) for position in _read(operation)]).program
    found = terms.splice(derived.nodes, {})
    return [found[output] for output in derived.outputs[1:]]


@functools.lru_cache(maxsize=64)
def _of_solution(operation: LocalOperation) -> Program:
    """How far noise moves a solution, in units, and its slopes by what the residual reads."""
    terms = Quantities()
    params = [terms.input(name) for name in operation.function.params]
    at = [_applied(operation.sibling(which), params) for which in range(len(operation.names))]
    reach = Residual(terms, operation, at, Rounding(1.0, 0.0)).reach[operation.which]
    return program_of(terms, [reach, *_slopes(operation, terms)])


@functools.lru_cache(maxsize=64)
def _of_fold(operation: LocalOperation) -> Program:
    """The sum of the sizes of terms, of a product relative to each; and the slopes by what the terms read."""
    inner = Builder()
    for node in operation.body.nodes:
        inner.take(node)
    output = operation.body.outputs[0]
    size = sizes_of(inner, operation.body.nodes)[output]
    if operation.kind == "prod":
        size = inner.op("div", size, inner.op("abs", output))
    nodes, places = finished(collecting(inner.nodes, [size]))
    body = Program(tuple(nodes), (places[size],), ("f0",), True, operation.body.inputs)
    kind = "integrate" if operation.kind == "integrate" else "sum"
    sizes = LocalOperation(kind, body, operation.names, operation.leading, operation.which, operation.rounds)
    terms = Quantities()
    params = [terms.input(name) for name in operation.function.params]
    noise = _applied(sizes, params)
    if operation.kind == "prod":
        noise = noise * _applied(operation, params)
    return program_of(terms, [noise, *_slopes(operation, terms)])


def _applied(operation: LocalOperation, params: Sequence[Quantity]) -> Quantity:
    builder = params[0].builder
    return Quantity(builder, builder.op(operation, *(each.node for each in params)))
