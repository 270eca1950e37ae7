"""Traced functions compared with the functions themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.testing import assert_allclose
from numpy.typing import NDArray

import gridgrad
from gridgrad.arguments.coefficients import element_names
from tests.core.lang.evaluator import evaluate

__all__ = ["check", "values_of"]


def values_of(program: gridgrad.Program, numbers: Mapping[str, float], **arrays: NDArray[Any]) -> list[float]:
    """The components of a program at a point, with the elements of arrays as scalars."""
    point = dict(numbers)
    for name, array in arrays.items():
        point |= zip(element_names(name, array.shape), array.ravel().tolist(), strict=True)
    return evaluate(program, **{name: point[name] for name in program.inputs})


def check(function: Callable[..., Any], numbers: Mapping[str, float], **arrays: NDArray[Any]) -> gridgrad.Program:
    """Compares what a function is traced to with what it computes on numpy's numbers, and returns the program."""
    program = gridgrad.trace(function, coefficients={name: array.shape for name, array in arrays.items()})
    assert gridgrad.parse(program.text, program.inputs) == program
    with np.errstate(all="ignore"):
        plain = function(**{name: np.float64(value) for name, value in numbers.items()}, **arrays)
    expected = plain if program.tuple_valued else [plain]
    assert_allclose(values_of(program, numbers, **arrays), np.asarray(expected, float), rtol=1e-13, atol=1e-300)
    return program
