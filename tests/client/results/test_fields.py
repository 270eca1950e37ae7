"""Fields made from partials, against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gridgrad
from tests.client.made_results import result_from

X, Y = np.linspace(-1, 2, 7), np.linspace(0.5, 3, 5)
x, y = np.meshgrid(X, Y, indexing="ij")
INPUTS = {"x": X, "y": Y, "c": 2.0}


def quadratic(**inputs: Any) -> gridgrad.Result:
    """x²y³ with all partials to the second order."""
    grids = {
        (): x**2 * y**3,
        ("x",): 2 * x * y**3,
        ("y",): 3 * x**2 * y**2,
        ("x", "x"): 2 * y**3,
        ("x", "y"): 6 * x * y**2,
        ("y", "y"): 6 * x**2 * y,
    }
    return result_from("x**2*y**3", {**INPUTS, **inputs}, grids)


def pair() -> gridgrad.Result:
    """(x²y, xy²) with its first partials."""
    grids = {(): (x**2 * y, x * y**2), ("x",): (2 * x * y, y**2), ("y",): (x**2, 2 * x * y)}
    return result_from("x**2*y, x*y**2", INPUTS, grids, ("u", "v"))


def test_of_a_scalar_function() -> None:
    result = quadratic()
    assert_allclose(result.gradient_norm(), np.sqrt((2 * x * y**3) ** 2 + (3 * x**2 * y**2) ** 2), rtol=1e-15)
    assert_allclose(result.gradient_norm(wrt="x"), np.abs(2 * x * y**3), rtol=1e-15)
    assert_allclose(result.laplacian(), 2 * y**3 + 6 * x**2 * y, rtol=1e-15)
    assert_array_equal(result.laplacian(wrt=["y"]), result.d["y", "y"])
    assert result.jacobian().shape == (7, 5, 1, 2)
    assert_array_equal(result.jacobian(wrt=("y", "x"))[..., 0, 0], result.d["y"])
    hessian = result.hessian()
    assert hessian.shape == (7, 5, 2, 2)
    assert_array_equal(hessian, np.swapaxes(hessian, -1, -2))
    assert_array_equal(hessian[..., 0, 1], result.d["x", "y"])
    assert_allclose(np.trace(hessian, axis1=-2, axis2=-1), result.laplacian(), rtol=1e-15)


def test_of_a_tuple_valued_function() -> None:
    result = pair()
    jacobian = result.jacobian()
    assert jacobian.shape == (7, 5, 2, 2)
    assert_array_equal(jacobian[..., 1, 0], y**2)
    assert_array_equal(jacobian[..., 0, 1], x**2)
    assert_allclose(result.divergence(), 4 * x * y)
    assert_allclose(result.curl(), y**2 - x**2)
    assert result.curl().shape == (7, 5)
    assert_allclose(result.gradient_norm()[1], np.hypot(y**2, 2 * x * y))
    one = np.ones_like(x)
    grids = {(): (x, y), ("x", "x"): (2 * x, y), ("x", "y"): (one, 2 * one), ("y", "y"): (3 * one, 4 * one)}
    second = result_from("u, v", INPUTS, grids, ("u", "v"))
    assert_allclose(second.laplacian(), [2 * x + 3, y + 4])
    assert second.hessian().shape == (2, 7, 5, 2, 2)
    assert_array_equal(second.hessian()[1, ..., 1, 0], np.full((7, 5), 2.0))


def test_curl_of_three_components() -> None:
    # The curl of (yz, 3xz, xy²) is (2xy - 3x, y - y², 2z)
    axes = {"x": [1.0, 2.0], "y": [3.0, 5.0, 7.0], "z": [-1.0, 4.0]}
    a, b, c = np.meshgrid(*axes.values(), indexing="ij")
    zero = 0 * a
    grids = {
        (): (b * c, 3 * a * c, a * b**2),
        ("x",): (zero, 3 * c, b**2),
        ("y",): (c, zero, 2 * a * b),
        ("z",): (b, 3 * a, zero),
    }
    result = result_from("u, v, w", axes, grids, ("u", "v", "w"))
    assert_array_equal(result.curl(), [2 * a * b - 3 * a, b - b**2, 2 * c])
    assert_array_equal(result.divergence(), zero)


def test_arrays_are_new_writable_and_of_the_results_dtype() -> None:
    grids = {(): 1, ("x",): 3e38, ("y",): 0, ("x", "x"): 1, ("x", "y"): 2, ("y", "y"): 3}
    result = result_from("f", INPUTS, grids, dtype="float32")
    for made in (
        result.gradient_norm(),
        result.laplacian(),
        result.hessian(),
        result.jacobian(),
        result.laplacian("x"),
    ):
        assert made.dtype == np.float32
        assert made.flags.writeable
        assert not np.shares_memory(made, result.value)
    assert_array_equal(result.gradient_norm(), np.full((7, 5), np.float32(3e38)))


def test_at_a_single_point() -> None:
    result = result_from("c**2", {"c": 3.0}, {(): 9, ("c",): 6, ("c", "c"): 2})
    assert isinstance(result.laplacian("c"), np.ndarray)
    assert result.laplacian("c").shape == result.gradient_norm("c").shape == ()
    assert result.hessian("c").tolist() == [[2]]
    with pytest.raises(gridgrad.RequestError, match=r"every input is a number; name what to differentiate by: wrt="):
        result.laplacian()


@pytest.mark.parametrize(
    ("method", "wrt", "said"),
    [
        ("laplacian", None, r'\("x", "x"\) was not asked for; ask for derivatives=\[\("x", "x"\), \("y", "y"\)\]'),
        ("laplacian", "x", r"or for order=2 with wrt=\['x'\]"),
        ("hessian", None, r'\("x", "x"\), \("x", "y"\) were not asked for'),
        ("gradient_norm", "c", r'"c" was not asked for; ask for derivatives=\["c"\], or for order=1'),
        ("jacobian", ["x", "z"], "'z', which is no input; use one of x, y, c"),
        ("divergence", None, "a function of one component; it is of a tuple such as u, v"),
        ("curl", ["x"], "a function of one component"),
        ("gradient_norm", [], "name what to differentiate by"),
    ],
)
def test_what_is_missing_is_named(method: str, wrt: Any, said: str) -> None:
    result = result_from("f", INPUTS, {(): 1, ("x",): 1, ("y",): 1, ("y", "y"): 1})
    with pytest.raises(gridgrad.RequestError, match=said):
        getattr(result, method)(wrt)


def test_components_and_inputs_must_be_as_many() -> None:
    with pytest.raises(gridgrad.RequestError, match=r"2 components \(u, v\) and 1 inputs \(x\); name 2 inputs"):
        pair().divergence("x")
    one = result_from("(x,)", INPUTS, {(): x[None], ("x",): 1}, ("u",))
    assert one.divergence("x").shape == (7, 5)
    with pytest.raises(gridgrad.RequestError, match="curl is of two or three components"):
        one.curl("x")
