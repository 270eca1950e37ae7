"""How far the roundings of a program's operations can move its values and derivatives, to first order.

Each operation may be off by a share of its value; what that makes of a result is the slope of the result by that
value (the running error analysis of Higham, Accuracy and Stability of Numerical Algorithms, 3.3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gridgrad_core.lang.derive.derive import derive
from gridgrad_core.lang.program.program import Program
from gridgrad_worker.torch_ops.table import VALUES

__all__ = ["rounding_bounds"]

_UNITS = {"exp": 1.0, "log": 1.0, "erfc": 3.0}
"""How many units in the last place functions may be off: the larger of what glibc states and Sleef, which torch has."""
_ROUNDED = 0.5  # arithmetic and roots, as IEEE has it, and constants


def rounding_bounds(
    program: Program, inputs: Mapping[str, NDArray[np.floating]], orders: Sequence[tuple[str, ...]], dtype: str
) -> dict[tuple[str, ...], NDArray[np.floating]]:
    """The largest errors of a program of one component, computed in a dtype with exact inputs.

    Args:
        program: of add, sub, mul, div, neg, sqrt, whole powers, exp, log and erfc, and conditions.
        inputs: float64, axes and parameters.
        orders: the derivatives.
        dtype: computed in, "float32" or "float64".

    Returns:
        For the value () and each derivative, an array of the grid's shape.
    """
    derived = derive(program, orders)
    grid = np.meshgrid(*inputs.values(), indexing="ij")
    shape = [np.size(value) for value in inputs.values() if np.ndim(value)]
    points = {name: torch.tensor(each.ravel()) for name, each in zip(inputs, grid, strict=True)}
    values = _values(derived.program, points)
    rounded = [  # conditions are not
        (value, _error(node.op, value.detach().abs(), dtype))
        for node, value in zip(derived.program.nodes, values, strict=True)
        if value.is_floating_point()
    ]
    return {
        order: _moved(values[output], rounded).reshape(shape)
        for order in derived.derivatives
        for output in derived.outputs_of(order)
    }


def _values(program: Program, points: Mapping[str, Tensor]) -> list[Tensor]:
    """Of each node, ready to be differentiated by."""
    values: list[Tensor] = []
    for node in program.nodes:
        if node.op == "input":
            value = points[str(node.value)]
        elif node.op == "const":
            value = torch.full_like(next(iter(points.values())), node.number)
        else:
            value = VALUES[node.op](*[values[i] for i in node.args])
        values.append(value.requires_grad_() if value.is_floating_point() else value)
    return values


def _error(op: str, size: Tensor, dtype: str) -> Tensor:
    """How far an operation can be off: a share of its value, or all of it where that is too small for the dtype."""
    if op == "input":
        return torch.zeros_like(size)
    numbers = np.finfo(dtype)
    return size * float(numbers.eps) * _UNITS.get(op, _ROUNDED) + float(numbers.tiny)


def _moved(result: Tensor, rounded: Sequence[tuple[Tensor, Tensor]]) -> NDArray[np.floating]:
    slopes = torch.autograd.grad(result.sum(), [value for value, _ in rounded], allow_unused=True, retain_graph=True)
    parts = [slope.abs() * error for slope, (_, error) in zip(slopes, rounded, strict=True) if slope is not None]
    moved: NDArray[np.floating] = torch.stack(parts).sum(0).numpy()
    return moved
