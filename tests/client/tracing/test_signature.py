"""The parameters of functions, matched with inputs by name."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

import gridgrad

N = np.array([0.5, -1.25, 2.0])


def test_defaults_that_are_numbers_are_inputs_and_others_stay() -> None:
    def model(t: Any, a: float = 2.0, *, mode: str = "sum", flag: bool = True, q: Any = N, **more: Any) -> Any:
        assert mode == "sum"
        assert flag is True
        return a * t + np.sum(q) + sum(more.values())

    assert gridgrad.trace(model).inputs == ("a", "t", "q_0", "q_1", "q_2")
    assert gridgrad.trace(functools.partial(model, a=3.0, q=0.0)) == gridgrad.parse("3*t + 0 + 0")


def test_positional_parameters_and_methods_are_matched_too() -> None:
    class Model:
        def __init__(self, factor: float) -> None:
            self.factor = factor

        def __call__(self, t: Any) -> Any:
            return self.factor * t

        def other(self, t: Any, /, k: Any) -> Any:
            return self.factor * t + k

    assert gridgrad.trace(Model(3.0)) == gridgrad.parse("3*t")
    assert gridgrad.trace(Model(3.0).other) == gridgrad.parse("3*t + k")
