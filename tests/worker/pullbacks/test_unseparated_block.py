"""Blocks whose exponentials can't be products: a factor is large, and the other one vanishes."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from tests.worker.pullbacks.test_reverse_block import made, row


def test_a_product_of_what_is_large_and_what_vanishes_is_as_it_was_written() -> None:
    t, k = np.linspace(700.0, 800.0, 31), np.linspace(701.0, 799.0, 17)
    program = made("exp(t - k)*t", ["t", "k"], ["t", "k"])
    value, gradient = row(program, ["t", "k"], ["t", "k"], {"t": t, "k": k})
    grid = np.exp(t[:, None] - k)
    assert_allclose(value, (grid * t[:, None]).sum(), rtol=1e-12)
    assert_allclose(gradient["t"], (grid * (1 + t[:, None])).sum(1), rtol=1e-12)
    assert_allclose(gradient["k"], -(grid * t[:, None]).sum(0), rtol=1e-12)
    small = row(program, ["t", "k"], ["t", "k"], {"t": t - 700, "k": k - 700})[1]["t"]
    assert_allclose(small, (np.exp(t[:, None] - k) * (1 + t[:, None] - 700)).sum(1), rtol=1e-12)
