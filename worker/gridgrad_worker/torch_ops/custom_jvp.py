"""Gives a function of torch tensors derivatives of its own, under `vmap` and nested forward mode.

`torch.func` keeps a stack of transforms; an operation goes through them from the innermost outwards.
What is done here at each of them is what torch does for an operation of its own: a vmap's batches are
moved in front, a jvp's tangents are taken off, the rest of the stack sees what is left, and what comes
back is wrapped again, with the tangent that the rule states.

`torch.autograd.Function` would be the documented way. It takes ten times as long (0.8 ms for one
function at one order, 0.07 ms here), and forward mode is off inside its jvp: second derivatives
come out as 0 without a word. The parts of torch that are used instead are the ones that it is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch.autograd.forward_ad as fwad
from torch import Tensor
from torch._C import _functorch
from torch._functorch.pyfunctorch import temporarily_pop_interpreter_stack

__all__ = ["Push", "ruled"]

Push = Callable[[Sequence[Tensor], Sequence[Tensor | None]], Tensor | None]
"""From arguments and their tangents, None where there is none, to the tangent of the value."""


def ruled(value: Callable[..., Tensor], push: Push) -> Callable[..., Tensor]:
    """An elementwise function whose derivatives are those of a rule.

    Args:
        value: computes it on plain tensors.
        push: its tangent. It is called on tensors that may have tangents of outer transforms, so
            what it computes must be differentiable too.

    Returns:
        A function of tensors. Reverse mode raises NotImplementedError.
    """

    def apply(*arguments: Tensor) -> Tensor:
        transform: _functorch.CInterpreter | None = _functorch.peek_interpreter_stack()
        if transform is None:
            return value(*arguments)
        kind, level = transform.key(), transform.level()
        if kind == _functorch.TransformType.Jvp:
            return _under_jvp(apply, push, arguments, level)
        if kind == _functorch.TransformType.Vmap:
            return _under_vmap(apply, arguments, level)
        raise NotImplementedError(f"expressions are differentiated in forward mode, not by {kind.name}")

    return apply


def _under_jvp(apply: Callable[..., Tensor], push: Push, arguments: Sequence[Tensor], level: int) -> Tensor:
    duals = [fwad.unpack_dual(argument) for argument in arguments]  # type: ignore[no-untyped-call] # torch has no types there
    primals = [dual.primal for dual in duals]
    unwrapped = [_functorch._unwrap_for_grad(primal, level) for primal in primals]
    with temporarily_pop_interpreter_stack():
        result = apply(*unwrapped)
    result = _functorch._wrap_for_grad(result, level)
    pushed = push(primals, [dual.tangent for dual in duals])
    if pushed is None:
        return result
    tangent = pushed if pushed.shape == result.shape else pushed.expand_as(result).clone()
    dual_result: Tensor = fwad.make_dual(result, tangent)  # type: ignore[no-untyped-call] # as above
    return dual_result


def _under_vmap(apply: Callable[..., Tensor], arguments: Sequence[Tensor], level: int) -> Tensor:
    unwrapped = [_functorch._unwrap_batched(argument, level) for argument in arguments]
    rank = max(tensor.dim() - (dim is not None) for tensor, dim in unwrapped)
    aligned = [tensor if dim is None else _batch_first(tensor, dim, rank) for tensor, dim in unwrapped]
    with temporarily_pop_interpreter_stack():
        result = apply(*aligned)
    if all(dim is None for _, dim in unwrapped):
        return result
    return _functorch._add_batch_dim(result, 0, level)


def _batch_first(batched: Tensor, dim: int, rank: int) -> Tensor:
    """The batch's dim first, and the others with ones before them, so that they broadcast."""
    first = batched.movedim(dim, 0)
    return first.reshape(first.shape[0], *[1] * (rank + 1 - first.dim()), *first.shape[1:])
