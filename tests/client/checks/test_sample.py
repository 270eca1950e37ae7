"""Samples: different points of a grid, with what was served there."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.checks.sample import as_sent, draw
from gridgrad.requests.prepare import prepare
from gridgrad.requests.request import Request
from tests.client.made_results import result_from

T, K = np.array([1.0, 2.0, 4.0]), np.array([-3.0, 5.0])
INPUTS = {"t": T, "k": K, "w": (("k", "t"), np.arange(6.0).reshape(2, 3)), "c": 0.5}
GRID = np.arange(6.0).reshape(3, 2)


def result(components: tuple[str, ...] = ()) -> gridgrad.Result:
    grid = np.stack([GRID, -GRID]) if components else GRID
    return result_from("f", INPUTS, {(): grid, ("t",): 10 * grid}, components)


def test_a_request_is_read_as_it_travels() -> None:
    sent = as_sent(prepare(Request("t*c", {"t": [1, 2], "c": 3}, order=2, dtype="float32")))
    assert sent.inputs["t"][0] == ("t",)
    assert sent.inputs["c"][0] == ()
    assert sent.derivatives == (("t",), ("t", "t"))
    assert sent.dtype == np.float32
    assert as_sent(prepare(Request(gridgrad.registered("f"), {"t": 1.0}))).function == gridgrad.registered("f")


@pytest.mark.parametrize("components", [(), ("u", "v")])
def test_points_have_their_inputs_and_what_was_served_there(components: tuple[str, ...]) -> None:
    served = result(components)
    sample = draw(as_sent(prepare(Request("f", INPUTS))), served, 4, seed=7)
    assert sample.points == 4
    assert len({tuple(position) for position in sample.positions.T.tolist()}) == 4
    for number, (i, j) in enumerate(sample.positions.T.tolist()):
        assert sample.point(number) == {"t": T[i], "k": K[j], "w": INPUTS["w"][1][j, i], "c": 0.5}  # type: ignore[index]
        assert sample.served[()][0, number] == GRID[i, j]
        assert sample.served["t",][-1, number] == (-10 if components else 10) * GRID[i, j]


def test_a_small_grid_is_taken_whole_and_one_seed_gives_one_sample() -> None:
    request = as_sent(prepare(Request("f", INPUTS)))
    assert_array_equal(draw(request, result(), 100, seed=1).served[()], [np.arange(6)])
    first, again, other = (draw(request, result(), 3, seed=seed).positions.tolist() for seed in (1, 1, 3))
    assert first == again != other


def test_a_single_point_has_no_position() -> None:
    sample = draw(as_sent(prepare(Request("c", {"c": 2.0}))), result_from("c", {"c": 2.0}, {(): 2.0}), 5, seed=0)
    assert sample.positions.shape == (0, 1)
    assert sample.point(0) == {"c": 2.0}
    assert_array_equal(sample.values("c"), [2.0])


def test_the_size_of_a_derivative_is_in_units_of_its_inputs() -> None:
    sample = draw(as_sent(prepare(Request("f", INPUTS))), result(), 6, seed=0)
    assert sample.size((), 0) == 5
    assert sample.size(("t",), 0) == 5 / 4
    assert sample.size(("k", "c"), 0) == 5 / 5 / 0.5


def test_a_grid_without_points_is_refused() -> None:
    empty = result_from("t", {"t": np.zeros(0)}, {(): np.zeros(0)})
    with pytest.raises(gridgrad.RequestError, match="a grid without points; give inputs of one value or more"):
        draw(as_sent(prepare(Request("t", {"t": np.zeros(0)}))), empty, 3, seed=0)
