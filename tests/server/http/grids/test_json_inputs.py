"""Inputs in JSON: what each form means. What is refused is in test_json_request.py."""

from __future__ import annotations

import math

import numpy as np

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.http.grids.json_inputs import read_input, shape_of


def values(given: pb.Input) -> list[float]:
    numbers: list[float] = np.frombuffer(given.array.data, "<f8").tolist()
    return numbers


def read(given: object) -> pb.Input:
    return read_input("k", given)


def test_numbers_are_parameters_lists_axes_and_the_rest_is_named() -> None:
    given = read(2)
    assert (list(given.dims), shape_of(given), values(given)) == ([], (), [2.0])
    given = read([1, 2.5])
    assert (list(given.dims), shape_of(given), values(given)) == (["k"], (2,), [1.0, 2.5])
    given = read({"linspace": [0, 1, 5]})
    assert (list(given.dims), shape_of(given), given.linspace) == (["k"], (5,), pb.Linspace(start=0, stop=1, num=5))
    given = read({"dims": ["t", "z"], "values": [[1, 2, 3], [4, 5, 6]]})
    assert (list(given.dims), shape_of(given), values(given)) == (["t", "z"], (2, 3), [1, 2, 3, 4, 5, 6])
    given = read({"dims": "t", "values": [3, 4]})
    assert (list(given.dims), values(given)) == (["t"], [3.0, 4.0])


def test_coefficients_are_an_array_that_a_function_sums_over() -> None:
    given = read({"coefficients": [0.9, "NaN", -2.5]})
    assert (list(given.dims), shape_of(given), given.table.method) == ([], (3,), "array")
    numbers = np.frombuffer(given.table.values.data, "<f8")
    np.testing.assert_array_equal(numbers, [0.9, math.nan, -2.5])


def test_geomspace_is_that_of_numpy() -> None:
    np.testing.assert_allclose(values(read({"geomspace": [1, 1000, 7]})), np.geomspace(1, 1000, 7), rtol=1e-15)
    given = values(read({"geomspace": [-8, -0.1, 4]}))
    assert (given[0], given[-1]) == (-8.0, -0.1)
    np.testing.assert_allclose(given, np.geomspace(-8, -0.1, 4), rtol=1e-15)
    given = values(read({"geomspace": [1e-300, 1e300, 5]}))
    np.testing.assert_allclose(given, [1e-300, 1e-150, 1, 1e150, 1e300], rtol=1e-13)
    given = values(read({"geomspace": [-1e-200, -1e-180, 3]}))
    np.testing.assert_allclose(given, [-1e-200, -1e-190, -1e-180], rtol=1e-13)
    assert [values(read({"geomspace": [2, 8, num]})) for num in (0, 1)] == [[], [2.0]]


def test_what_is_no_number_is_a_string() -> None:
    nan, *others = values(read(["NaN", "Infinity", "-Infinity", -0.0, 1]))
    assert math.isnan(nan)
    assert others == [math.inf, -math.inf, 0.0, 1.0]
    assert math.copysign(1, others[2]) == -1


def test_digits_are_not_lost() -> None:
    given = read([0.1, 5e-324, 1.7976931348623157e308, 9007199254740993])
    assert values(given) == [0.1, 5e-324, 1.7976931348623157e308, 9007199254740992.0]
