"""Derivatives by the names of their inputs, and what a missing one says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gridgrad.results.planes import Derivatives, plane_index
from tests.client.results.served_results import SUMS, result_of


def test_derivatives_by_every_spelling() -> None:
    result = result_of(order=2)
    assert_array_equal(result.d["t"], SUMS + 1000)
    assert_array_equal(result.d["k",], SUMS + 2000)
    assert_array_equal(result.d["t", "k"], SUMS + 4000)
    assert_array_equal(result.d["k", "t"], result.d["t", "k"])
    assert_array_equal(result.d[["k", "t"]], result.d["t", "k"])
    assert_array_equal(result.d[()], result.value)


def test_derivatives_are_a_mapping_in_the_order_asked() -> None:
    result = result_of(derivatives=["k", ("k", "t")])
    assert list(result.d) == [("k",), ("t", "k")]
    assert len(result.d) == 2
    assert ("k", "t") in result.d
    assert "k" in result.d
    assert "t" not in result.d
    assert result.d.get("t") is None
    assert repr(result.d) == 'Derivatives("k", ("t", "k"))'
    assert repr(result_of(order=0).d) == "Derivatives(none)"


def test_keys_are_completed_as_they_are_written() -> None:
    result = result_of(order=2)
    offered = result.d._ipython_key_completions_()
    assert offered == ["t", "k", ("t", "t"), ("t", "k"), ("k", "k")]
    for key in offered:
        assert_array_equal(result.d[key], result.d[tuple(key)])


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("c", '"c" was not asked for; derivatives present: "t", "k"; ask for it with derivatives=["c"] or wrt=\'c\''),
        (("t", "t"), "ask for it with derivatives=[('t', 't')] or order=2"),
        ("z", "'z' is no input of this result"),
        (("t", "z"), "'z' is no input of this result"),
    ],
)
def test_a_derivative_that_is_not_there(key: Any, said: str) -> None:
    with pytest.raises(KeyError) as caught:
        result_of().d[key]
    assert said in caught.value.args[0]


def test_planes_come_in_the_order_asked_after_the_value() -> None:
    index = plane_index((("k",), ("t", "k")))
    assert index == {(): 0, ("k",): 1, ("t", "k"): 2}
    assert plane_index((("k",), ("t", "k"))) is index


def test_several_planes_of_one_derivative_come_stacked() -> None:
    planes = np.arange(8.0).reshape(4, 2)
    found = Derivatives(planes, {(): 0, ("n",): np.array([[1, 2, 3]])}, ("x", "n"))
    assert_array_equal(found["n"], planes[1:][np.newaxis])
    assert list(found) == [("n",)]
