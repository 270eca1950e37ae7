"""What users give as inputs, and what is made of it."""

from __future__ import annotations

from collections import OrderedDict
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.arguments.inputs import FLOAT32, FLOAT64, Input, computing_dtype, read_inputs
from gridgrad.arguments.linspace import Linspace

MATRIX = np.arange(6.0).reshape(2, 3)


class Labelled(NamedTuple):
    """What xarray's DataArray looks like to us."""

    dims: tuple[Any, ...]
    values: Any


class Lazy:
    """An array of another library, such as a tensor on the CPU."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        return np.array([1.0, 2.0])


class Elsewhere:
    """An array that can't be had, such as a tensor on a GPU."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        raise TypeError("can't convert cuda:0 device type tensor to numpy")


def read(value: Any) -> Input:
    (given,) = read_inputs({"x": value})
    return given


@pytest.mark.parametrize(
    ("value", "dims", "numbers"),
    [
        ([1, 2.5], ["x"], [1, 2.5]),
        ((1, 2, 3), ["x"], [1, 2, 3]),
        ((1, 2), ["x"], [1, 2]),
        (range(3), ["x"], [0, 1, 2]),
        ([], ["x"], []),
        (3, [], 3),
        (2.5, [], 2.5),
        (True, [], 1),
        (10**20, [], 1e20),
        (np.float64(2), [], 2),
        (np.int8(-3), [], -3),
        (np.array(7), [], 7),
        (np.array([1, 2], ">f8"), ["x"], [1, 2]),
        (np.array([1, 2], ">i4"), ["x"], [1, 2]),
        (np.arange(6.0)[::-2], ["x"], [5, 3, 1]),
        (np.arange(3, dtype=np.uint64), ["x"], [0, 1, 2]),
        (np.array([True, False]), ["x"], [1, 0]),
        (np.array([1.5], np.float16), ["x"], [1.5]),
        (np.array([1.5], np.longdouble), ["x"], [1.5]),
        (np.array([np.nan, np.inf, -np.inf, -0.0]), ["x"], [np.nan, np.inf, -np.inf, -0.0]),
        (("p", [1, 2]), ["p"], [1, 2]),
        (((), 4.0), [], 4),
        ((("i", "j"), MATRIX), ["i", "j"], MATRIX),
        ((["i", "j"], MATRIX.tolist()), ["i", "j"], MATRIX),
        ((("i", "j"), MATRIX.T), ["i", "j"], MATRIX.T),
        (Labelled(("a", "b"), MATRIX), ["a", "b"], MATRIX),
        (Labelled((), np.array(1.0)), [], 1),
        (("p", Lazy()), ["p"], [1, 2]),
        (Lazy(), ["x"], [1, 2]),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_taken(value: Any, dims: list[str], numbers: Any) -> None:
    given = read(value)
    assert isinstance(given.values, np.ndarray)
    assert given.dims == tuple(dims)
    assert given.values.dtype in (FLOAT32, FLOAT64)
    assert given.values.flags.c_contiguous
    assert_array_equal(given.values, np.asarray(numbers, float))
    assert np.signbit(given.values).tolist() == np.signbit(np.asarray(numbers, float)).tolist()


@pytest.mark.parametrize(
    ("value", "found", "remedy"),
    [
        ([1 + 2j], "complex128", "real and imaginary parts"),
        (1j, "complex128", "real and imaginary parts"),
        ([[1, 2], [3]], "no array", "rows of equal length"),
        ([1, None], "object", "dtype=float"),
        ([Fraction(1, 2)], "object", "dtype=float"),
        ({1: 2}, "object", "dtype=float"),
        (None, "object", "dtype=float"),
        ("wrong", "<U5", "dtype=float"),
        (["a", "b"], "<U1", "dtype=float"),
        (np.array(["2020-01-01"], "M8[D]"), "datetime64", "seconds since"),
        (np.array([1], "m8[s]"), "timedelta64", "seconds"),
        (np.ma.array([1.0, 2.0], mask=[False, True]), "masked", "filled"),
        (10**400, "beyond float64", "smaller"),
        (Elsewhere(), "cuda:0", "give"),
        (MATRIX, r"shape \[2, 3\] without", r'\{"x": \(\("i", "j"\), array\)\}'),
        (("p", MATRIX), "1 dims", "one dim for each"),
        (("p", 1.0), "1 dims", "one dim for each"),
        ((("i", "j"), [1.0]), "2 dims", "one dim for each"),
        (((), [1.0]), "0 dims", "one dim for each"),
        ((("i", "j"), Linspace(0, 1, 2)), "2 dims", "one dim for each"),
        (Labelled((1,), [1.0]), r"dims \(1,\)", "text"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_is_refused_by_name(value: Any, found: str, remedy: str) -> None:
    with pytest.raises(gridgrad.RequestError, match=found) as caught:
        read(value)
    assert caught.value.field == "inputs['x']"
    with pytest.raises(gridgrad.RequestError, match=remedy):
        read(value)


@pytest.mark.parametrize("inputs", [[1.0], None, "t", {1: [1.0]}, {("t",): 1.0}])
def test_names_are_needed(inputs: Any) -> None:
    with pytest.raises(gridgrad.RequestError, match="inputs"):
        read_inputs(inputs)


def test_the_order_of_the_mapping_is_kept() -> None:
    assert [i.name for i in read_inputs(OrderedDict(z=1, a=2, m=3))] == ["z", "a", "m"]


def test_an_array_that_fits_is_not_copied() -> None:
    values = np.arange(3.0)
    assert read(values).values is values


@pytest.mark.parametrize(
    ("inputs", "dtype"),
    [
        ({"x": np.ones(2, np.float32)}, FLOAT32),
        ({"x": np.ones(2, np.float16)}, FLOAT32),
        ({"x": np.ones(2, np.float32), "a": 0.1, "b": np.float64(2), "l": gridgrad.linspace(0, 1, 2)}, FLOAT32),
        ({"x": np.ones(2, np.float32), "y": np.ones(2)}, FLOAT64),
        ({"x": np.ones(2, np.float32), "y": [1.0]}, FLOAT64),
        ({"x": np.ones(2, np.float32), "y": np.ones(2, int)}, FLOAT64),
        ({"a": np.float32(1)}, FLOAT64),
        ({"l": gridgrad.linspace(0, 1, 2)}, FLOAT64),
        ({}, FLOAT64),
    ],
)
def test_float32_if_every_array_is(inputs: dict[str, Any], dtype: np.dtype[Any]) -> None:
    assert computing_dtype(read_inputs(inputs)) == dtype


@pytest.mark.parametrize("dtype", ["float32", "f4", np.float32, np.dtype(">f4")])
def test_a_dtype_that_is_asked_for(dtype: Any) -> None:
    if dtype == np.dtype(">f4"):
        with pytest.raises(gridgrad.RequestError, match="dtype"):
            computing_dtype((), dtype)
    else:
        assert computing_dtype(read_inputs({"x": [1.0]}), dtype) == FLOAT32


@pytest.mark.parametrize("dtype", ["float16", int, "complex128", "nonsense", object(), 3.5])
def test_a_dtype_that_is_none(dtype: Any) -> None:
    with pytest.raises(gridgrad.RequestError, match="'float32' or 'float64'"):
        computing_dtype((), dtype)


# Linspace
