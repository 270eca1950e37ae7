"""numpy's functions that are no ufuncs, on traced values."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gridgrad.arguments.lookup_table import table
from gridgrad.tracing import refusal, ufuncs
from gridgrad.tracing.recorder import Recorder
from gridgrad.tracing.traced_program import found_table
from gridgrad.tracing.tracer import Traced
from gridgrad_core.errors import RequestError
from gridgrad_core.lang.functions.table import FUNCTIONS

__all__ = ["dispatch"]

_REARRANGING = frozenset({
    "atleast_1d", "atleast_2d", "broadcast_to", "expand_dims", "flip", "moveaxis", "ravel", "repeat", "reshape",
    "roll", "rot90", "squeeze", "swapaxes", "take", "tile", "transpose",
})  # fmt: skip
"""Functions that move elements of one array about."""
_JOINING = frozenset({"column_stack", "concatenate", "dstack", "hstack", "stack", "vstack"})
_ELEMENTWISE = frozenset({"fix", "isneginf", "isposinf", "sinc"})
"""Functions of one argument that are no ufuncs."""
_REDUCTIONS = {
    "sum": np.add, "prod": np.multiply, "max": np.maximum, "amax": np.maximum, "min": np.minimum, "amin": np.minimum,
    "all": np.logical_and, "any": np.logical_or,
}  # fmt: skip


def dispatch(
    recorder: Recorder, function: Callable[..., Any], arguments: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """Does what a function of numpy does.

    Raises:
        TracingError: it can't be traced.
    """
    name = function.__name__
    if getattr(np, name, None) is function:
        handler = _HANDLERS.get(name)
        if handler is not None:
            return handler(recorder, *arguments, **options)
        if name in _REDUCTIONS:
            return _reduction(recorder, name, *arguments, **options)
        if name in _REARRANGING:
            first, *rest = arguments
            value = recorder.lift(first)
            return value.view(np.asarray(function(value.nodes, *rest, **options)))
        if name in _JOINING:
            return _joined(recorder, function, *arguments, **options)
        if name in _ELEMENTWISE and len(arguments) == 1 and not options:
            return recorder.apply(FUNCTIONS["trunc" if name == "fix" else name], *arguments)
    raise recorder.refuse(refusal.function(name))


def _reduction(recorder: Recorder, name: str, array: Any, axis: Any = None, **options: Any) -> Any:
    value = recorder.lift(array)
    if not value.ndim:
        raise recorder.refuse(refusal.sized(f"np.{name}"))
    return ufuncs.dispatch(recorder, _REDUCTIONS[name], "reduce", (value,), {"axis": axis, **options})


def _mean(recorder: Recorder, array: Any, axis: Any = None, **options: Any) -> Any:
    value = recorder.lift(array)
    if not value.ndim:
        raise recorder.refuse(refusal.sized("np.mean"))
    total = _reduction(recorder, "sum", value, axis, **options)
    return total / (value.size // max(total.nodes.size, 1))


def _cumulative(ufunc: np.ufunc) -> Callable[..., Any]:
    def handle(recorder: Recorder, array: Any, axis: int | None = None, **options: Any) -> Any:
        value = recorder.lift(array)
        flat = value.view(value.nodes.ravel()) if axis is None and value.ndim else value
        return ufuncs.dispatch(recorder, ufunc, "accumulate", (flat,), {"axis": axis or 0, **options})

    return handle


def _where(recorder: Recorder, condition: Any, *branches: Any) -> Traced:
    if len(branches) != 2:
        found = "np.where without the values to choose from"
        raise recorder.refuse(refusal.doing(found, "write np.where(condition, a, b)"))
    chosen, other = recorder.of_one_kind(branches)
    if chosen.kind == "boolean":
        test = recorder.lift(condition) != 0
        either: Traced = (test & chosen) | (~test & other)
        return either
    return recorder.apply(FUNCTIONS["where"], condition, chosen, other)


def _select(recorder: Recorder, conditions: Sequence[Any], choices: Sequence[Any], default: Any = 0) -> Traced:
    if len(conditions) != len(choices):
        raise ValueError("np.select: as many conditions as choices are needed")
    chosen = recorder.lift(default)
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        chosen = _where(recorder, condition, choice, chosen)
    return chosen


def _clip(
    recorder: Recorder, array: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **bounds: Any
) -> Traced:
    low, high = bounds.pop("min", a_min), bounds.pop("max", a_max)
    if out is not None or bounds:
        found = f"{', '.join(bounds) or 'out'} of np.clip"
        raise recorder.refuse(refusal.doing(found, "leave it out"))
    low, high = -math.inf if low is None else low, math.inf if high is None else high
    return recorder.apply(FUNCTIONS["clip"], array, low, high)


def _round(recorder: Recorder, array: Any, decimals: int = 0, **options: Any) -> Any:
    if options.get("out") is not None:
        raise recorder.refuse(refusal.doing("out of np.round", "leave it out"))
    scale = 10.0**decimals
    rounded = recorder.apply(FUNCTIONS["rint"], recorder.lift(array) * scale if decimals else array)
    return rounded / scale if decimals else rounded


def _nan_to_num(recorder: Recorder, x: Any, **options: Any) -> Traced:
    if options:
        found = f"{', '.join(options)} of np.nan_to_num"
        raise recorder.refuse(refusal.doing(found, "write np.where(np.isnan(x), a, x)"))
    return recorder.apply(FUNCTIONS["nan_to_num"], x)


def _dot(recorder: Recorder, left: Any, right: Any) -> Any:
    a, b = recorder.lift(left), recorder.lift(right)
    if not (a.ndim and b.ndim):
        return a * b
    if b.ndim > 2 or a.ndim > 2:
        raise recorder.refuse(refusal.doing("np.dot of more than two dims", "write @"))
    return a @ b


def _inner(recorder: Recorder, left: Any, right: Any) -> Any:
    a, b = recorder.lift(left), recorder.lift(right)
    return _dot(recorder, a, b.T if b.ndim > 1 else b)


def _vdot(recorder: Recorder, left: Any, right: Any) -> Any:
    return _dot(recorder, *(each.view(each.nodes.ravel()) for each in map(recorder.lift, (left, right))))


def _outer(recorder: Recorder, left: Any, right: Any) -> Any:
    a, b = (each.view(each.nodes.ravel()) for each in map(recorder.lift, (left, right)))
    return a.view(a.nodes[:, None]) * b


def _polyval(recorder: Recorder, coefficients: Any, x: Any) -> Any:
    value: Any = 0.0
    for coefficient in recorder.lift(coefficients):
        value = value * x + coefficient
    return value


def _diff(recorder: Recorder, array: Any, n: int = 1) -> Any:
    value = recorder.lift(array)
    if not value.ndim:
        raise recorder.refuse(refusal.sized("np.diff"))
    for _ in range(n):
        value = value[..., 1:] - value[..., :-1]
    return value


def _joined(recorder: Recorder, function: Callable[..., Any], arrays: Sequence[Any], *rest: Any, **options: Any) -> Any:
    same = recorder.of_one_kind(arrays)
    nodes = function([each.nodes for each in same], *rest, **options)
    return Traced(recorder, np.asarray(nodes), same[0].kind)


def _filled(number: float | None) -> Callable[..., Any]:
    def handle(recorder: Recorder, like: Any, *fill: Any, shape: Any = None, **_: Any) -> Any:
        wanted = recorder.lift(like).shape if shape is None else shape
        value = recorder.lift(fill[0] if number is None else number)
        return value.view(np.broadcast_to(value.nodes, wanted).copy())

    return handle


def _interp(
    recorder: Recorder, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Traced:
    """A table of the numbers between which it interpolates."""
    if isinstance(xp, Traced) or isinstance(fp, Traced):
        found = "np.interp between values that are not known while the function is traced"
        raise recorder.refuse(refusal.doing(found, "give its points as plain numbers"))
    if left is not None or right is not None or period is not None:
        remedy = "leave them out and choose by np.where, or give gridgrad.table(fp, x=xp, method='linear') as an input"
        raise recorder.refuse(refusal.doing("np.interp with left, right or period", remedy))
    try:
        made = table(fp, x=xp, method="linear", outside="clamp")
    except RequestError as error:
        raise recorder.refuse(refusal.doing(f"np.interp with {error.found}", error.remedy)) from None
    value: Traced = found_table(recorder, made)(x)
    return value


_HANDLERS: dict[str, Callable[..., Any]] = {
    "around": _round,
    "clip": _clip,
    "cumprod": _cumulative(np.multiply),
    "cumsum": _cumulative(np.add),
    "diff": _diff,
    "dot": _dot,
    "full_like": _filled(None),
    "inner": _inner,
    "interp": _interp,
    "mean": _mean,
    "nan_to_num": _nan_to_num,
    "ndim": lambda recorder, array: recorder.lift(array).ndim,
    "ones_like": _filled(1.0),
    "outer": _outer,
    "polyval": _polyval,
    "round": _round,
    "select": _select,
    "shape": lambda recorder, array: recorder.lift(array).shape,
    "size": lambda recorder, array: recorder.lift(array).size,
    "vdot": _vdot,
    "where": _where,
    "zeros_like": _filled(0.0),
}
