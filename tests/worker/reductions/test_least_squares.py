"""Sums of residuals: exact values, what numpy makes of the whole Jacobian, and losses as scipy has them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from scipy.optimize import least_squares

from gridgrad_core.reduction import LOSSES as NAMES
from gridgrad_worker.reductions.block_states import BesideBlocks
from gridgrad_worker.reductions.least_squares import LOSSES, LeastSquaresRule, Loss

RNG = np.random.default_rng(3)
VALUES = RNG.normal(size=(3, 2, 4, 50))
DATA = RNG.normal(size=(2, 4, 50))
WEIGHTS = RNG.uniform(0.5, 2, size=(2, 4, 50))


def summed(
    rule: LeastSquaresRule, data: NDArray[np.float64] = DATA, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    states = rule.of_blocks(VALUES, BesideBlocks(np.zeros((4,), np.int64), weights, data))
    return rule.result(rule.together(states))


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighed"])
def test_they_are_those_of_the_whole_jacobian(weights: NDArray[np.float64] | None) -> None:
    found = summed(LeastSquaresRule(), weights=weights)
    roots = np.sqrt(1.0 if weights is None else weights)
    residual = ((VALUES[0] - DATA) * roots).reshape(2, -1)
    slopes = (VALUES[1:] * roots).reshape(2, 2, -1)
    for result in range(2):
        r, jacobian = residual[result], slopes[:, result]
        normal = jacobian @ jacobian.T
        expected = [r @ r, *(jacobian @ r), normal[0, 0], normal[0, 1], normal[1, 1], 200]
        assert_allclose(found[:, result], expected, rtol=1e-12)


def test_gaps_in_the_data_are_nan_or_left_out() -> None:
    gaps = DATA.copy()
    gaps[0, 1, 7] = np.nan
    assert np.isnan(summed(LeastSquaresRule(), gaps)[:-1, 0]).all()
    assert not np.isnan(summed(LeastSquaresRule(), gaps)[:, 1]).any()
    left = summed(LeastSquaresRule(skip_nan=True), gaps, np.where(np.isnan(gaps), np.nan, WEIGHTS))
    without = np.where(np.isnan(gaps), 0.0, WEIGHTS)
    assert_allclose(left[:-1], summed(LeastSquaresRule(), DATA, without)[:-1], rtol=1e-12)
    assert left[-1].tolist() == [199, 200]


@pytest.mark.parametrize("kind", NAMES)
def test_losses_are_those_of_scipy(kind: str) -> None:
    assert LOSSES.keys() == set(NAMES)
    found = summed(LeastSquaresRule(Loss(kind, 0.7)))[:, 0]
    residual, slopes = (VALUES[0] - DATA)[0].reshape(-1), VALUES[1:, 0].reshape(2, -1)
    theirs = least_squares(lambda _: residual, [0.0, 0.0], jac=lambda _: slopes.T, loss=kind, f_scale=0.7, max_nfev=1)
    assert found[0] / 2 == pytest.approx(theirs.cost, rel=1e-12)
    assert_allclose(found[1:3], theirs.grad, rtol=1e-10)


def test_the_bits_of_a_block_do_not_depend_on_its_company() -> None:
    rule = LeastSquaresRule(Loss("huber", 0.5))
    together = rule.of_blocks(VALUES, BesideBlocks(np.zeros((4,), np.int64), WEIGHTS, DATA))
    alone = rule.of_blocks(VALUES[:, 1:, 2:3], BesideBlocks(np.zeros((1,), np.int64), WEIGHTS[1:, 2:3], DATA[1:, 2:3]))
    assert alone[:, 0, 0].tobytes() == together[:, 1, 2].tobytes()


def test_a_sum_of_nan_is_nan_under_every_loss() -> None:
    for value, slope in (LOSSES[kind](np.array([np.nan])) for kind in NAMES if kind != "linear"):
        assert math.isnan(value[0])
        assert math.isnan(slope[0])
