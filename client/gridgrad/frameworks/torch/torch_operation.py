"""The operation itself: each partial of a function is one, whose gradient is made of the partials one order higher.

Threads: autograd may run backward passes of one graph in several. `Planes` lets one at a time ask the server.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from gridgrad.arguments.inputs import FloatArray
from gridgrad.frameworks.operation import Operation, Variable
from gridgrad.frameworks.torch.torch_pullback import on_host, pull_back
from gridgrad_core.errors import RequestError
from gridgrad_core.extras import optional
from gridgrad_core.grid import Derivative, expand_order

if TYPE_CHECKING:
    import torch
else:
    torch = optional("torch", "torch")

__all__ = ["Planes", "differentiable"]

LEAD = 2
"""Arguments of the operation before the variables: the planes and the derivative."""


class Planes:
    """The value and partials of one evaluation, asked for an order at a time and kept as long as its graph.

    Args:
        operation: what is evaluated.
        wrt: the variables whose gradients may be wanted.
        ahead: partials up to this order are asked for with the value.
        device: where tensors are made.
    """

    def __init__(self, operation: Operation, wrt: tuple[str, ...], ahead: int, device: torch.device) -> None:
        self.operation = operation
        self._wrt, self._ahead, self._device = wrt, ahead, device
        self._planes: dict[Derivative, FloatArray] = {}
        self._batched: dict[tuple[int | None, ...], Planes] = {}
        self._lock = threading.Lock()

    def tensor(self, derivative: Derivative, variables: Sequence[torch.Tensor]) -> torch.Tensor:
        """The value () or a partial, in memory of its own, (components, *grid)."""
        with self._lock:
            if derivative not in self._planes:
                wanted = [] if not derivative and self._pulls_back(variables) else self._wanted(derivative)
                self._planes |= self.operation.compute([*map(on_host, variables)], wanted)
        return torch.tensor(self._planes[derivative], device=self._device)

    def pulled_back(
        self, cotangent: torch.Tensor, variables: Sequence[torch.Tensor], by: Sequence[Variable]
    ) -> list[torch.Tensor] | None:
        """The gradients of Σ cotangent·value, where a pull-back brings them with less; None where partials do.

        Args:
            cotangent: (components, *grid).
            variables: all, in order.
            by: those that the gradients are by.
        """
        with self._lock:
            here = [each for each in self._planes if each]
            if here or not self._pulls_back(variables):
                return None
        if torch.is_grad_enabled() and self.operation.program is None:
            return None  # what is derived again has to have a tangent
        return pull_back(self.operation, [each.name for each in by], cotangent, variables)

    def _pulls_back(self, variables: Sequence[torch.Tensor]) -> bool:
        return self._ahead == 1 and self.operation.pulls_back([tuple(each.shape) for each in variables], self._wrt)

    def expect(self, names: Sequence[str]) -> None:
        """Notes that partials by these variables are wanted, so that they come together."""
        with self._lock:
            wanted = {*self._wrt, *names}
            self._wrt = tuple([each.name for each in self.operation.variables if each.name in wanted])
            for planes in self._batched.values():
                planes.expect(names)

    def batched(self, in_dims: tuple[int | None, ...]) -> Planes:
        """Those of the same evaluation on a further dim, which each variable has that vmap maps over."""
        with self._lock:
            if in_dims not in self._batched:
                variables = zip(self.operation.variables, in_dims, strict=True)
                batched = self.operation.batched([each for each, dim in variables if dim is not None])
                planes = Planes(batched, self._wrt, self._ahead, self._device)
                self._batched[in_dims] = planes
            return self._batched[in_dims]

    def _wanted(self, derivative: Derivative) -> list[Derivative]:
        if not derivative:
            return expand_order(self._wrt, self._ahead)
        all_of_order = itertools.combinations_with_replacement(self._wrt, len(derivative))
        return [*dict.fromkeys([derivative, *all_of_order])]


def differentiable(planes: Planes, derivative: Derivative, variables: Sequence[torch.Tensor]) -> torch.Tensor:
    """The value () or a partial of an evaluation, which torch can differentiate further.

    Args:
        planes: those of the evaluation.
        derivative: which of them.
        variables: the tensors of its variables, in order.

    Returns:
        [(components,) *grid].
    """
    tensor: torch.Tensor = _Partial.apply(planes, derivative, *variables)  # type: ignore[no-untyped-call] # torch's own
    return tensor


class _Partial(torch.autograd.Function):
    """The operation as torch wants it: planes, derivative, *variables."""

    @staticmethod
    def forward(planes: Planes, derivative: Derivative, *variables: torch.Tensor) -> torch.Tensor:
        """Asks for what is not there yet."""
        return planes.tensor(derivative, variables)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:  # noqa: ARG004 - torch's own
        """Keeps what the derivatives need."""
        ctx.planes, ctx.derivative, *variables = inputs
        ctx.kinds = [(variable.device, variable.dtype) for variable in variables]
        ctx.save_for_backward(*variables)
        ctx.save_for_forward(*variables)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> Any:
        """The gradient of each variable: that of the result times its partial, summed over the dims it lacks."""
        gradients: list[torch.Tensor | None] = [None] * len(ctx.needs_input_grad)
        pulled = _pulled_back(ctx, gradient)
        if pulled is not None:
            for position, found in pulled.items():
                gradients[position] = found.to(*ctx.kinds[position - LEAD])
            return tuple(gradients)
        for position, dims, partial in _partials(ctx, ctx.needs_input_grad):
            gathered = _summed_to(gradient * partial, dims, ctx.planes.operation.grid)
            gradients[position] = gathered.to(*ctx.kinds[position - LEAD])
        return tuple(gradients)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> torch.Tensor:
        """The tangent of the result: the sum of the variables' tangents times their partials."""
        _refuse_nested_forward_mode()
        terms = []
        for position, dims, partial in _partials(ctx, [tangent is not None for tangent in tangents]):
            spread = _broadcastable(tangents[position], dims, ctx.planes.operation.grid)
            terms.append(spread.to(partial.device, partial.dtype) * partial)
        return sum(terms[1:], terms[0])

    @staticmethod
    def vmap(
        info: Any,  # noqa: ARG004 - torch's own
        in_dims: tuple[int | None, ...],
        planes: Planes,
        derivative: Derivative,
        *variables: torch.Tensor,
    ) -> tuple[torch.Tensor, int]:
        """The dim that vmap maps over becomes one more of the grid: one request for all of it."""
        batched = planes.batched(tuple(in_dims[LEAD:]))
        moved = [
            variable if dim is None else variable.movedim(dim, 0)
            for variable, dim in zip(variables, in_dims[LEAD:], strict=True)
        ]
        out = differentiable(batched, derivative, moved)
        return out, out.dim() - len(batched.operation.grid)


