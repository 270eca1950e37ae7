"""The value of a function as an operation of JAX, derived by partials or by pull-backs, whichever are less."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gridgrad.frameworks.jax.jax_partials import partials, partials_jvp
from gridgrad.frameworks.jax.jax_pullback import is_zero, tangent_of
from gridgrad.frameworks.operation import Operation
from gridgrad_core.extras import optional

if TYPE_CHECKING:
    import jax
else:
    jax = optional("jax", "jax")

__all__ = ["differentiable"]


def differentiable(operation: Operation, shape: tuple[int, ...]) -> Callable[..., jax.Array]:
    """The function of an operation's variables that returns its value.

    Args:
        operation: what is evaluated.
        shape: that of the value, (components, *grid).

    Returns:
        A function for JAX to transform.
    """

    def compute(*arrays: jax.Array) -> jax.Array:
        (value,) = partials(operation, shape, ((),))(*arrays)
        return value

    def jvp(arrays: Sequence[jax.Array], tangents: Sequence[Any]) -> tuple[jax.Array, jax.Array]:
        moves = {
            each.name: tangent.astype(operation.dtype)
            for each, tangent in zip(operation.variables, tangents, strict=True)
            if not is_zero(tangent)
        }
        if moves and operation.pulls_back([array.shape for array in arrays], moves):
            return value(*arrays), tangent_of(operation, shape, [*moves], arrays, [*moves.values()])
        (found,), (moved,) = partials_jvp(operation, shape, ((),), arrays, tangents)
        return found, moved

    value = jax.custom_jvp(compute)
    value.defjvp(jvp, symbolic_zeros=True)
    function: Callable[..., jax.Array] = value
    return function
