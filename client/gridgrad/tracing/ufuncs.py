"""numpy's and scipy's ufuncs on traced values: those whose name the language knows, and no others."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gridgrad.tracing import refusal
from gridgrad.tracing.recorder import Recorder
from gridgrad.tracing.tracer import Traced
from gridgrad_core.errors import TracingError
from gridgrad_core.lang.functions.function import Function
from gridgrad_core.lang.functions.incomplete import BRANCHES
from gridgrad_core.lang.functions.table import FUNCTIONS, lookup
from gridgrad_core.lang.program import limits

__all__ = ["accumulated", "dispatch", "elementwise", "reduced"]

_OF_BOOLEANS = {
    "add": "or", "multiply": "and", "bitwise_or": "or", "bitwise_and": "and", "bitwise_xor": "logical_xor",
    "invert": "not",
}  # fmt: skip
"""What some ufuncs do on booleans, by the name of the operation in the language."""
_NUMBERS_ONLY = {"subtract": "write a != b, or np.logical_xor(a, b)", "negative": "write ~a"}
_SEVERAL = {
    "airy": ("airy_ai", "airy_ai_prime", "airy_bi", "airy_bi_prime"),
    "sici": ("si", "ci"),
    "shichi": ("shi", "chi"),
    "fresnel": ("fresnel_s", "fresnel_c"),
}
"""scipy's ufuncs of several results: the function of the language that each is."""
_RENAMED = {"_riemann_zeta": "zeta"}
"""scipy's ufuncs behind functions of another name."""
_DEGREE_LAST = {"lpmv": "assoc_legendre"}
"""scipy's ufuncs of an order and a degree, where the language has the degree first."""
_LAMBERT = "_lambertw"
"""What scipy calls its ufunc behind lambertw."""
_BITS = frozenset({"bitwise_or", "bitwise_and", "bitwise_xor", "invert"})
_REDUCED = frozenset({"add", "multiply", "maximum", "minimum", "fmax", "fmin", "logical_and", "logical_or"})


