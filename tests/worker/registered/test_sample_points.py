"""Where registered functions are checked."""

from __future__ import annotations

import numpy as np
import pytest

from gridgrad_worker import function
from gridgrad_worker.registered.registry import load
from gridgrad_worker.registered.sample_points import sample_points

pytestmark = pytest.mark.usefixtures("clean_registry")

SPECIAL = {0.0, 1.0, -1.0, 2.0, -2.0, 25.0, -25.0, 500.0, -500.0}


def test_they_are_the_authors_and_those_beside() -> None:
    function(name="named", samples={"x": [0, 2], "y": 3})(lambda x, y, z=4.0: x)  # noqa: ARG005 - that it is unused is the point
    points = sample_points(load([])["named"])
    assert points[:2].tolist() == [[0, 3, 4], [2, 3, 4]]
    beside = 2.0**-10
    assert np.array_equal(points[2:] - points[:2], beside * np.array([[2, 3, 4], [2, 3, 4]]))


def test_beside_zero_alone_is_a_number_too() -> None:
    function(name="at_zero", samples={"x": 0.0})(lambda x: x)
    assert sample_points(load([])["at_zero"]).tolist() == [[0], [2.0**-10]]


def test_they_are_drawn_by_the_name() -> None:
    function(name="drawn")(lambda x, near=300.0: x)  # noqa: ARG005 - that it is unused is the point
    drawn = sample_points(load([])["drawn"])
    assert np.array_equal(drawn, sample_points(load([])["drawn"]))
    assert (drawn[:, 0] < 0).any()
    assert ((drawn[:, 1] >= 150) & (drawn[:, 1] <= 450)).all()
    assert set(drawn[:, 0]) >= SPECIAL


def test_each_input_is_a_special_number_alone_and_small_ones_with_all_others() -> None:
    function(name="of_two")(lambda x, y: x + y)
    points = sample_points(load([])["of_two"])
    for column in (0, 1):
        alone = ~np.isin(points[:, 1 - column], list(SPECIAL))
        assert set(points[alone, column]) >= SPECIAL
    tied = points[points[:, 0] == points[:, 1]]
    assert set(tied[:, 0]) == {0.0, 1.0, -1.0, 2.0, -2.0}
