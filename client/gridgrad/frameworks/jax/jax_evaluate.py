"""`evaluate`: from JAX's arrays with named dims to an operation of JAX."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gridgrad.arguments.derivatives import NOTHING_SAID
from gridgrad.arguments.inputs import FLOAT64, Input, Inputs
from gridgrad.frameworks.jax.jax_operation import differentiable
from gridgrad.frameworks.operation import ArrayPackage, Operation, Variable, sort_inputs, synchronous
from gridgrad.requests.lowering import lower
from gridgrad.requests.request import FunctionLike, Registered, Tier
from gridgrad.results.server_info import RegisteredFunction
from gridgrad.sync.client import Client
from gridgrad_core.errors import RequestError, UnknownFunctionError
from gridgrad_core.extras import optional

if TYPE_CHECKING:
    import jax
else:
    jax = optional("jax", "jax")

__all__ = ["evaluate"]

_listed: weakref.WeakKeyDictionary[Client, dict[str, RegisteredFunction]] = weakref.WeakKeyDictionary()
"""The functions registered at the server of each client: their components are part of a shape, which JAX asks first."""


def evaluate(
    client: Client,
    function: FunctionLike,
    inputs: Inputs,
    *,
    dtype: Any = None,
    timeout: float | None = None,
    tier: Tier = "auto",
) -> jax.Array:
    """A served function of JAX's arrays: for `jit`, `grad`, `jvp`, `vmap` and what is made of them, up to order 4.

    The value and all partials that a transformation needs come with one request, which compiled code makes by
    `jax.pure_callback`. What `vmap` maps over becomes a dim of the grid, so that it is one request too. Where partials
    would be many numbers, `grad` and `vjp` ask for the value, and then for a pull-back.

    Args:
        client: a connection to the server.
        function: an expression such as "t*k + 2*t*k**2", or whatever else `Client.gradient` takes.
        inputs: names to values as for `Client.gradient`: an array [n] is an axis, an array [] a parameter,
            ("dim", array) and (("i", "j"), array) have those dims. JAX's arrays are variables; all else is constant.
        dtype: float32 or float64, computed in and returned; by default float32 if every array with dims is, or every
            array of JAX's if none has dims; else float64.
        timeout: seconds for each request, retries included; None for the client's own.
        tier: "direct" or "compiled" to have it computed so and not otherwise.

    Returns:
        An array [*grid], or [components, *grid] for a tuple-valued function.

    Raises:
        RequestError: something in the request is wrong; float64 is needed and JAX does not have it enabled; or a
            derivative of an order over 4 is taken.
        GridgradError: as for `Client.gradient`. From compiled code it comes as `jax.errors.JaxRuntimeError` with the
            same message inside.
    """
    synchronous(client)
    given = sort_inputs(inputs, _PACKAGE, dtype)
    _check_precision(given.dtype)
    operation = Operation(client, function, given.inputs, given.grid, given.dtype, timeout, tier)
    components = _components(client, function, given.inputs)
    return differentiable(operation, (*components, *given.shape))(*given.arrays)


def _dtype_of(array: jax.Array) -> np.dtype[Any]:
    """The type that the server is to see: JAX's own, or float32 for what numpy lacks."""
    return np.dtype("float32") if array.dtype == jax.numpy.bfloat16 else np.dtype(array.dtype)


_PACKAGE = ArrayPackage(jax.Array, _dtype_of, jax.numpy.asarray)


def _check_precision(dtype: np.dtype[Any]) -> None:
    if dtype == FLOAT64 and not jax.config.jax_enable_x64:
        remedy = (
            'call jax.config.update("jax_enable_x64", True) when the program starts, '
            "or accept single precision by dtype='float32'"
        )
        raise RequestError("dtype", "float64, which JAX would cut down to float32", remedy)


def _components(client: Client, function: FunctionLike, inputs: Sequence[Variable | Input]) -> tuple[int, ...]:
    """The shape that a tuple-valued function adds to the grid's."""
    stand_ins = tuple([Input(each.name, each.dims, np.empty([0] * len(each.dims))) for each in inputs])
    lowered = lower(function, stand_ins, NOTHING_SAID, None).function
    known = _registered(client, lowered.name) if isinstance(lowered, Registered) else lowered
    return (len(known.components),) if known.tuple_valued else ()


def _registered(client: Client, name: str) -> RegisteredFunction:
    if name not in _listed.get(client, {}):
        _listed[client] = {each.name: each for each in client.functions()}
    if name not in _listed[client]:
        remedy = f"it has {', '.join(_listed[client]) or 'none'}"
        raise UnknownFunctionError("function", f"{name!r}, which is not registered at the server", remedy)
    return _listed[client][name]
