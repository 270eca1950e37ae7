"""`evaluate`: from tensors with named dims to an operation of torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gridgrad.arguments.inputs import Inputs, split_dims
from gridgrad.frameworks.operation import ArrayPackage, Operation, sort_inputs, synchronous
from gridgrad.frameworks.torch.torch_operation import Planes, differentiable
from gridgrad.requests.request import FunctionLike, Tier
from gridgrad.sync.client import Client
from gridgrad_core.errors import RequestError
from gridgrad_core.extras import optional
from gridgrad_core.grid import MAX_ORDER

if TYPE_CHECKING:
    import torch
else:
    torch = optional("torch", "torch")

__all__ = ["device_of", "evaluate"]


def evaluate(
    client: Client,
    function: FunctionLike,
    inputs: Inputs,
    *,
    order: int = 1,
    dtype: Any = None,
    timeout: float | None = None,
    tier: Tier = "auto",
) -> torch.Tensor:
    """A served function of tensors, differentiable by torch up to the server's order 4.

    The value and, if a tensor requires its gradient, all first partials come with one request. Backward passes sum
    them over the dims that a tensor does not have. Where partials would be many numbers, only the value comes, and a
    backward pass asks for a pull-back. Differentiating again (`create_graph=True`) makes one further
    request for each order over `order`, for all partials of that order.

    Args:
        client: a connection to the server.
        function: an expression such as "t*k + 2*t*k**2", or whatever else `Client.gradient` takes.
        inputs: names to values as for `Client.gradient`: a tensor [n] is an axis, a tensor [] a parameter,
            ("dim", tensor) and (("i", "j"), tensor) have those dims; and whatever else `Client.gradient` takes.
        order: partials up to this order come with the value if a tensor requires its gradient: 2 saves a request where
            you are going to differentiate twice, and has no pull-backs asked for.
        dtype: torch.float32 or torch.float64, computed in and returned; by default float32 if every tensor and array
            with dims is, or every tensor if none has dims; else float64.
        timeout: seconds for each request, retries included; None for the client's own.
        tier: "direct" or "compiled" to have it computed so and not otherwise.

    Returns:
        A tensor [*grid], or [components, *grid] for a tuple-valued function, on the device of the tensors. Numbers
        travel through the memory of the host.

    Raises:
        RequestError: something in the request is wrong; in a backward pass, an order over 4.
        GridgradError: as for `Client.gradient`; in a backward pass too, where it asks for more.
    """
    if order not in range(MAX_ORDER + 1):
        raise RequestError("order", f"{order!r}", f"give a whole number from 0 to {MAX_ORDER}")
    given = sort_inputs(inputs, _PACKAGE, _numpy_dtype(dtype) if isinstance(dtype, torch.dtype) else dtype)
    operation = Operation(synchronous(client), function, given.inputs, given.grid, given.dtype, timeout, tier)
    planes = Planes(operation, _differentiated(operation, given.arrays), order, device_of(inputs))
    return differentiable(planes, (), given.arrays)


if not TYPE_CHECKING:  # the decorator would take its types away
    evaluate = torch.compiler.disable(evaluate)  # it asks a server; compiled code calls it as it is


def _numpy_dtype(dtype: torch.dtype) -> np.dtype[Any]:
    return np.dtype("float32") if dtype == torch.bfloat16 else np.dtype(str(dtype).removeprefix("torch."))


_PACKAGE = ArrayPackage(torch.Tensor, lambda tensor: _numpy_dtype(tensor.dtype), torch.tensor)


def _differentiated(operation: Operation, tensors: Sequence[torch.Tensor]) -> tuple[str, ...]:
    if not torch.is_grad_enabled():
        return ()
    return tuple([each.name for each, tensor in zip(operation.variables, tensors, strict=True) if tensor.requires_grad])


def device_of(inputs: Inputs) -> torch.device:
    """Where the result goes: to the tensors that have dims, and to the numbers where none has."""
    given = {name: split_dims(name, value)[1] for name, value in inputs.items()}
    tensors = {name: values for name, values in given.items() if isinstance(values, torch.Tensor)}
    whole = {tensor.device: name for name, tensor in tensors.items() if tensor.dim()}
    if len(whole) > 1:
        found = " and ".join(f"{name!r} on {device}" for device, name in whole.items())
        raise RequestError("inputs", f"tensors on different devices: {found}", "move them to one: x.to(device)")
    return next(iter([*whole, *(tensor.device for tensor in tensors.values())]), torch.device("cpu"))
