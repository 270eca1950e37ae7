"""What errors of its arguments, and rounding in the residual, make of the solution of an equation."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import torch

from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.local.local_operation import LocalOperation
from gridgrad_core.lang.loops.loop import program_of
from gridgrad_core.lang.loops.quantity import Quantities
from gridgrad_core.lang.loops.residual import Residual, Rounding
from gridgrad_core.lang.program.nodes import Builder
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.engines.compiled.verification.function_errors import Bounded
from gridgrad_worker.torch_ops.evaluate import torch_function
from gridgrad_worker.torch_ops.table import VALUES

__all__ = ["solution_with_error"]

_UNITS = 16.0
"""Of the residual's noise: both tiers round each of its operations, and stop within two of it."""

_NEARBY = 1024.0
"""Units by which a guess or a bound is moved, to see whether the search ends at the same root."""


@np.errstate(all="ignore")
def solution_with_error(operation: LocalOperation, arguments: Sequence[Bounded], unit: float) -> Bounded:
    """A solution and the bound of its error; inf where it is not found, or another root nearly is.

    Args:
        operation: the `solve`.
        arguments: of it.
        unit: what rounding may make of 1.
    """
    given = [torch.from_numpy(np.ascontiguousarray(value, np.float64)) for value, _ in arguments]
    value = VALUES[operation](*given).numpy()
    bounds = torch_function(_bounds(operation), operation.function.params, torch.float64)(*given)
    reach, *slopes = (np.broadcast_to(np.abs(each.numpy()), value.shape) for each in bounds)
    error = _UNITS * reach + 4 * np.abs(value)
    for slope, (_, own) in zip(slopes, arguments[operation.leading :], strict=True):
        error = error + np.where(own == 0, 0.0, 2 * slope * own)
    for factor in (1 - _NEARBY * unit, 1 + _NEARBY * unit):
        moved = [each * factor for each in given[: operation.leading]]
        other = VALUES[operation](*moved, *given[operation.leading :]).numpy()
        error = np.where(np.abs(other - value) <= 2 * unit * error, error, np.inf)
    return value, np.where(np.isnan(error), np.inf, error)


@functools.lru_cache(maxsize=64)
def _bounds(operation: LocalOperation) -> Program:
    """Of the arguments: how far noise moves a solution, in units, and its slopes by what the residual reads."""
    params = operation.function.params
    builder = Builder()
    solved = builder.op(operation, *map(builder.input, params))
    alone = Program(tuple(builder.nodes), (solved,), ("f",), False, params)
    wanted = params[operation.leading :]
    derived = derive(alone, [(name,) for name in wanted]).program
    terms = Quantities()
    found = [terms.splice(derived.nodes, {})[output] for output in derived.outputs]
    at = [
        terms.splice([*builder.nodes[:-1], builder.nodes[-1]._replace(op=operation.sibling(which))], {})[-1]
        for which in range(len(operation.names))
    ]
    reach = Residual(terms, operation, at, Rounding(1.0, 0.0)).reach[operation.which]
    return program_of(terms, [reach, *found[1:]])
