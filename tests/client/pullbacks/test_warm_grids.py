"""Warm starts of grids: what each is asked with, and what can't follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad import Request
from gridgrad.pullbacks.warm_grids import WarmGrids

LIKE = Request("solve(T*r - p, r, start)", {}, order=1)


def test_guesses_are_those_of_the_first_grid_on_all_of_its_dims() -> None:
    grids = WarmGrids(LIKE, "start")
    first = grids.request_of({"start": 2.3, "T": [0.7, 0.8], "p": 1.0})
    assert [*first.inputs] == ["start", "T", "p"]
    assert (first.inputs["start"][0], first.inputs["start"][1].tolist()) == (("T",), [2.3, 2.3])
    assert first.derivatives == (("T",),), "the guess was a number"
    second = grids.request_of({"T": [0.9, 1.0], "p": 2.0})
    assert second.inputs["start"][1].tolist() == [2.3, 2.3]
    assert second.derivatives == first.derivatives


def test_the_dtype_is_the_one_without_guesses_of_all_dims() -> None:
    asked = WarmGrids(LIKE, ["start"]).request_of({"T": np.array([0.7], np.float32), "p": 1.0, "start": 1.0})
    assert asked.dtype == "float32"


@pytest.mark.parametrize(
    ("like", "warm_start", "many", "said"),
    [
        (LIKE, {"start": "p"}, [], "grids follow one another, not an axis"),
        (LIKE, 3, [], 'write warm_start="start"'),
        (LIKE, [], [], 'write warm_start="start"'),
        (LIKE, [1], [], 'write warm_start="start"'),
        (Request("x", {}, reduce="sum"), "x", [], "leave out reduce"),
        (LIKE, "begin", [{"T": 1.0, "p": 1.0, "start": 1.0}], "'begin', which is no input"),
        (
            LIKE,
            "start",
            [{"T": [1.0, 2.0], "p": 1.0, "start": 1.0}, {"T": [1.0], "p": 1.0}],
            "a grid of 1 T after one of 2 T",
        ),
        (
            Request("solve(T*r - p, r, start)", {}, order=0),
            "start",
            [{"T": 1.0, "p": 1.0, "start": 1.0}, {"T": [1.0], "p": 1.0}],
            "a grid of 1 T after one of one point",
        ),
    ],
)
def test_what_can_follow_no_grid_is_refused(like: Request, warm_start: Any, many: list[Any], said: str) -> None:
    def ask() -> None:
        grids = WarmGrids(like, warm_start)
        for inputs in many:
            grids.request_of(inputs)

    with pytest.raises(gridgrad.RequestError) as error:
        ask()
    assert said in str(error.value)
