"""`gridgrad.function` and `gridgrad.trace`: when a function is called, and what stays of it."""

from __future__ import annotations

from typing import Any

import numpy as np

import gridgrad
from gridgrad.tracing import decorator as tracing


def test_decorated_methods_are_methods() -> None:
    class Model:
        factor = 3.0

        @gridgrad.function
        def value(self, t: Any, k: Any = 1.0) -> Any:
            return self.factor * t + k

    assert Model().value(2.0) == 7.0
    assert gridgrad.trace(Model().value) == gridgrad.parse("3*t + k")


def test_a_plain_function_is_traced_anew_and_a_decorated_one_once() -> None:
    factor = np.array(2.0)
    calls = []

    def scaled(t: Any) -> Any:
        calls.append(t)
        return float(factor) * t

    decorated = gridgrad.function(scaled)
    shapes: tracing.Shapes = (("t", None),)
    assert tracing.program_of(scaled, shapes) == tracing.program_of(decorated, shapes) == gridgrad.parse("2*t")
    factor[...] = 3.0
    before = len(calls)
    assert tracing.program_of(scaled, shapes) == gridgrad.parse("3*t")
    assert len(calls) == before + 2
    assert tracing.program_of(decorated, shapes) == gridgrad.parse("2*t")
    assert len(calls) == before + 2


def test_a_decorated_function_is_still_the_function() -> None:
    @gridgrad.function
    def area(a: float, b: float = 2.0) -> float:
        """The area."""
        return a * b

    assert (area(3.0), area(3.0, b=1.0), area.__doc__) == (6.0, 3.0, "The area.")
    assert repr(area) == "<gridgrad.function area(a, b)>"
