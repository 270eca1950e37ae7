"""Three of NIST's problems of nonlinear regression, with certified values.

https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["PROBLEMS", "Problem"]

Floats = NDArray[np.float64]


class Problem(NamedTuple):
    """A problem.

    Args:
        text: the model as an expression.
        model: its value and derivatives, by x and the parameters.
        x, y: the data.
        starts: the first far from the solution, the second near.
        certified: the parameters.
        errors: their standard errors, scaled.
        rss: the sum of squares.
    """

    text: str
    model: Callable[..., tuple[Floats, Sequence[Floats]]]
    x: Floats
    y: Floats
    starts: tuple[tuple[float, ...], tuple[float, ...]]
    certified: tuple[float, ...]
    errors: tuple[float, ...]
    rss: float


def _rising(x: Floats, b1: float, b2: float) -> tuple[Floats, Sequence[Floats]]:
    falling = np.exp(-b2 * x)
    return b1 * (1 - falling), [1 - falling, b1 * x * falling]


def _rational(x: Floats, b1: float, b2: float, b3: float, b4: float) -> tuple[Floats, Sequence[Floats]]:
    above, below = x * x + b2 * x, x * x + b3 * x + b4
    slope = -b1 * above / below**2
    return b1 * above / below, [above / below, b1 * x / below, slope * x, slope]


def _floats(*numbers: float) -> Any:
    return np.array(numbers)


PROBLEMS = {
    "Misra1a": Problem(
        "b1*(1 - exp(-b2*x))",
        _rising,
        _floats(77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0),
        _floats(10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78),
        ((500, 0.0001), (250, 0.0005)),
        (238.94212918, 5.5015643181e-4),
        (2.7070075241, 7.2668688436e-6),
        0.12455138894,
    ),
    "MGH09": Problem(
        "b1*(x**2 + b2*x)/(x**2 + b3*x + b4)",
        _rational,
        _floats(4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625),
        _floats(0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246),
        ((25, 39, 41.5, 39), (0.25, 0.39, 0.415, 0.39)),
        (0.19280693458, 0.19128232873, 0.12305650693, 0.13606233068),
        (0.011435312227, 0.19633220911, 0.080842031232, 0.090025542308),
        3.0750560385e-4,
    ),
    "BoxBOD": Problem(
        "b1*(1 - exp(-b2*x))",
        _rising,
        _floats(1.0, 2.0, 3.0, 5.0, 7.0, 10.0),
        _floats(109.0, 149.0, 149.0, 191.0, 213.0, 224.0),
        ((1, 1), (100, 0.75)),
        (213.80940889, 0.54723748542),
        (12.354515176, 0.10455993237),
        1168.0088766,
    ),
}
