"""The derivative of a value as operations of their own: `_tangent`, and what that is transposed into, `_pullback`.

The one is linear in what moves, the other in its cotangent; `_curvature`, what a pull-back moves by, in both. JAX
derives, transposes and maps them by the rules here, so that forward mode, `jit`, `vmap` and higher orders go on: what
any of them moves by is one of the function's tangent, which is a served function too. What is mapped over a cotangent
or a tangent alone, as `jacrev` does, is made of partials.

In all of this the variables that something is by stand in the order of the operation.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gridgrad.arguments.inputs import FloatArray
from gridgrad.frameworks.jax.jax_partials import (
    Callback,
    for_numpy,
    moving_of,
    pulled_back_by_partials,
    tangent_by_partials,
)
from gridgrad.frameworks.operation import Operation
from gridgrad_core.extras import optional

if TYPE_CHECKING:
    import jax
    import jax.numpy as jnp
    from jax.custom_derivatives import SymbolicZero
    from jax.extend import core
    from jax.interpreters import ad, batching, mlir
else:
    jax = optional("jax", "jax")
    jnp = optional("jax.numpy", "jax")
    SymbolicZero = optional("jax.custom_derivatives", "jax").SymbolicZero
    core = optional("jax.extend.core", "jax")
    ad, batching, mlir = (optional(f"jax.interpreters.{name}", "jax") for name in ("ad", "batching", "mlir"))

__all__ = ["is_zero", "tangent_of"]


def is_zero(tangent: Any) -> bool:
    """Whether a tangent is one of JAX's structural zeros."""
    return isinstance(tangent, SymbolicZero | ad.Zero)


def tangent_of(
    operation: Operation, shape: tuple[int, ...], by: Sequence[str], arrays: Sequence[Any], moves: Sequence[Any]
) -> jax.Array:
    """What the value moves by, of `shape`, when some variables do."""
    found: jax.Array = _tangent.bind(*arrays, *moves, operation=operation, shape=shape, by=tuple(by))
    return found


def _pulled_back(
    operation: Operation, shape: tuple[int, ...], by: Sequence[str], arrays: Sequence[Any], cotangent: Any
) -> list[jax.Array]:
    """The gradient of Σ cotangent·value by some variables, in the dtype computed in."""
    found: list[jax.Array] = _pullback.bind(*arrays, cotangent, operation=operation, shape=shape, by=tuple(by))
    return found


class _Split(NamedTuple):
    """The arguments of both primitives."""

    arrays: list[Any]
    others: list[Any]

    @classmethod
    def of(cls, operation: Operation, arguments: Sequence[Any]) -> _Split:
        count = len(operation.variables)
        return cls([*arguments[:count]], [*arguments[count:]])


def _curved_by(
    operation: Operation,
    shape: tuple[int, ...],
    twice: Sequence[str],
    by: Sequence[str],
    arrays: Sequence[Any],
    moves: Sequence[Any],
    cotangent: Any,
) -> list[jax.Array]:
    """What the gradient of Σ cotangent·value by some variables moves by, when some do."""
    asked = {"operation": operation, "shape": shape, "twice": tuple(twice), "by": tuple(by)}
    found: list[jax.Array] = _curvature.bind(*arrays, *moves, cotangent, **asked)
    return found


def _compute_tangent(*arguments: Any, operation: Operation, shape: tuple[int, ...], by: tuple[str, ...]) -> jax.Array:
    split = _Split.of(operation, arguments)
    moved = operation.tangent(moving_of(operation, by))
    if moved is None:
        return tangent_by_partials(operation, shape, by, *split)
    out = jax.ShapeDtypeStruct(shape, operation.dtype)
    (found,) = jax.pure_callback(Callback(moved, ((),)), (out,), *arguments)
    return found


def _compute_pullback(
    *arguments: Any, operation: Operation, shape: tuple[int, ...], by: tuple[str, ...]
) -> Sequence[jax.Array]:
    del shape
    split = _Split.of(operation, arguments)
    out = _gradients_like(operation, by, split.arrays)
    pulled: Sequence[jax.Array] = jax.pure_callback(_Pullback(operation, by), out, *arguments)
    return pulled


def _compute_curvature(
    *arguments: Any, operation: Operation, shape: tuple[int, ...], twice: tuple[str, ...], by: tuple[str, ...]
) -> Sequence[jax.Array]:
    moved = operation.tangent(moving_of(operation, twice))
    if moved is None:
        return [jnp.zeros(each.shape, each.dtype) for each in _gradients_like(operation, by, arguments)]
    return _compute_pullback(*arguments, operation=moved, shape=shape, by=by)


