"""The method of Levenberg and Marquardt on sums that somebody else makes of residuals.

K. Madsen, H. B. Nielsen, O. Tingleff, Methods for Non-Linear Least Squares Problems, 2nd ed., 2004, algorithm 3.16;
variables are scaled as by J. J. Moré, The Levenberg-Marquardt Algorithm, Lecture Notes in Mathematics 630 (1978) 105.

Invariants:
* Nothing is compared with an absolute number: residuals in units of 1e-12 take the same way to the same place.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gridgrad.requests.least_squares_terms import LeastSquaresTerms

__all__ = ["Minimum", "minimized"]

Floats = NDArray[np.float64]

_DAMPING = 1e-3
_MORE_DAMPING = 4.0
"""At first, as long as a step would be longer than the parameters are: far from the end it goes astray."""
_LEAST_STEP = 1e-13
"""Of the parameters, as they are scaled: when a step is shorter, it is the last."""
_ROUNDED = 1e-13
"""Of the sum of squares: where it is to fall by less, rounding hides that, and the gradient tells a good step."""


class Minimum(NamedTuple):
    """Where it ended.

    Args:
        parameters: there.
        terms: there.
        iterations: how often terms were asked for.
        converged: whether no better place is near.
        message: why it ended.
    """

    parameters: Floats
    terms: LeastSquaresTerms
    iterations: int
    converged: bool
    message: str


def minimized(
    terms_at: Callable[[Floats], LeastSquaresTerms],
    start: Floats,
    begin: LeastSquaresTerms,
    most_iterations: int,
    progress: Callable[[int, Floats, float], object] | None = None,
) -> Minimum:
    """Finds a minimum of a sum of squares.

    Args:
        terms_at: the sums at parameters.
        start: where to begin.
        begin: the sums there.
        most_iterations: how often terms are asked for at most.
        progress: called with the number of each iteration, the best parameters so far, and their sum.
    """
    at, terms, growth = start, begin, 2.0
    scale = _scale_of(terms.normal)
    damping = _first_damping(terms, start, scale)
    for iteration in range(1, most_iterations + 1):
        step, gain = _step(terms, scale, damping)
        if not _is_longer(step, at, scale):
            return Minimum(at, terms, iteration - 1, True, "the step is shorter than the parameters can tell")
        tried = terms_at(at + step)
        fallen = float(terms.rss - tried.rss)
        is_hidden = gain <= _ROUNDED * float(terms.rss)
        if is_hidden:
            fallen = gain if _slope(tried, scale) < _slope(terms, scale) else 0.0
        if fallen > 0:
            at, terms = at + step, tried
            scale = np.maximum(scale, _scale_of(terms.normal))
            damping, growth = damping * max(1 / 3, 1 - (2 * fallen / gain - 1) ** 3), 2.0
        elif is_hidden:
            return Minimum(at, terms, iteration, True, "the gradient falls no further than it is rounded")
        else:
            damping, growth = damping * growth, 2 * growth
        if progress:
            progress(iteration, at, float(terms.rss))
        if not math.isfinite(damping):
            return Minimum(at, terms, iteration, False, "no step makes the sum smaller")
    return Minimum(at, terms, most_iterations, False, f"not within {most_iterations} iterations")


def _scale_of(normal: Floats) -> Floats:
    """By what parameters are scaled, so that each counts alike."""
    sizes = np.sqrt(np.diagonal(normal))
    return np.where(sizes > 0, sizes, 1.0)


def _first_damping(terms: LeastSquaresTerms, start: Floats, scale: Floats) -> float:
    """What keeps the first step no longer than the parameters, as they are scaled."""
    damping, longest = _DAMPING, np.linalg.norm(start * scale)
    while longest > 0 and np.linalg.norm(_step(terms, scale, damping)[0] * scale) > longest:
        damping *= _MORE_DAMPING
    return damping


def _slope(terms: LeastSquaresTerms, scale: Floats) -> float:
    """The length of the gradient, as parameters are scaled."""
    return float(np.linalg.norm(terms.gradient / scale))


def _step(terms: LeastSquaresTerms, scale: Floats, damping: float) -> tuple[Floats, float]:
    """The step, and by how much the sum is to fall."""
    matrix = terms.normal / np.outer(scale, scale) + damping * np.eye(len(scale))
    slope = terms.gradient / scale
    scaled = np.linalg.lstsq(matrix, -slope, rcond=None)[0]
    return scaled / scale, float(scaled @ (damping * scaled - slope))


def _is_longer(step: Floats, at: Floats, scale: Floats) -> bool:
    """Whether a step is longer than it may be at the end."""
    return bool(np.linalg.norm(step * scale) > _LEAST_STEP * np.linalg.norm(at * scale))