def dispatch(
    recorder: Recorder, ufunc: np.ufunc, method: str, inputs: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """Does what a ufunc does.

    Raises:
        TracingError: it is none of the language, or called in a way that can't be traced.
    """
    options = {name: value for name, value in options.items() if not _is_default(name, value)}
    out = options.pop("out", None)
    if out is not None:
        return _in_place(recorder, ufunc, method, inputs, out, options)
    if method in _FOLDS:
        return _FOLDS[method](recorder, ufunc, *inputs, **options)
    if options:
        raise _option(recorder, ufunc, options)
    if method == "outer":
        return outer(recorder, ufunc, *inputs)
    if method != "__call__":
        raise recorder.refuse(refusal.function(f"{ufunc.__name__}.{method}"))
    return elementwise(recorder, ufunc, *inputs)


def outer(recorder: Recorder, ufunc: np.ufunc, left: Any, right: Any) -> Any:
    """A ufunc of each element of one array with each of another."""
    first, second = recorder.lift(left), recorder.lift(right)
    return elementwise(recorder, ufunc, first.view(first.nodes.reshape(first.shape + (1,) * second.ndim)), second)


def elementwise(recorder: Recorder, ufunc: np.ufunc, *inputs: Any) -> Any:
    """A ufunc element by element, or a product of matrices."""
    if ufunc is np.divmod:
        return elementwise(recorder, np.floor_divide, *inputs), elementwise(recorder, np.remainder, *inputs)
    if ufunc is np.matmul:
        return product(recorder, *inputs)
    if ufunc.__name__ in _SEVERAL:
        return tuple(recorder.apply(FUNCTIONS[name], *inputs) for name in _SEVERAL[ufunc.__name__])
    if ufunc.__name__ == _LAMBERT:
        return _lambert(recorder, *inputs)
    if ufunc.__name__ in _DEGREE_LAST:
        order, degree, x = inputs
        return recorder.apply(FUNCTIONS[_DEGREE_LAST[ufunc.__name__]], degree, order, x)
    function = _function(recorder, ufunc)
    lifted = [recorder.lift(each) for each in inputs]
    if all(each.kind == "boolean" for each in lifted):
        function = _of_booleans(recorder, ufunc.__name__) or function
    elif ufunc.__name__ in _BITS:
        found = "an operation on the bits of numbers"
        remedy = "put comparisons in parentheses: (a > 0) & (b > 0)"
        raise recorder.refuse(refusal.doing(found, remedy))
    return recorder.apply(function, *lifted)


def _lambert(recorder: Recorder, x: Any, branch: Any, _tolerance: Any) -> Any:
    """scipy's lambertw, of which the language has the branches that are real."""
    function = None if isinstance(branch, Traced) else BRANCHES["lambertw"].get(np.asarray(branch).item())
    if function is None:
        raise recorder.refuse(refusal.doing("a branch of lambertw that is not real", "write the number 0 or -1 for it"))
    return recorder.apply(FUNCTIONS[function], x)


def _of_booleans(recorder: Recorder, name: str) -> Function | None:
    """What a ufunc does on booleans; None if that is what it does on numbers."""
    if name in _NUMBERS_ONLY:
        raise recorder.refuse(refusal.doing(f"np.{name} of booleans", _NUMBERS_ONLY[name]))
    return FUNCTIONS[_OF_BOOLEANS[name]] if name in _OF_BOOLEANS else None


def reduced(
    recorder: Recorder, ufunc: np.ufunc, array: Any, axis: Any = 0, keepdims: bool = False, **options: Any
) -> Traced:
    """A sum, product or extreme over axes, from the first element to the last."""
    value = _reducible(recorder, ufunc, array, "reduce", options)
    axes = tuple(range(value.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(_axis(each, value.ndim) for each in axes)
    last = np.moveaxis(value.nodes, axes, range(-len(axes), 0))
    kept = last.shape[: value.ndim - len(axes)]
    columns = np.moveaxis(last.reshape(*kept, -1), -1, 0)
    if not len(columns) and ufunc.identity is None:
        raise ValueError(f"zero-size array to reduction operation {ufunc.__name__} which has no identity")
    parts = [value.view(nodes) for nodes in columns] or [recorder.lift(np.full(kept, float(ufunc.identity)))]
    total: Traced = functools.reduce(lambda a, b: elementwise(recorder, ufunc, a, b), parts).copy()
    if ufunc is np.add and len(columns) > limits.WRITTEN_OUT:
        terms = columns.reshape(len(columns), -1).T.tolist()
        recorder.sums.update(zip(total.nodes.ravel().tolist(), terms, strict=True))
    return total.view(np.expand_dims(total.nodes, axes)) if keepdims else total


def accumulated(recorder: Recorder, ufunc: np.ufunc, array: Any, axis: int = 0, **options: Any) -> Traced:
    """Sums or products so far, along an axis."""
    value = _reducible(recorder, ufunc, array, "accumulate", options)
    sofar: list[Traced] = []
    for nodes in np.moveaxis(value.nodes, _axis(axis, value.ndim), 0):
        part = value.view(nodes)
        sofar.append(elementwise(recorder, ufunc, sofar[-1], part) if sofar else part)
    return value.view(np.moveaxis(np.array([each.nodes for each in sofar]), 0, axis)) if sofar else value


_FOLDS: Mapping[str, Callable[..., Traced]] = {"reduce": reduced, "accumulate": accumulated}


def product(recorder: Recorder, left: Any, right: Any) -> Traced:
    """np.matmul of vectors, matrices, or stacks of them."""
    a, b = recorder.numbers(left), recorder.numbers(right)
    if not (a.ndim and b.ndim):
        raise recorder.refuse(refusal.doing("a matrix product with a number", "write *"))
    rows = a.view(a.nodes[..., None, :] if a.ndim == 1 else a.nodes)
    columns = b.view(b.nodes[..., None] if b.ndim == 1 else b.nodes)
    if rows.shape[-1] != columns.shape[-2]:
        raise ValueError(f"matmul: shapes {a.shape} and {b.shape} do not fit")
    terms = rows.view(rows.nodes[..., :, :, None]) * columns.view(columns.nodes[..., None, :, :])
    full = reduced(recorder, np.add, terms, axis=-2)
    nodes = full.nodes[..., 0, :] if a.ndim == 1 else full.nodes
    return full.view(nodes[..., 0] if b.ndim == 1 else nodes)


def _function(recorder: Recorder, ufunc: np.ufunc) -> Function:
    """The function of the language that a ufunc of numpy or scipy is."""
    name = _RENAMED.get(ufunc.__name__, ufunc.__name__)
    special = sys.modules.get("scipy.special")
    ours = getattr(np, name, None) is ufunc or getattr(special, name, None) is ufunc or ufunc.__name__ in _RENAMED
    function = lookup("logical_xor" if name in _BITS else name) if ours else None
    if function is None:
        known = getattr(np, name, None) is ufunc
        raise recorder.refuse(refusal.function(name, "np." if known else "scipy.special." if ours else "the ufunc "))
    return function


def _in_place(
    recorder: Recorder, ufunc: np.ufunc, method: str, inputs: Sequence[Any], out: Any, options: Mapping[str, Any]
) -> Any:
    """An operator such as +=. Whoever holds the array from before can't go on with it unaware."""
    target = out[0] if isinstance(out, tuple) and len(out) == 1 else None
    if not isinstance(target, Traced) or not inputs or inputs[0] is not target or method != "__call__":
        found = "a result written into an array"
        raise recorder.refuse(refusal.doing(found, "write a = a + b instead of a += b or out="))
    changed = dispatch(recorder, ufunc, method, inputs, options)
    if changed.shape != target.shape:
        found = f"an array of shape {list(changed.shape)} put into one of shape {list(target.shape)}"
        raise recorder.refuse(refusal.doing(found, "write a = a + b instead of a += b"))
    target.version.replaced = True
    return changed


def _reducible(recorder: Recorder, ufunc: np.ufunc, array: Any, method: str, options: Mapping[str, Any]) -> Traced:
    options = {name: value for name, value in options.items() if not _is_default(name, value)}
    if options:
        raise _option(recorder, ufunc, options)
    if ufunc.__name__ not in _REDUCED:
        raise recorder.refuse(refusal.function(f"{ufunc.__name__}.{method}"))
    value = recorder.lift(array) if ufunc.__name__.startswith("logical") else recorder.numbers(array)
    if not value.ndim:
        raise recorder.refuse(refusal.sized(f"np.{ufunc.__name__}.{method}"))
    return value


def _axis(axis: int, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis {axis} is out of bounds for array of dimension {ndim}")
    return axis % ndim


def _is_default(name: str, value: Any) -> bool:
    if name in ("where", "keepdims", "axis"):
        return name == "where" and value is True
    return value is None or (name == "dtype" and np.dtype(value) == np.float64)


def _option(recorder: Recorder, ufunc: np.ufunc, options: Mapping[str, Any]) -> TracingError:
    found = f"{', '.join(options)} of np.{ufunc.__name__}"
    return recorder.refuse(refusal.doing(found, "leave it out, and choose with np.where"))