def _gradients_like(operation: Operation, by: Sequence[str], arrays: Sequence[Any]) -> list[jax.ShapeDtypeStruct]:
    shapes = {each.name: array.shape for each, array in zip(operation.variables, arrays, strict=False)}
    return [jax.ShapeDtypeStruct(shapes[name], operation.dtype) for name in by]


def _tangent_jvp(
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    operation: Operation,
    shape: tuple[int, ...],
    by: tuple[str, ...],
) -> tuple[jax.Array, jax.Array]:
    arrays, moves = _Split.of(operation, primals)
    moved_arrays, moved_moves = _Split.of(operation, tangents)
    terms = []
    linear = [(name, each) for name, each in zip(by, moved_moves, strict=True) if not is_zero(each)]
    if linear:
        terms.append(tangent_of(operation, shape, [name for name, _ in linear], arrays, [each for _, each in linear]))
    twice = _given(operation, moved_arrays)
    if twice:
        moved = operation.tangent(moving_of(operation, by))
        if moved is None:
            _, found = jax.jvp(
                lambda *some: tangent_by_partials(
                    operation, shape, by, _replaced(operation, arrays, twice, some), moves
                ),
                *_primals_and_tangents(operation, arrays, twice),
            )
        else:
            found = tangent_of(moved, shape, [*twice], primals, [*twice.values()])
        terms.append(found)
    value = tangent_of(operation, shape, by, arrays, moves)
    return value, sum(terms[1:], terms[0]) if terms else jnp.zeros_like(value)


def _pullback_jvp(
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    operation: Operation,
    shape: tuple[int, ...],
    by: tuple[str, ...],
) -> tuple[Sequence[jax.Array], Sequence[jax.Array]]:
    arrays, (cotangent,) = _Split.of(operation, primals)
    moved_arrays, (moved_cotangent,) = _Split.of(operation, tangents)
    value = _pulled_back(operation, shape, by, arrays, cotangent)
    terms = []
    if not is_zero(moved_cotangent):
        terms.append(_pulled_back(operation, shape, by, arrays, moved_cotangent))
    twice = _given(operation, moved_arrays)
    if twice:
        moved = operation.tangent(moving_of(operation, [*twice]))
        if moved is None:
            _, found = jax.jvp(
                lambda *some: pulled_back_by_partials(
                    operation, shape, by, _replaced(operation, arrays, twice, some), cotangent
                ),
                *_primals_and_tangents(operation, arrays, twice),
            )
        else:
            found = _curved_by(operation, shape, [*twice], by, arrays, [*twice.values()], cotangent)
        terms.append(found)
    return value, _total(terms, value)


def _curvature_jvp(
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    operation: Operation,
    shape: tuple[int, ...],
    twice: tuple[str, ...],
    by: tuple[str, ...],
) -> tuple[Sequence[jax.Array], Sequence[jax.Array]]:
    arrays, (*moves, cotangent) = _Split.of(operation, primals)
    moved_arrays, (*moved_moves, moved_cotangent) = _Split.of(operation, tangents)
    value = _curved_by(operation, shape, twice, by, arrays, moves, cotangent)
    moved = operation.tangent(moving_of(operation, twice))
    terms = []
    linear = [(name, each) for name, each in zip(twice, moved_moves, strict=True) if not is_zero(each)]
    if linear:
        names, given = zip(*linear, strict=True)
        terms.append(_curved_by(operation, shape, names, by, arrays, given, cotangent))
    if moved is not None and not is_zero(moved_cotangent):
        terms.append(_pulled_back(moved, shape, by, [*arrays, *moves], moved_cotangent))
    thrice = _given(operation, moved_arrays)
    if moved is not None and thrice:
        terms.append(_curved_by(moved, shape, [*thrice], by, [*arrays, *moves], [*thrice.values()], cotangent))
    return value, _total(terms, value)


def _total(terms: Sequence[Sequence[jax.Array]], like: Sequence[jax.Array]) -> list[jax.Array]:
    if not terms:
        return [jnp.zeros_like(each) for each in like]
    return [sum(each[1:], each[0]) for each in zip(*terms, strict=True)]


def _given(operation: Operation, tangents: Sequence[Any]) -> dict[str, Any]:
    """What moves, by name, in the dtype computed in."""
    pairs = zip(operation.variables, tangents, strict=True)
    return {each.name: tangent.astype(operation.dtype) for each, tangent in pairs if not is_zero(tangent)}


