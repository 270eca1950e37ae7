"""Inputs that come in one array, as positions of shape (n, 3) do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.arguments.stacked_inputs import unstacked
from gridgrad.requests.prepare import prepare
from gridgrad_core.errors import RequestError

XYZ = ("x", "y", "z")
POSITIONS = np.arange(12.0).reshape(4, 3)


def test_columns_are_inputs_in_step() -> None:
    call = prepare(gridgrad.Request("x + y*z*c", {XYZ: POSITIONS, "c": 2.0}))
    assert [(each.name, each.dims) for each in call.inputs] == [*((name, ("point",)) for name in XYZ), ("c", ())]
    assert_array_equal(call.inputs[1].values, [1, 4, 7, 10])
    assert call.template.grid.shape == (4,)
    assert call.template.derivatives == (("x",), ("y",), ("z",))


@pytest.mark.parametrize("dims", ["atom", ("atom",), ("atom", "xyz")])
def test_their_dim_may_be_named_and_so_may_the_one_that_is_taken_apart(dims: Any) -> None:
    apart = unstacked({XYZ: (dims, POSITIONS)})
    assert {name: value[0] for name, value in apart.items()} == dict.fromkeys(XYZ, ("atom",))


def test_a_labelled_array_has_its_own() -> None:
    xarray = pytest.importorskip("xarray")
    apart = unstacked({XYZ: xarray.DataArray(POSITIONS, dims=("atom", "component"))})
    assert apart["z"][0] == ("atom",)
    assert_array_equal(apart["z"][1], [2, 5, 8, 11])


def test_one_point_is_numbers() -> None:
    call = prepare(gridgrad.Request("x + y + z", {XYZ: [1.0, 2.0, 3.0]}, wrt="x"))
    assert [each.dims for each in call.inputs] == [(), (), ()]


def test_a_field_has_all_its_dims_but_the_last() -> None:
    apart = unstacked({("u", "v"): (("i", "j"), np.zeros((2, 5, 2)))})
    assert apart["u"][0] == ("i", "j")
    assert apart["u"][1].shape == (2, 5)


def test_float32_stays_so() -> None:
    assert prepare(gridgrad.Request("x + y + z", {XYZ: POSITIONS.astype("f4")})).template.dtype == np.float32


def test_plain_inputs_are_the_very_same() -> None:
    inputs = {"x": [1.0]}
    assert unstacked(inputs) is inputs


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({("x", "y"): POSITIONS}, r"shape \[4, 3\] for 2 names; give one whose last dim has length 2"),
        ({XYZ: 1.0}, r"shape \[\] for 3 names"),
        ({XYZ: np.zeros((2, 4, 3))}, r'name all but the last: \(\("i", "j"\), array\)'),
        ({XYZ: (("i", "j", "k"), POSITIONS)}, "3 dims .* for an array of 2"),
        ({XYZ: POSITIONS, "x": 1.0}, "'x' a second time"),
        ({("x", 3): np.zeros((2, 2))}, "3 as the name of an input"),
    ],
)
def test_what_can_not_be_taken_apart(inputs: Any, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        prepare(gridgrad.Request("x", inputs))


def test_positions_under_one_name_are_told_how_to_be_three() -> None:
    with pytest.raises(RequestError, match=r'columns are inputs of their own: \{\("x", "y", "z"\): array\}'):
        prepare(gridgrad.Request("r", {"r": POSITIONS}))
    with pytest.raises(RequestError) as caught:
        prepare(gridgrad.Request("r", {"r": np.zeros((4, 50))}))
    assert "columns" not in caught.value.remedy


def test_what_means_more_than_its_numbers_is_refused_here_too() -> None:
    with pytest.raises(RequestError, match="a masked array"):
        unstacked({XYZ: np.ma.masked_array(POSITIONS, POSITIONS > 5)})
    xarray = pytest.importorskip("xarray")
    atoms = {"atom": [1, 2, 3, 4]}
    positions = xarray.DataArray(POSITIONS, dims=("atom", "component"), coords=atoms)
    charges = xarray.DataArray(np.ones(4), dims="atom", coords={"atom": [4, 3, 2, 1]})
    with pytest.raises(RequestError, match="other labels along 'atom'"):
        prepare(gridgrad.Request("x + y + z + q", {XYZ: positions, "q": charges}))
