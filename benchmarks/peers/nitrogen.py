"""Nitrogen's equation of state: by finite differences in numpy, and exactly, to say how far others are off.

The exact numbers are sympy's symbolic derivatives in 40 digits of mpmath.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import sympy
from numpy.typing import NDArray

__all__ = ["TEXT", "WANTED", "Grid", "axes", "exact_grids", "finite_differences", "in_numpy", "relative_error"]

Grid = NDArray[np.floating]

WORKLOAD = Path(__file__).parents[2] / "tests" / "workloads" / "nitrogen_helmholtz.json"
TEXT: str = json.loads(WORKLOAD.read_text())["expression"]
"""f(δ, τ), the residual Helmholtz energy; Span et al., J. Phys. Chem. Ref. Data 29 (2000) 1361."""
WANTED = [(), ("delta",), ("tau",), ("delta", "delta"), ("delta", "tau"), ("tau", "tau")]
DIGITS = 40
FIRST, SECOND = np.cbrt(np.finfo(float).eps), np.finfo(float).eps ** 0.25
"""The usual steps of central differences, for first and for second partials."""


def axes(side: int) -> dict[str, Grid]:
    """Densities up to 2.5 of the critical one, and temperatures above the critical one, where there is one phase."""
    return {"delta": np.linspace(0.05, 2.5, side), "tau": np.linspace(0.3, 1.0, side)}


def exact_grids(axes: Mapping[str, Grid]) -> list[Any]:
    """The value and partials in many digits, [6][delta][tau]."""
    value, symbols = _equation()
    partials = [value.diff(*wrt) if wrt else value for wrt in WANTED]
    at = sympy.lambdify(symbols, partials, modules="mpmath", cse=True)
    with mpmath.workdps(DIGITS):
        points = [[at(mpmath.mpf(delta), mpmath.mpf(tau)) for tau in axes["tau"]] for delta in axes["delta"]]
    return [[[point[number] for point in row] for row in points] for number in range(len(WANTED))]


def relative_error(grids: Sequence[Grid], exact: Sequence[Any]) -> Grid:
    """At each point the largest of the six relative errors."""
    with mpmath.workdps(DIGITS):
        errors = [
            [
                [float(abs(mpmath.mpf(x) / y - 1)) for x, y in zip(*rows, strict=True)]
                for rows in zip(*pair, strict=True)
            ]
            for pair in zip([grid.tolist() for grid in grids], exact, strict=True)
        ]
    worst: Grid = np.max(errors, axis=0)
    return worst


def finite_differences(axes: Mapping[str, Grid], function: Callable[[Grid, Grid], Grid]) -> list[Grid]:
    """The value and partials by central differences."""
    delta, tau = np.meshgrid(axes["delta"], axes["tau"], indexing="ij")
    at = {(i, j): function(delta + i * SECOND, tau + j * SECOND) for i, j in itertools.product((-1, 0, 1), repeat=2)}
    return [
        at[0, 0],
        (function(delta + FIRST, tau) - function(delta - FIRST, tau)) / (2 * FIRST),
        (function(delta, tau + FIRST) - function(delta, tau - FIRST)) / (2 * FIRST),
        (at[1, 0] - 2 * at[0, 0] + at[-1, 0]) / SECOND**2,
        (at[1, 1] - at[1, -1] - at[-1, 1] + at[-1, -1]) / (4 * SECOND**2),
        (at[0, 1] - 2 * at[0, 0] + at[0, -1]) / SECOND**2,
    ]


def in_numpy() -> Callable[[Grid, Grid], Grid]:
    """The equation as a function of numpy's arrays, what occurs twice computed once."""
    value, symbols = _equation()
    function: Callable[[Grid, Grid], Grid] = sympy.lambdify(symbols, value, modules="numpy", cse=True)
    return function


def _equation() -> tuple[Any, Any]:
    symbols = sympy.symbols("delta tau")
    return sympy.sympify(TEXT, locals={symbol.name: symbol for symbol in symbols}), symbols