def _primals_and_tangents(
    operation: Operation, arrays: Sequence[Any], twice: Mapping[str, Any]
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    pairs = [
        (array, twice[each.name]) for each, array in zip(operation.variables, arrays, strict=True) if each.name in twice
    ]
    return tuple([array.astype(move.dtype) for array, move in pairs]), tuple([move for _, move in pairs])


def _replaced(operation: Operation, arrays: Sequence[Any], twice: Collection[str], some: Sequence[Any]) -> list[Any]:
    new = dict(zip([each.name for each in operation.variables if each.name in twice], some, strict=True))
    return [new.get(each.name, array) for each, array in zip(operation.variables, arrays, strict=True)]


def _tangent_transposed(
    cotangent: Any, *arguments: Any, operation: Operation, shape: tuple[int, ...], by: tuple[str, ...]
) -> list[Any]:
    arrays, moves = _Split.of(operation, arguments)
    wanted = [name for name, each in zip(by, moves, strict=True) if ad.is_undefined_primal(each)]
    if is_zero(cotangent):
        return [None] * len(arguments)
    found = dict(zip(wanted, _pulled_back(operation, shape, wanted, arrays, cotangent), strict=True))
    return [None] * len(arrays) + [found.get(name) for name in by]


def _pullback_transposed(
    cotangents: Sequence[Any], *arguments: Any, operation: Operation, shape: tuple[int, ...], by: tuple[str, ...]
) -> list[Any]:
    arrays, _ = _Split.of(operation, arguments)
    given = [(name, each) for name, each in zip(by, cotangents, strict=True) if not is_zero(each)]
    if not given:
        return [None] * len(arguments)
    moved = tangent_of(operation, shape, [name for name, _ in given], arrays, [each for _, each in given])
    return [None] * len(arrays) + [moved]


def _curvature_transposed(
    cotangents: Sequence[Any],
    *arguments: Any,
    operation: Operation,
    shape: tuple[int, ...],
    twice: tuple[str, ...],
    by: tuple[str, ...],
) -> list[Any]:
    """Second partials are symmetric: what moves and what it is by change places."""
    arrays, (*moves, cotangent) = _Split.of(operation, arguments)
    given = [(name, each) for name, each in zip(by, cotangents, strict=True) if not is_zero(each)]
    nothing: list[Any] = [None] * len(arguments)
    if not given:
        return nothing
    names, values = zip(*given, strict=True)
    if ad.is_undefined_primal(cotangent):
        moved = operation.tangent(moving_of(operation, twice))
        return nothing if moved is None else [*nothing[:-1], tangent_of(moved, shape, names, [*arrays, *moves], values)]
    wanted = [name for name, each in zip(twice, moves, strict=True) if ad.is_undefined_primal(each)]
    found = dict(zip(wanted, _curved_by(operation, shape, names, wanted, arrays, values, cotangent), strict=True))
    return [*nothing[: len(arrays)], *(found.get(name) for name in twice), None]


def _mapped(
    operation: Operation, arrays: Sequence[Any], axes: Sequence[int | None], size: int, all_of: Collection[str]
) -> tuple[Operation, list[Any]]:
    """The operation on a further dim, with that dim first in the arrays that have it."""
    has = [axis is not None or each.name in all_of for each, axis in zip(operation.variables, axes, strict=True)]
    batched = operation.batched([each for each, mapped in zip(operation.variables, has, strict=True) if mapped])
    moved = [
        _with_batch(array, axis, size) if mapped else array
        for array, axis, mapped in zip(arrays, axes, has, strict=True)
    ]
    return batched, moved


def _with_batch(array: Any, axis: int | None, size: int) -> Any:
    if axis is None:
        return jnp.broadcast_to(array, (size, *array.shape))
    return jnp.moveaxis(array, axis, 0)


def _tangent_mapped(
    arguments: Sequence[Any],
    axes: Sequence[int | None],
    *,
    operation: Operation,
    shape: tuple[int, ...],
    by: tuple[str, ...],
) -> tuple[jax.Array, int]:
    (arrays, moves), (own, of_moves) = _Split.of(operation, arguments), _Split.of(operation, axes)
    lead = len(shape) - len(operation.grid)
    if all(axis is None for axis in own):
        mapped = jax.vmap(lambda *some: tangent_by_partials(operation, shape, by, arrays, some), of_moves, lead)
        return mapped(*moves), lead
    size = next(each.shape[axis] for each, axis in zip(arguments, axes, strict=True) if axis is not None)
    batched, moved = _mapped(operation, arrays, own, size, by)
    new = [_with_batch(each, axis, size) for each, axis in zip(moves, of_moves, strict=True)]
    return tangent_of(batched, (*shape[:lead], size, *shape[lead:]), by, moved, new), lead


def _pullback_mapped(
    arguments: Sequence[Any],
    axes: Sequence[int | None],
    *,
    operation: Operation,
    shape: tuple[int, ...],
    by: tuple[str, ...],
) -> tuple[Sequence[jax.Array], list[int]]:
    (arrays, (cotangent,)), (own, (axis,)) = _Split.of(operation, arguments), _Split.of(operation, axes)
    if all(each is None for each in own):
        mapped = jax.vmap(lambda each: pulled_back_by_partials(operation, shape, by, arrays, each), axis)
        return mapped(cotangent), [0] * len(by)
    lead = len(shape) - len(operation.grid)
    size = next(each.shape[at] for each, at in zip(arrays, own, strict=True) if at is not None)
    batched, moved = _mapped(operation, arrays, own, size, by)
    whole = jnp.moveaxis(_with_batch(cotangent, axis, size), 0, lead)
    return _pulled_back(batched, (*shape[:lead], size, *shape[lead:]), by, moved, whole), [0] * len(by)


def _curvature_mapped(
    arguments: Sequence[Any],
    axes: Sequence[int | None],
    *,
    operation: Operation,
    shape: tuple[int, ...],
    twice: tuple[str, ...],
    by: tuple[str, ...],
) -> tuple[Sequence[jax.Array], list[int]]:
    (arrays, others), (own, of_others) = _Split.of(operation, arguments), _Split.of(operation, axes)
    if all(axis is None for axis in own):

        def by_partials(new: Sequence[Any], cotangent: Any) -> Sequence[jax.Array]:
            replaced = _replaced(operation, arrays, twice, new)
            return pulled_back_by_partials(operation, shape, by, replaced, cotangent)

        def moved(*some: Any) -> Sequence[jax.Array]:
            *moves, cotangent = some
            at, along = _primals_and_tangents(operation, arrays, dict(zip(twice, moves, strict=True)))
            found: Sequence[jax.Array]
            _, found = jax.jvp(lambda *new: by_partials(new, cotangent), at, along)
            return found

        gradients: Sequence[jax.Array] = jax.vmap(moved, of_others)(*others)
        return gradients, [0] * len(by)
    lead = len(shape) - len(operation.grid)
    size = next(each.shape[at] for each, at in zip(arrays, own, strict=True) if at is not None)
    batched, new_arrays = _mapped(operation, arrays, own, size, {*twice, *by})
    *moves, cotangent = [_with_batch(each, axis, size) for each, axis in zip(others, of_others, strict=True)]
    new_shape = (*shape[:lead], size, *shape[lead:])
    found = _curved_by(batched, new_shape, twice, by, new_arrays, moves, jnp.moveaxis(cotangent, 0, lead))
    return found, [0] * len(by)


_tangent = core.Primitive("gridgrad_tangent")
_tangent.def_impl(_compute_tangent)
_tangent.def_abstract_eval(lambda *_, operation, shape, by: jax.core.ShapedArray(shape, operation.dtype))  # noqa: ARG005 - JAX's own
mlir.register_lowering(_tangent, mlir.lower_fun(_compute_tangent, multiple_results=False))
ad.primitive_jvps[_tangent] = _tangent_jvp
ad.primitive_transposes[_tangent] = _tangent_transposed
batching.primitive_batchers[_tangent] = _tangent_mapped

_pullback = core.Primitive("gridgrad_pullback")
_pullback.multiple_results = True
_pullback.def_impl(_compute_pullback)
_pullback.def_abstract_eval(
    lambda *given, operation, shape, by: [  # noqa: ARG005 - JAX's own
        jax.core.ShapedArray(each.shape, each.dtype) for each in _gradients_like(operation, by, given)
    ]
)
mlir.register_lowering(_pullback, mlir.lower_fun(_compute_pullback, multiple_results=True))
ad.primitive_jvps[_pullback] = _pullback_jvp
ad.primitive_transposes[_pullback] = _pullback_transposed
batching.primitive_batchers[_pullback] = _pullback_mapped


_curvature = core.Primitive("gridgrad_curvature")
_curvature.multiple_results = True
_curvature.def_impl(_compute_curvature)
_curvature.def_abstract_eval(
    lambda *given, operation, shape, twice, by: [  # noqa: ARG005 - JAX's own
        jax.core.ShapedArray(each.shape, each.dtype) for each in _gradients_like(operation, by, given)
    ]
)
mlir.register_lowering(_curvature, mlir.lower_fun(_compute_curvature, multiple_results=True))
ad.primitive_jvps[_curvature] = _curvature_jvp
ad.primitive_transposes[_curvature] = _curvature_transposed
batching.primitive_batchers[_curvature] = _curvature_mapped


@dataclass(frozen=True)
class _Pullback:
    """What the callback of a pull-back calls."""

    operation: Operation
    by: tuple[str, ...]

    def __call__(self, *given: Any) -> tuple[FloatArray, ...]:
        *arrays, cotangent = [for_numpy(array) for array in given]
        if cotangent.size and (cotangent == cotangent.flat[0]).all():
            cotangent = np.broadcast_to(cotangent.flat[0], cotangent.shape)  # of a sum: one number travels
        return tuple(self.operation.pull_back(arrays, cotangent, self.by))
