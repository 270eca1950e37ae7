"""The structured engine against closed forms, the workloads' references and the functional engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.processor

Expressions = Any  # the fixture of conftest.py

WORKLOADS = Path(__file__).parents[4] / "workloads"
T, K = np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0])


def workload(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((WORKLOADS / f"{name}.json").read_text())
    return content


def test_the_first_example_is_exact(expression: Expressions) -> None:
    wanted = [["t"], ["k"], ["t", "k"], ["k", "k"], ["t", "t"]]
    (got,) = expression("t*k + 2*t*k**2", {"t": T, "k": K}, wanted).structured({"t": T, "k": K})
    t, k = T[:, None], K[None]
    expected = [t * k + 2 * t * k**2, k + 2 * k**2 + 0 * t, t + 4 * t * k, 1 + 4 * k + 0 * t, 4 * t + 0 * k, 0 * t * k]
    assert np.array_equal(got, np.broadcast_arrays(*expected))


def test_nitrogen_is_right_to_twelve_digits_at_all_points(expression: Expressions) -> None:
    nitrogen = workload("nitrogen_helmholtz")
    points = nitrogen["reference"]
    columns = {name: (("point",), [point[name] for point in points]) for name in ("delta", "tau")}
    wanted = {
        "delta_1": ["delta"],
        "tau_1": ["tau"],
        "delta_2": ["delta"] * 2,
        "delta_tau": ["delta", "tau"],
        "tau_2": ["tau"] * 2,
    }
    (got,) = expression(nitrogen["expression"], columns, list(wanted.values())).structured(columns)
    for plane, name in zip(got, ("value", *wanted), strict=True):
        np.testing.assert_allclose(plane, [point[name] for point in points], rtol=1e-12, atol=0)


def test_nitrogen_is_right_on_a_grid_too(expression: Expressions) -> None:
    nitrogen = workload("nitrogen_helmholtz")
    points = nitrogen["reference"]
    axes = {name: np.unique([point[name] for point in points]) for name in ("delta", "tau")}
    computed = expression.up_to(nitrogen["expression"], axes, 2)
    names = {(): "value", ("delta",): "delta_1", ("tau",): "tau_1"}
    names |= {("delta", "delta"): "delta_2", ("delta", "tau"): "delta_tau", ("tau", "tau"): "tau_2"}
    (got,) = computed.structured(axes)
    assert computed.engine.ranks, "it is a matrix product"
    for plane, derivative in zip(got, computed.derivatives, strict=True):
        at = [plane[np.searchsorted(axes["delta"], p["delta"]), np.searchsorted(axes["tau"], p["tau"])] for p in points]
        np.testing.assert_allclose(
            at, [p[names[derivative]] for p in points], rtol=1e-12, atol=0, err_msg=str(derivative)
        )


CASES: dict[str, tuple[str, dict[str, object]]] = {
    "two axes": ("sin(x)*exp(-y) + x**2*y - y/x", {"x": [0.5, 1.0, 2.5], "y": [0.1, 3.0]}),
    "three axes": (
        "sin(t*x) + x*y*t - exp(-t**2 - x**2 - y**2)",
        {"t": [0.1, 0.2], "x": [1.0, 2.0, 3.0], "y": [0.5, 1.5]},
    ),
    "three axes, products": (
        "t*x*y + t**2*x*y**2 + t**3*exp(x)*y**3 + t*sin(x)*y",
        {"t": [0.1, 0.2], "x": [1.0, 2.0, 3.0], "y": [0.5, 1.5]},
    ),
    "a parameter": ("a*x*y + a**2*x*cos(y) + 1/a", {"a": 2.5, "x": [0.5, 1.0, 2.5], "y": [0.1, 3.0]}),
    "only parameters": ("a*b + sin(a)", {"a": 2.5, "b": 0.5}),
    "points": ("a*b**2 + log(b)", {"a": (("p",), [1.0, 2.0, 3.0]), "b": (("p",), [0.5, 0.1, 4.0])}),
    "points and an axis": (
        "a*b**2*x + log(b)*x**2 + a*exp(x)",
        {"a": (("p",), [1.0, 2.0, 3.0]), "x": [1.0, 1.5], "b": (("p",), [0.5, 0.1, 4.0])},
    ),
    "a field": (
        "c*x + c**2*y + x*y",
        {"x": [1.0, 2.0], "c": (("x", "y"), [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), "y": [0.5, 1.0, 1.5]},
    ),
    "a field in the other order": (
        "c*x + c**2*y + x*y",
        {"x": [1.0, 2.0], "y": [0.5, 1.0, 1.5], "c": (("y", "x"), [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]])},
    ),
    "components": ("u = x*y; v = sin(x) + 3; (u, v, 2, x)", {"x": [0.5, 1.0], "y": [0.1, 3.0, 2.0]}),
    "an axis that is not used": ("x**2", {"x": [0.5, 1.0], "y": [0.1, 3.0, 2.0]}),
    "a constant": ("2 + 3/7", {"x": [0.5, 1.0]}),
    "one input": ("x", {"x": [0.5, 1.0]}),
    "conditions": ("where(x > y, x*y, x/y) + (x < 1 and y > 1)*x*y", {"x": [0.5, 1.0, 2.0], "y": [0.5, 2.0]}),
    "a Gaussian": ("exp(-((x - 1)**2 + (y + 1)**2)/(2*s**2))", {"x": [0.5, 1.0, 2.0], "y": [0.5, 2.0], "s": 0.7}),
    "quotients": ("x/(y*x**2) + x*y/(1 + y) - (x*y + x**2*y**3 + x**3)/y", {"x": [0.5, 1.0, 2.0], "y": [0.5, 2.0]}),
    "special functions": (
        "norm_cdf(x*y) + gamma(x)*y + polygamma(1, x)*y**2 + atan2(x, y)",
        {"x": [0.5, 1.0, 2.0], "y": [0.5, 2.0]},
    ),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", CASES)
def test_it_answers_as_the_functional_engine_does(expression: Expressions, name: str, dtype: str) -> None:
    text, inputs = CASES[name]
    computed = expression.up_to(text, inputs, 2, dtype)
    (got,) = computed.structured(inputs)
    assert got.dtype == dtype
    expected = computed.functional(inputs)
    scale = 1 + np.abs(expected).max(axis=tuple(range(1, expected.ndim)), keepdims=True)
    eps = np.finfo(dtype).eps
    assert np.all(np.abs(got - expected) <= 50 * eps * scale)


def test_derivatives_of_the_fourth_order(expression: Expressions) -> None:
    inputs = {"x": [0.5, 1.0, 2.0], "y": [0.5, 2.0]}
    computed = expression.up_to("sin(x*y) + x**4*y**4 + exp(x - y)", inputs, 4)
    np.testing.assert_allclose(computed.structured(inputs)[0], computed.functional(inputs), rtol=1e-12)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (1, 1), (1, 5), (5, 1)])
def test_empty_and_thin_grids(expression: Expressions, shape: tuple[int, int]) -> None:
    inputs = {"x": np.arange(1.0, 1 + shape[0]), "y": np.arange(1.0, 1 + shape[1])}
    computed = expression.up_to("x*y + x**2*y**2 + x**3*y**3 + sin(x)", inputs, 1)
    (got,) = computed.structured(inputs)
    assert got.shape == (3, *shape)
    np.testing.assert_allclose(got, computed.functional(inputs), rtol=1e-14)


def test_no_inputs_at_all(expression: Expressions) -> None:
    (got,) = expression("sqrt(2) + 1", {}).structured({})
    assert got == pytest.approx([2**0.5 + 1], rel=1e-15)


def test_a_sum_of_thousands_of_terms_is_one_matrix_product(expression: Expressions) -> None:
    inputs = {"x": np.linspace(0.5, 1.0, 5), "y": np.linspace(0.5, 1.0, 4)}
    powers = [(i % 37, i % 41) for i in range(1517)]
    text = " + ".join(f"{i + 1}*x**{a + 1}*y**{b + 1}" for i, (a, b) in enumerate(powers))
    computed = expression(text, inputs, [["x"]])
    assert computed.engine.ranks == (37, 37)
    (got,) = computed.structured(inputs)
    x, y = inputs["x"][:, None], inputs["y"]
    value = sum((i + 1) * x ** (a + 1) * y ** (b + 1) for i, (a, b) in enumerate(powers))
    slope = sum((i + 1) * (a + 1) * x**a * y ** (b + 1) for i, (a, b) in enumerate(powers))
    np.testing.assert_allclose(got, np.array([value, slope]), rtol=1e-13)


def test_what_is_shared_again_and_again_is_not_taken_apart_for_ever(expression: Expressions) -> None:
    inputs = {"x": [0.25, 0.5], "y": [0.5, 0.125]}
    steps = "; ".join(f"u{i + 1} = u{i}*u{i} + x*y" for i in range(60))
    (got,) = expression(f"u0 = x*y; {steps}; u60", inputs).structured(inputs)
    expected = product = np.outer(inputs["x"], inputs["y"])
    for _ in range(60):
        expected = expected**2 + product
    np.testing.assert_allclose(got[0], expected, rtol=1e-14)


def test_zeros_keep_their_signs(expression: Expressions) -> None:
    inputs = {"x": [1.0, 2.0], "y": [3.0]}
    (got,) = expression("(0*x, -0.0*x, x/(-0.0*y), 0 + 1/-0.0)", inputs).structured(inputs)
    assert np.array_equal(np.signbit(got[:, :, 0]), [[False, False], [True, True], [True, True], [True, True]])