def _partials(ctx: Any, needed: Sequence[bool]) -> Iterator[tuple[int, tuple[str, ...], torch.Tensor]]:
    """The partials by each variable that is needed, with its position among the arguments and its dims."""
    operation: Operation = ctx.planes.operation
    variables = {position: each for position, each in enumerate(operation.variables, LEAD) if needed[position]}
    ctx.planes.expect([each.name for each in variables.values()])
    for position, each in variables.items():
        yield position, each.dims, differentiable(ctx.planes, operation.raised(ctx.derivative, each), ctx.saved_tensors)


def _pulled_back(ctx: Any, gradient: torch.Tensor) -> dict[int, torch.Tensor] | None:
    """The gradients of variables by their positions among the arguments, where a pull-back gives them."""
    if ctx.derivative or any(map(_is_wrapped, (gradient, *ctx.saved_tensors))):
        return None
    needed = {position: each for position, each in enumerate(ctx.planes.operation.variables, LEAD)
              if ctx.needs_input_grad[position]}  # fmt: skip
    found = ctx.planes.pulled_back(gradient, ctx.saved_tensors, [*needed.values()])
    return None if found is None else dict(zip(needed, found, strict=True))


def _is_wrapped(tensor: torch.Tensor) -> bool:
    """Whether torch.func maps over or derives what is made of a tensor."""
    return bool(torch._C._functorch.is_functorch_wrapped_tensor(tensor))


def _refuse_nested_forward_mode() -> None:
    """torch turns forward mode off inside `jvp`, so that the outer derivative would silently be zero."""
    levels = torch._C._functorch.get_interpreter_stack() or ()
    forward = torch._C._functorch.TransformType.Jvp
    if sum(level.key() == forward for level in levels) > 1:
        found = "forward mode inside forward mode, which torch does not have for such operations"
        raise RequestError(
            "torch.func", found, "make one of them reverse mode: torch.func.hessian, or jacrev for jacfwd"
        )


def _summed_to(whole: torch.Tensor, dims: Sequence[str], grid: Sequence[str]) -> torch.Tensor:
    """Sums a tensor (components, *grid) to one with these dims."""
    lead = whole.dim() - len(grid)
    others = [lead + position for position, dim in enumerate(grid) if dim not in dims]
    summed = whole.sum([*range(lead), *others]) if lead or others else whole
    left = [dim for dim in grid if dim in dims]
    return summed.permute([left.index(dim) for dim in dims])


def _broadcastable(tensor: torch.Tensor, dims: Sequence[str], grid: Sequence[str]) -> torch.Tensor:
    """A tensor with these dims in those of the grid, of length 1 along the others."""
    there = [dim for dim in grid if dim in dims]
    ordered = tensor.permute([dims.index(dim) for dim in there])
    lengths = dict(zip(there, ordered.shape, strict=True))
    return ordered.reshape([lengths.get(dim, 1) for dim in grid])
