"""The loop of a fit on sums made here: NIST's problems with certified values, and scipy's minima.

Data and certified values: NIST, Statistical Reference Datasets, Nonlinear Regression, https://www.itl.nist.gov/div898/strd/.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray

from gridgrad.frameworks.scipy.levenberg_marquardt import Minimum, minimized
from gridgrad.requests.least_squares_terms import LeastSquaresTerms
from tests.client.frameworks.scipy.nist import PROBLEMS, Problem

Floats = NDArray[np.float64]


def terms_of(problem: Problem, unit: float = 1.0) -> Callable[[Floats], LeastSquaresTerms]:
    """The sums of a problem, with residuals in another unit."""

    def terms_at(at: Floats) -> LeastSquaresTerms:
        value, slopes = problem.model(problem.x, *at)
        residual, jacobian = (value - problem.y) * unit, np.stack(slopes) * unit
        counts = np.array(len(residual))
        return LeastSquaresTerms(residual @ residual, jacobian @ residual, jacobian @ jacobian.T, counts, ())

    return terms_at


def ended(terms_at: Callable[[Floats], LeastSquaresTerms], start: Floats, *limits: Any) -> Minimum:
    return minimized(terms_at, start, terms_at(start), *limits)


@pytest.mark.parametrize("unit", [1.0, 1e-12, 1e12])
@pytest.mark.parametrize("which", [0, 1], ids=["far", "near"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_certified_values_from_both_starts_in_any_unit(name: str, which: int, unit: float) -> None:
    problem = PROBLEMS[name]
    found = ended(terms_of(problem, unit), np.array(problem.starts[which], float), 200)
    assert found.converged
    assert_allclose(found.parameters, problem.certified, rtol=2e-10)
    assert float(found.terms.rss) / unit**2 == pytest.approx(problem.rss, rel=1e-10)
    free = len(problem.x) - len(found.parameters)
    covariance = np.linalg.inv(found.terms.normal / unit**2)
    assert_allclose(np.sqrt(np.diagonal(covariance) * problem.rss / free), problem.errors, rtol=1e-9)


def test_each_iteration_is_told_and_never_gets_worse() -> None:
    told: list[tuple[int, float]] = []
    problem = PROBLEMS["BoxBOD"]
    found = ended(terms_of(problem), np.array([1.0, 1.0]), 200, lambda number, _, rss: told.append((number, rss)))
    assert [number for number, _ in told] == list(range(1, len(told) + 1))
    sums = [rss for _, rss in told]
    assert all(later <= earlier * (1 + 1e-13) for earlier, later in itertools.pairwise(sums))
    assert found.iterations >= len(told) > 5


def test_it_gives_up_and_says_so() -> None:
    problem = PROBLEMS["MGH09"]
    found = ended(terms_of(problem), np.array(problem.starts[0], float), 3)
    assert (found.converged, found.iterations, found.message) == (False, 3, "not within 3 iterations")


def test_where_the_sum_is_flat_it_stays() -> None:
    flat = LeastSquaresTerms(np.array(1.0), np.zeros(2), np.zeros((2, 2)), np.array(3), ())
    found = ended(lambda _: flat, np.array([1.0, 0.0]), 10)
    assert found.converged
    assert found.parameters.tolist() == [1.0, 0.0]
