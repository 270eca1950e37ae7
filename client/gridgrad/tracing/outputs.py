"""What a traced function returns, made into components."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from gridgrad.tracing.recorder import Recorder
from gridgrad.tracing.tracer import Traced
from gridgrad_core.errors import TracingError
from gridgrad_core.lang.program import limits
from gridgrad_core.lang.program.names import is_name
from gridgrad_core.lang.program.printer import default_component

__all__ = ["Outcome", "read"]

_REMEDY = "return a number, a tuple or named tuple of numbers, or a dict of names to numbers"


class Outcome(NamedTuple):
    """The components of a function.

    Args:
        names: their names.
        nodes: their nodes.
        tuple_valued: whether the function returned several by a tuple or dict, be it of one.
    """

    names: tuple[str, ...]
    nodes: tuple[int, ...]
    tuple_valued: bool


def read(recorder: Recorder, returned: Any, names: tuple[str, ...] | None) -> Outcome:
    """Reads what a function returned.

    Args:
        recorder: its trace.
        returned: what it returned.
        names: what its components are called, if somebody said so.

    Raises:
        TracingError: it is nothing that a grid can hold.
    """
    if isinstance(returned, Mapping):
        return _named(recorder, returned.keys(), returned.values())
    if isinstance(returned, tuple | list):
        found = names or getattr(returned, "_fields", None) or tuple(map(default_component, range(len(returned))))
        if len(found) != len(returned):
            raise TracingError("function", f"{len(returned)} values for the outputs {', '.join(found)}", "name each")
        return _named(recorder, found, returned)
    if isinstance(returned, Traced) and returned.ndim == 1:
        return read(recorder, list(returned), names)
    if names is not None:
        raise TracingError("function", f"one value for the outputs {', '.join(names)}", "return a tuple")
    return Outcome(("f",), (_node(recorder, returned, "what it returned"),), False)


def _named(recorder: Recorder, names: Iterable[Any], values: Iterable[Any]) -> Outcome:
    called = tuple(names)
    for name in called:
        if not (isinstance(name, str) and is_name(name)):
            remedy = f"use letters, digits and _, {limits.MAX_NAME} at most, not beginning with a digit"
            raise TracingError("function", f"a component called {name!r}", remedy)
    if not 1 <= len(called) <= limits.MAX_COMPONENTS:
        raise TracingError("function", f"{len(called)} components", f"return 1 to {limits.MAX_COMPONENTS}")
    nodes = tuple(_node(recorder, value, f"its component {name!r}") for name, value in zip(called, values, strict=True))
    return Outcome(called, nodes, True)


def _node(recorder: Recorder, value: Any, what: str) -> int:
    if value is None:
        raise TracingError("function", f"{what} is None", "write return before the result")
    if not isinstance(value, Traced | float | int | np.generic | np.ndarray):
        raise TracingError("function", f"{what} is a {type(value).__name__}", _REMEDY)
    lifted = recorder.numbers(value)
    if lifted.ndim:
        found = f"{what} is an array of shape {list(lifted.shape)}"
        raise TracingError("function", found, f"reduce it, as by np.sum; {_REMEDY}")
    return int(lifted.nodes[()])
