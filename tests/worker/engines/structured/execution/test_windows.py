"""Windows: cut so that each point is in one of them, and that they are aligned to the panel."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gridgrad_worker.engines.structured.execution.products import Factors
from gridgrad_worker.engines.structured.execution.windows import PanelWindow, cut


def whole(requests: int, *lengths: int) -> PanelWindow:
    return PanelWindow(slice(0, requests), tuple(slice(0, length) for length in lengths), lengths)


@pytest.mark.parametrize("points", [1, 3, 7, 12, 30, 60, 1000])
@pytest.mark.parametrize("lengths", [(5,), (4, 6), (3, 4, 5), (1, 9), ()])
def test_each_point_is_in_one_window_and_none_is_too_large(lengths: tuple[int, ...], points: int) -> None:
    counts = np.zeros((1, *lengths), int)
    for window in cut(whole(1, *lengths), points):
        assert math.prod(window.shape) <= points
        counts[(window.requests, *window.ranges)] += 1
    assert (counts == 1).all()


def test_whole_requests_are_computed_together_as_far_as_they_fit() -> None:
    windows = list(cut(whole(7, 2, 3), 18))
    assert [window.requests for window in windows] == [slice(0, 3), slice(3, 6), slice(6, 7)]
    assert all(window.ranges == (slice(0, 2), slice(0, 3)) for window in windows)


def test_a_part_is_cut_where_the_whole_panel_is() -> None:
    part = PanelWindow(slice(0, 1), (slice(3, 17),), (20,))
    assert [window.ranges[0] for window in cut(part, 8)] == [slice(3, 8), slice(8, 16), slice(16, 17)]


def test_what_lies_in_a_window() -> None:
    window = PanelWindow(slice(1, 3), (slice(2, 4), slice(0, 1)), (5, 1))
    values = torch.arange(4 * 5.0).view(4, 5, 1)
    assert torch.equal(window.of(values), values[1:3, 2:4])
    of_all_requests = torch.arange(5.0).view(1, 5, 1)
    assert torch.equal(window.of(of_all_requests), of_all_requests[:, 2:4])
    constant = torch.tensor(3.0)
    assert window.of(constant) is constant


@pytest.mark.parametrize("is_contiguous", [True, False])
def test_a_product_over_a_window_is_that_of_the_matrices(is_contiguous: bool) -> None:
    random = np.random.default_rng(3)
    left, right = random.normal(size=(4, 6)), random.normal(size=(4, 7))  # [terms, rows], [terms, columns]
    factors = Factors(torch.zeros(1, 4, 32).double(), torch.zeros(1, 4, 32).double(), (32, 32))
    factors.left[0, :, :6], factors.right[0, :, :7] = torch.from_numpy(left), torch.from_numpy(right)
    window = PanelWindow(slice(0, 1), (slice(2, 3), slice(0, 3), slice(1, 6)), (2, 3, 7))
    window = window._replace(ranges=(slice(1, 2), slice(0, 3), slice(1, 6)))
    out = torch.zeros(1, 1, 3, 5 if is_contiguous else 9).double()[..., :5]
    window.write_product(factors, 2, out)
    np.testing.assert_allclose(out[0, 0], (left.T @ right)[3:6, 1:6], rtol=1e-13)
