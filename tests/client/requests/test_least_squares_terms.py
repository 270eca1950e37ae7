"""Terms of least squares, read from a result whose components are the sums."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_array_equal

from gridgrad.requests.least_squares_terms import terms_of

SUMS = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0], [5.0, 50.0], [6.0, 60.0], [7.0, 70.0]])
"""Of two parameters on two pixels: rss, gradient, upper triangle, n."""


def test_dims_that_stay_come_first_and_the_matrix_is_whole() -> None:
    terms = terms_of(SUMS, ["a", "b"])
    assert_array_equal(terms.rss, [1, 10])
    assert_array_equal(terms.gradient, [[2, 3], [20, 30]])
    assert_array_equal(terms.normal, [[[4, 5], [5, 6]], [[40, 50], [50, 60]]])
    assert_array_equal(terms.n, [7, 70])
    assert (terms.n.dtype.name, terms.names) == ("int64", ("a", "b"))
    solved = np.linalg.solve(terms.normal, -terms.gradient[..., np.newaxis])
    assert solved.shape == (2, 2, 1)
