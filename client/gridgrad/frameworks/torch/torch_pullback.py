"""Pull-backs as operations of torch: what one of them moves by is a pull-back of the function's tangent.

With F1(x, ẋ) = Σ ∂f/∂x·ẋ, and a pull-back by x of a cotangent c that is weighed with some ẋ: its derivative by c is
F1(x, ẋ), and that by x the pull-back of F1 by x of the same c, which can be derived again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gridgrad.arguments.inputs import FloatArray
from gridgrad.frameworks.operation import Operation
from gridgrad_core.extras import optional

if TYPE_CHECKING:
    import torch
else:
    torch = optional("torch", "torch")

__all__ = ["on_host", "pull_back"]

LEAD = 2
"""Arguments of the operations before tensors: the operation and names."""


def pull_back(
    operation: Operation, by: Sequence[str], cotangent: torch.Tensor, variables: Sequence[torch.Tensor]
) -> list[torch.Tensor]:
    """The gradients of Σ cotangent·value, which torch can derive where gradients are enabled.

    Args:
        operation: what is evaluated; where they are, one with a tangent.
        by: the names of the variables that the gradients are by.
        cotangent: (components, *grid).
        variables: all, in order.

    Returns:
        Each with the dims of its variable, in the type computed in, on the device of the cotangent.
    """
    found = _PullBack.apply(operation, tuple(by), cotangent, *variables)  # type: ignore[no-untyped-call] # torch's own
    return [*found]


class _PullBack(torch.autograd.Function):
    """The operation as torch wants it: operation, names, cotangent, *variables."""

    @staticmethod
    def forward(
        operation: Operation, by: tuple[str, ...], cotangent: torch.Tensor, *variables: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """Asks the server."""
        found = operation.pull_back([*map(on_host, variables)], on_host(cotangent), by)
        return tuple([torch.tensor(each, device=cotangent.device) for each in found])

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:  # noqa: ARG004 - torch's own
        """Keeps what the derivatives need."""
        ctx.operation, ctx.by, *tensors = inputs
        ctx.kinds = [(tensor.device, tensor.dtype) for tensor in tensors]
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(ctx: Any, *moves: torch.Tensor | None) -> Any:
        """By the cotangent what the value moves by, by variables the pull-back of that."""
        cotangent, *variables = ctx.saved_tensors
        gradients: list[torch.Tensor | None] = [None] * (LEAD + 1 + len(variables))
        given = {name: move for name, move in zip(ctx.by, moves, strict=True) if move is not None}
        tangent = ctx.operation.tangent([each for each in ctx.operation.variables if each.name in given])
        if tangent is None:
            return tuple(gradients)
        at = [*variables, *(given[each.name] for each in ctx.operation.variables if each.name in given)]
        needed = dict(zip(ctx.operation.variables, ctx.needs_input_grad[LEAD + 1 :], strict=True))
        by = [each.name for each, is_needed in needed.items() if is_needed]
        if ctx.needs_input_grad[LEAD]:
            gradients[LEAD] = _value(tangent, at).to(*ctx.kinds[0])
        for name, found in zip(by, pull_back(tangent, by, cotangent, at) if by else (), strict=True):
            place = [each.name for each in needed].index(name)
            gradients[LEAD + 1 + place] = found.to(*ctx.kinds[1 + place])
        return tuple(gradients)

    @staticmethod
    def jvp(ctx: Any, *moves: Any) -> tuple[torch.Tensor, ...]:
        """What the gradients move by: the pull-back of what the cotangent does, and that of the tangent."""
        _, _, moved_cotangent, *moved = moves
        cotangent, *variables = ctx.saved_tensors
        terms = []
        if moved_cotangent is not None:
            terms.append(pull_back(ctx.operation, ctx.by, moved_cotangent, variables))
        moving = [each for each, move in zip(ctx.operation.variables, moved, strict=True) if move is not None]
        tangent = ctx.operation.tangent(moving) if moving else None
        if tangent is not None:
            at = [*variables, *(move for move in moved if move is not None)]
            terms.append(pull_back(tangent, ctx.by, cotangent, at))
        shapes = {each.name: variable for each, variable in zip(ctx.operation.variables, variables, strict=True)}
        if not terms:
            terms.append([torch.zeros_like(shapes[name], dtype=cotangent.dtype) for name in ctx.by])
        return tuple([sum(each[1:], each[0]) for each in zip(*terms, strict=True)])


def _value(operation: Operation, variables: Sequence[torch.Tensor]) -> torch.Tensor:
    """The value of a tangent, (components, *grid), which torch can derive."""
    found: torch.Tensor = _Tangent.apply(operation, *variables)  # type: ignore[no-untyped-call] # torch's own
    return found


class _Tangent(torch.autograd.Function):
    """What a value moves by, as torch wants it: operation, *variables."""

    @staticmethod
    def forward(operation: Operation, *variables: torch.Tensor) -> torch.Tensor:
        """Asks the server."""
        found = operation.compute([*map(on_host, variables)], [])[()]
        return torch.tensor(found, device=variables[0].device)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:  # noqa: ARG004 - torch's own
        """Keeps what the derivatives need."""
        ctx.operation, *variables = inputs
        ctx.kinds = [(variable.device, variable.dtype) for variable in variables]
        ctx.save_for_backward(*variables)
        ctx.save_for_forward(*variables)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        """The pull-back."""
        pairs = zip(ctx.operation.variables, ctx.needs_input_grad[1:], strict=True)
        by = [each.name for each, is_needed in pairs if is_needed]
        found = dict(zip(by, pull_back(ctx.operation, by, gradient, ctx.saved_tensors), strict=True))
        return None, *[
            found[each.name].to(*kind) if each.name in found else None
            for each, kind in zip(ctx.operation.variables, ctx.kinds, strict=True)
        ]

    @staticmethod
    def jvp(ctx: Any, *moves: Any) -> torch.Tensor:
        """The tangent of the tangent."""
        moving = [each for each, move in zip(ctx.operation.variables, moves[1:], strict=True) if move is not None]
        tangent = ctx.operation.tangent(moving)
        if tangent is None:
            return torch.zeros_like(_value(ctx.operation, ctx.saved_tensors))
        return _value(tangent, [*ctx.saved_tensors, *(move for move in moves[1:] if move is not None)])


def on_host(variable: torch.Tensor) -> FloatArray:
    """A tensor as numpy has it, or float32 for what numpy and the server lack."""
    narrow = variable.dtype in (
        torch.float16,
        torch.bfloat16,
    )  # numpy has no bfloat16, the server neither
    array: FloatArray = (variable.to(torch.float32) if narrow else variable).numpy(force=True)
    return np.asarray(array)
