"""What each value of a table counts for: the splines through one and noughts, by scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from gridgrad_core.tables.basis import LINEAR_IN_VALUES, basis_tables
from gridgrad_core.tables.table_numbers import TableNumbers

interpolate = pytest.importorskip("scipy.interpolate")

X, Y = np.array([0, 1, 2.5, 3, 4.5, 6, 7]), np.array([0, 1.0, 3])


def one(method: str = "cubic", boundary: Any = "not-a-knot", outside: str = "nan") -> TableNumbers:
    return TableNumbers(np.zeros(len(X)), (X,), method, outside, boundary)


@pytest.mark.parametrize("method", sorted(LINEAR_IN_VALUES - {"hermite"}))
def test_each_has_one_value_that_is_1(method: str) -> None:
    (found,) = basis_tables(one(method), (False,), 64)
    assert_array_equal(found.values, np.eye(7))
    assert (found.method, found.components) == (method, 7)


def test_values_and_slopes_have_one_each() -> None:
    table = TableNumbers(np.zeros((2, 7)), (X,), "hermite", "nan", "not-a-knot")
    (found,) = basis_tables(table, (True,), 64)
    assert_array_equal(found.values[0], np.hstack([np.eye(7)[:, ::-1], np.zeros((7, 7))]))
    assert_array_equal(found.values[1], np.hstack([np.zeros((7, 7)), np.eye(7)[:, ::-1]]))


@pytest.mark.parametrize("method", ["pchip", "akima"])
@pytest.mark.parametrize("turned", [False, True])
def test_of_what_is_not_linear_they_have_the_derivatives_of_its_slopes(method: str, turned: bool) -> None:
    spline = {"pchip": interpolate.PchipInterpolator, "akima": interpolate.Akima1DInterpolator}[method]
    rng, r, step = np.random.default_rng(3), np.linspace(0, 6.99, 60), 1e-6
    values = np.stack([np.cumsum(rng.uniform(size=7)), rng.normal(size=7)], 1)
    table = TableNumbers(values, (X,), method, "nan", "not-a-knot")
    for component in range(2):
        (found,) = basis_tables(table, (turned,), 64, component)
        of_value = interpolate.CubicHermiteSpline(X, found.values[0], found.values[1])(r)
        for number in range(7):
            by = np.zeros(7)
            by[6 - number if turned else number] = step
            sides = [spline(X, values[:, component] + sign * by)(r) for sign in (1, -1)]
            assert_allclose(of_value[:, number], (sides[0] - sides[1]) / (2 * step), atol=3e-8)


def test_they_stand_in_the_order_in_which_values_are_counted() -> None:
    (found,) = basis_tables(one(), (True,), 64)
    assert_array_equal(found.values, np.eye(7)[:, ::-1])


def test_they_are_shared_out_where_a_table_can_have_no_more() -> None:
    found = basis_tables(one(), (False,), 3)
    assert [each.components for each in found] == [3, 3, 1]
    assert_array_equal(np.concatenate([each.values for each in found], 1), np.eye(7))


def test_of_some_values_they_are_some() -> None:
    pair = TableNumbers(np.zeros((3, 7)), (Y, X), "linear", "nan", "not-a-knot")
    sloped = TableNumbers(np.zeros((2, 7)), (X,), "hermite", "nan", "not-a-knot")
    for table, turned in ((pair, (False, True)), (sloped, (True,)), (one("pchip"), (True,)), (one(), (True,))):
        (whole,), (some,) = basis_tables(table, turned, 64), basis_tables(table, turned, 64, which=range(3, 6))
        assert_array_equal(some.values, whole.values[..., 3:6])


def test_conditions_at_the_ends_are_those_of_differences() -> None:
    (found,) = basis_tables(one(boundary=((1, 0.5), (2, 3.0))), (False,), 64)
    assert found.boundary == ((1, 0.0), (2, 0.0))


@pytest.mark.parametrize("said", [{"boundary": "periodic"}, {"outside": "periodic", "method": "linear"}])
def test_the_last_value_of_what_is_periodic_is_the_first(said: dict[str, str]) -> None:
    (found,) = basis_tables(one(**said), (False,), 64)
    assert_array_equal(found.values[0], found.values[-1])
    assert_array_equal(found.values[-1], [1, 0, 0, 0, 0, 0, 0])


def test_along_two_axes_they_are_in_c_order() -> None:
    table = TableNumbers(np.zeros((3, 7, 2)), (Y, X), "cubic", "nan", "not-a-knot")
    (found,) = basis_tables(table, (False, True), 64)
    for number in range(21):
        assert_allclose(found.values[..., number], np.eye(21)[number].reshape(3, 7)[:, ::-1])
