"""`gridgrad.diff`: the derivative of one traced value by another, inside of a traced function."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridgrad.tracing import refusal
from gridgrad.tracing.recorder import Recorder
from gridgrad.tracing.tracer import Traced
from gridgrad_core.errors import TooLargeError, TracingError
from gridgrad_core.grid import MAX_ORDER

__all__ = ["diff"]


def diff(u: Any, v: Any, n: int = 1) -> Any:
    """The derivative of a value by another one that it was computed from, inside of a traced function.

    u counts as a function of v: of what else it was computed from, only what comes by way of v has a part. So
    `gridgrad.diff(lagrangian, velocity)` is the momentum, also where the velocity is itself an expression of inputs.

    Args:
        u: what to derive, a traced value of any shape.
        v: what to derive by: an input, an array of coefficients, or any value computed from these.
        n: how often, 0 to 4; more than once only by a single number.

    Returns:
        A traced value of the shape of u followed by that of v. Zero where u was not computed from v.

    Raises:
        TracingError: it is called outside of a traced function, v is a constant or a condition, or n is no such number.
    """
    recorder = _recorder(u, v)
    by = recorder.lift(v)
    _check_value(recorder, by)
    _check_order(recorder, by, n)
    value = recorder.numbers(u)
    try:
        nodes = [
            recorder.derivative(each, one, n)
            for each in value.nodes.ravel().tolist()
            for one in by.nodes.ravel().tolist()
        ]
    except TooLargeError as error:
        raise recorder.refuse(refusal.doing(f"{error.found}, taken", error.remedy)) from None
    return value.view(np.array(nodes, np.int64).reshape(value.shape + by.shape))


def _recorder(*values: Any) -> Recorder:
    for value in values:
        if isinstance(value, Traced) and isinstance(value.recorder, Recorder):
            return value.recorder
    remedy = (
        "call it inside of a function that client.gradient or gridgrad.trace takes; derivatives of the function itself "
        "are asked for by order= or derivatives="
    )
    raise TracingError("function", "gridgrad.diff of plain numbers, which remember no computation", remedy)


def _check_value(recorder: Recorder, by: Traced) -> None:
    constant = any(recorder.operations.builder.nodes[node].op == "const" for node in by.nodes.ravel())
    if constant or by.kind == "boolean":
        found = f"a derivative by {'a constant' if constant else 'a condition'}"
        raise recorder.refuse(refusal.doing(found, "derive by an input or by what is computed from one"))


def _check_order(recorder: Recorder, v: Traced, n: Any) -> None:
    if not isinstance(n, int) or not 0 <= n <= MAX_ORDER:
        raise recorder.refuse(
            refusal.doing(f"gridgrad.diff taken {n!r} times", f"write a whole number up to {MAX_ORDER}")
        )
    if n != 1 and v.ndim:
        remedy = "derive by one element, v[0], or take gridgrad.diff of what it gives"
        raise recorder.refuse(refusal.doing(f"gridgrad.diff taken {n} times by an array", remedy))
