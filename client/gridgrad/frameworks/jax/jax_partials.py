"""Several partials of a function by one callback, differentiated into more of them by another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gridgrad.arguments.inputs import FloatArray
from gridgrad.frameworks.operation import Operation, Variable
from gridgrad_core.extras import optional
from gridgrad_core.grid import Derivative

if TYPE_CHECKING:
    import jax
    import jax.numpy as jnp
    from jax.custom_derivatives import SymbolicZero
else:
    jax = optional("jax", "jax")
    jnp = optional("jax.numpy", "jax")
    SymbolicZero = optional("jax.custom_derivatives", "jax").SymbolicZero

__all__ = [
    "Callback",
    "Planes",
    "for_numpy",
    "moving_of",
    "partials",
    "partials_jvp",
    "pulled_back_by_partials",
    "tangent_by_partials",
]

Planes = tuple["jax.Array", ...]


def partials(
    operation: Operation, shape: tuple[int, ...], derivatives: tuple[Derivative, ...]
) -> Callable[..., Planes]:
    """The function of an operation's variables that returns these partials.

    Its derivative is made of the planes of another such function, which returns these partials and theirs: so
    everything that a derivative of any order needs comes with one request.

    Args:
        operation: what is evaluated.
        shape: that of each plane, (components, *grid).
        derivatives: the partials, () for the value.

    Returns:
        A function for JAX to transform.
    """

    def compute(*arrays: jax.Array) -> Planes:
        out = tuple([jax.ShapeDtypeStruct(shape, operation.dtype)] * len(derivatives))
        return tuple(jax.pure_callback(Callback(operation, derivatives), out, *arrays, vmap_method="expand_dims"))

    def jvp(arrays: Sequence[jax.Array], tangents: Sequence[Any]) -> tuple[Planes, Planes]:
        return partials_jvp(operation, shape, derivatives, arrays, tangents)

    planes = jax.custom_jvp(compute)
    planes.defjvp(jvp, symbolic_zeros=True)
    function: Callable[..., Planes] = planes
    return function


def partials_jvp(
    operation: Operation,
    shape: tuple[int, ...],
    derivatives: tuple[Derivative, ...],
    arrays: Sequence[jax.Array],
    tangents: Sequence[Any],
) -> tuple[Planes, Planes]:
    """These partials and what they move by, from one request; those that move nothing are JAX's symbolic zeros."""
    moving = {
        each: _broadcastable(tangent, each.dims, operation.grid).astype(operation.dtype)
        for each, tangent in zip(operation.variables, tangents, strict=True)
        if not isinstance(tangent, SymbolicZero)
    }
    raised = {(wrt, each): operation.raised(wrt, each) for wrt in derivatives for each in moving}
    needed = tuple(dict.fromkeys([*derivatives, *raised.values()]))
    found = dict(zip(needed, partials(operation, shape, needed)(*arrays), strict=True))
    zero = jnp.zeros(shape, operation.dtype)
    moved = [sum((found[raised[wrt, each]] * moving[each] for each in moving), zero) for wrt in derivatives]
    return tuple([found[wrt] for wrt in derivatives]), tuple(moved)


def moving_of(operation: Operation, by: Sequence[str]) -> list[Variable]:
    """The variables of these names."""
    return [each for each in operation.variables if each.name in by]


def _partials_by(
    operation: Operation, shape: tuple[int, ...], by: Sequence[str], arrays: Sequence[Any]
) -> dict[Variable, jax.Array]:
    """The partials by some variables, which JAX can derive."""
    wanted = {each: operation.raised((), each) for each in moving_of(operation, by)}
    found = partials(operation, shape, tuple(wanted.values()))(*arrays)
    return dict(zip(wanted, found, strict=True))


def tangent_by_partials(
    operation: Operation, shape: tuple[int, ...], by: Sequence[str], arrays: Sequence[Any], moves: Sequence[Any]
) -> jax.Array:
    """What the value moves by when some variables do, which JAX can derive."""
    by_name = _partials_by(operation, shape, by, arrays)
    terms = [
        partial * _broadcastable(move, each.dims, operation.grid)
        for (each, partial), move in zip(by_name.items(), moves, strict=True)
    ]
    return sum(terms[1:], terms[0])


def pulled_back_by_partials(
    operation: Operation, shape: tuple[int, ...], by: Sequence[str], arrays: Sequence[Any], cotangent: Any
) -> list[jax.Array]:
    """The gradient of Σ cotangent·value by some variables, which JAX can derive."""
    by_name = _partials_by(operation, shape, by, arrays)
    found = {each.name: _summed_to(cotangent * partial, each.dims, operation.grid) for each, partial in by_name.items()}
    return [found[name] for name in by]


@dataclass(frozen=True)
class Callback:
    """What the callback calls. Equal ones are the same to JAX, which then need not compile again.

    Arrays come with a leading dim for each `vmap`, of length 1 where a variable is not mapped over.
    """

    operation: Operation
    derivatives: tuple[Derivative, ...]

    def __call__(self, *given: Any) -> tuple[FloatArray, ...]:
        """The partials, of arrays of JAX's."""
        variables = self.operation.variables
        arrays = [for_numpy(array) for array in given]
        count = arrays[0].ndim - len(variables[0].dims) if arrays else 0
        lengths = np.broadcast_shapes(*[array.shape[:count] for array in arrays])
        whole = self.operation
        for axis in reversed(range(count)):
            mapped = [number for number, array in enumerate(arrays) if array.shape[axis] != 1]
            if mapped:
                whole = whole.batched([whole.variables[number] for number in mapped])
        planes = whole.compute([_without_ones(array, count) for array in arrays], self.derivatives)
        sizes = len(whole.grid), len(self.operation.grid)
        return tuple([_batch_first(planes[wrt], *sizes, lengths) for wrt in self.derivatives])


def for_numpy(variable: Any) -> FloatArray:
    """An array of JAX's as numpy has it, or float32 for what it lacks."""
    array = np.asarray(variable)
    return array.astype(np.float32) if array.dtype.kind == "V" else array  # bfloat16


def _without_ones(array: FloatArray, count: int) -> FloatArray:
    """Drops those of the first `count` dims that are of length 1."""
    return array.reshape([*[length for length in array.shape[:count] if length != 1], *array.shape[count:]])


def _batch_first(plane: FloatArray, grid_ndim: int, own_ndim: int, lengths: tuple[int, ...]) -> FloatArray:
    """From (components, *mapped over, *own grid) to [*lengths, (components,) *own grid]."""
    components = plane.ndim - grid_ndim
    if components:
        plane = np.moveaxis(plane, 0, grid_ndim - own_ndim)
    return plane.reshape([*lengths, *plane.shape[plane.ndim - own_ndim - components :]])


def _broadcastable(tangent: jax.Array, dims: Sequence[str], grid: Sequence[str]) -> jax.Array:
    """A tangent with these dims in those of the grid, of length 1 along the others."""
    there = [dim for dim in grid if dim in dims]
    ordered = jnp.transpose(tangent, [dims.index(dim) for dim in there])
    return jnp.expand_dims(ordered, [position for position, dim in enumerate(grid) if dim not in dims])


def _summed_to(whole: jax.Array, dims: Sequence[str], grid: Sequence[str]) -> jax.Array:
    """Sums an array (components, *grid) to one with these dims."""
    lead = whole.ndim - len(grid)
    summed = whole.sum([*range(lead), *(lead + position for position, dim in enumerate(grid) if dim not in dims)])
    left = [dim for dim in grid if dim in dims]
    return jnp.transpose(summed, [left.index(dim) for dim in dims])
