"""Labels of dims: those that agree are found, those that differ are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad.arguments.dim_labels import dim_labels
from gridgrad.arguments.inputs import read_inputs

xarray = pytest.importorskip("xarray")


def array(labels: Any, **more: Any) -> Any:
    return xarray.DataArray([1.0, 2.0, 3.0], dims="s", coords={"s": labels}, **more)


def test_labels_that_agree_are_found_once() -> None:
    found = dim_labels({"t": array([10, 20, 30]), "k": array([10.0, 20.0, 30.0]), "x": np.ones(3), "y": 2.0})
    (labels,) = found.values()
    assert (labels.of, labels.values.tolist(), labels.attributes) == ("t", [10, 20, 30], {})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([10, 20, 30], [30, 20, 10]),
        (["a", "b", "c"], ["a", "b", "d"]),
        (np.array(["2020-01-01", "2020-01-02", "2020-01-03"], "M8[ns]"), [0, 1, 2]),
    ],
)
def test_labels_that_differ_are_refused(one: Any, other: Any) -> None:
    inputs = {"a": array(one), "b": array(other)}
    with pytest.raises(gridgrad.RequestError, match="other labels along 's' than 'a' has") as caught:
        read_inputs(inputs)
    assert caught.value.field == "inputs['b']"
    assert "xarray.align(a, b)" in str(caught.value)
    assert "b.drop_vars('s')" in str(caught.value)
    read_inputs({**inputs, "b": inputs["b"].drop_vars("s")})


def test_labels_that_are_nan_agree() -> None:
    assert "s" in dim_labels({"a": array([0, np.nan, 1]), "b": array([0, np.nan, 1])})


def test_what_has_no_labels_has_none() -> None:
    bare = xarray.DataArray([1.0, 2.0, 3.0], dims="s")
    assert dim_labels({"a": bare, "b": bare.variable, "c": [1.0], "d": ("s", [1.0])}) == {}
    assert set(dim_labels({"a": bare, "b": array([1, 2, 3])})) == {"s"}
