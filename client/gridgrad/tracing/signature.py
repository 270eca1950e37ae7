"""The parameters of a Python function: which are inputs, and what those are that nobody gives."""

from __future__ import annotations

import functools
import inspect
import numbers
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from gridgrad_core.errors import TracingError

__all__ = ["Parameters", "is_input"]

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_ONLY)


class Parameters(NamedTuple):
    """The parameters of a function.

    Args:
        function: how messages call it.
        names: their names, in order.
        positional: those that can't be given by name.
        defaults: numbers and arrays that become inputs when nobody gives others.
        fixed: defaults that are no numbers, and what functools.partial has bound: those stay as they are.
        open: whether the function takes further ones, by **.
    """

    function: str
    names: tuple[str, ...]
    positional: frozenset[str]
    defaults: Mapping[str, Any]
    fixed: frozenset[str]
    open: bool

    @classmethod
    def of(cls, function: Callable[..., Any]) -> Parameters:
        """Reads them off a function.

        Raises:
            TracingError: it has none that can be named.
        """
        named_by = function.func if isinstance(function, functools.partial) else function
        name = getattr(named_by, "__name__", None) or type(named_by).__name__
        found = _parameters(function, name)
        named = [each for each in found if each.kind in _NAMED]
        bound = function.keywords if isinstance(function, functools.partial) else {}
        given = {each.name: each.default for each in named if each.default is not inspect.Parameter.empty}
        defaults = {key: value for key, value in given.items() if key not in bound and is_input(value)}
        return cls(
            name,
            tuple(each.name for each in named),
            frozenset(each.name for each in named if each.kind is inspect.Parameter.POSITIONAL_ONLY),
            defaults,
            frozenset(given.keys() - defaults.keys()),
            any(each.kind is inspect.Parameter.VAR_KEYWORD for each in found),
        )

    def check(self, given: Iterable[str]) -> None:
        """Compares the names of inputs with the parameters.

        Raises:
            TracingError: an input that is no parameter, or a parameter without input or default.
        """
        names = list(given)
        takes = ", ".join(self.names) or "(none)"
        strange = [] if self.open else [name for name in names if name not in self.names]
        if strange:
            remedy = f"name inputs like the parameters: {takes}"
            raise TracingError("inputs", f"{strange[0]!r}, which is no parameter of {self.function}", remedy)
        have = {*names, *self.defaults, *self.fixed}
        missing = [name for name in self.names if name not in have]
        if missing:
            found = f"no {', '.join(map(repr, missing))} among the inputs {', '.join(names) or '(none)'}"
            remedy = f"add an input named {missing[0]!r}, or give the parameter of {self.function} a default"
            raise TracingError("inputs", found, remedy)


def _parameters(function: Callable[..., Any], name: str) -> Iterable[inspect.Parameter]:
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        remedy = f"wrap it: lambda x: {name}(x)"
        raise TracingError("function", f"{name}, whose parameters have no names", remedy) from None
    if any(each.kind is inspect.Parameter.VAR_POSITIONAL for each in found):
        remedy = "name the parameters: inputs are matched to them by name"
        raise TracingError("function", f"{name} takes any number of arguments by position", remedy)
    return found


def is_input(value: Any) -> bool:
    """Whether a default is a number or an array of numbers, and so becomes an input."""
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "fiu"
    return isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
