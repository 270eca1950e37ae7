"""The workloads, parsed and run by the functional engine, against their references, mpmath or closed forms."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.torch_ops.evaluate import torch_function
from tests.worker.roundings import rounding_bounds

FOLDER = Path(__file__).parents[2] / "workloads"
Solver = Any  # the fixture of conftest.py
Array = NDArray[np.floating]
RELATIVE = {"float64": 1e-12, "float32": 1e-5}

pytestmark = [pytest.mark.processor, pytest.mark.parametrize("dtype", ["float64", "float32"])]


def load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return content


def inputs_of(workload: dict[str, Any], most: int) -> dict[str, Any]:
    """Axes of at most `most` points, and parameters."""
    axes = {
        name: np.array(axis["values"]) if "values" in axis else np.linspace(axis["start"], axis["stop"], most)
        for name, axis in workload["axes"].items()
    }
    return {**axes, **workload["parameters"]}


def evaluate(
    solve: Solver, workload: dict[str, Any], inputs: dict[str, Any], orders: Sequence[Sequence[str]], dtype: str
) -> dict[tuple[str, ...], Array]:
    program = parse(workload["expression"])
    function = torch_function(program, list(inputs), getattr(torch, dtype))
    count = len(program.components)
    (grids,) = solve.batch(function, [inputs], orders, components=count, dtype=dtype)
    return grids if program.tuple_valued else {order: grid[0] for order, grid in grids.items()}


def assert_near(got: Array, want: Array, dtype: str) -> None:
    """Near relative to the scale of the grid."""
    assert got.dtype == dtype
    assert got.shape == want.shape
    assert np.abs(got - want).max() <= RELATIVE[dtype] * max(np.abs(want).max(), 1e-300)


def by_mpmath(function: Callable[..., Any], inputs: dict[str, Any], order: Sequence[str]) -> Array:
    counts = tuple(order.count(name) for name in inputs)
    grid = np.meshgrid(*inputs.values(), indexing="ij")
    with mpmath.workdps(40):
        flat = [
            float(mpmath.diff(function, tuple(map(float, point)), counts))
            for point in zip(*map(np.ravel, grid), strict=True)
        ]
    return np.array(flat).reshape(grid[0].shape).squeeze()


def test_bilinear(solve: Solver, dtype: str) -> None:
    workload = load("bilinear_quadratic")
    got = evaluate(solve, workload, inputs_of(workload, 0), [["t"], ["k"]], dtype)
    for name, want in workload["expected"].items():
        assert np.array_equal(got[() if name == "value" else (name,)], want)


def test_himmelblau(solve: Solver, dtype: str) -> None:
    workload = load("himmelblau")
    inputs = inputs_of(workload, 256)
    got = evaluate(solve, workload, inputs, [["x"], ["y"], ["x", "x"], ["x", "y"], ["y", "y"]], dtype)
    x, y = np.meshgrid(*(each.astype(dtype).astype(float) for each in inputs.values()), indexing="ij")
    a, b = x**2 + y - 11, x + y**2 - 7
    want = {
        (): a**2 + b**2,
        ("x",): 4 * x * a + 2 * b,
        ("y",): 2 * a + 4 * y * b,
        ("x", "x"): 4 * a + 8 * x**2 + 2,
        ("x", "y"): 4 * x + 4 * y,
        ("y", "y"): 2 + 4 * b + 8 * y**2,
    }
    for order, grid in want.items():
        assert_near(got[order], grid, dtype)
    assert (got["x",] < 0).any()
    assert (got["x",] > 0).any()


def test_taylor_green(solve: Solver, dtype: str) -> None:
    workload = load("taylor_green")
    inputs = inputs_of(workload, 17)
    got = evaluate(solve, workload, inputs, [["x"], ["y"], ["t"], ["nu"], ["t", "x"]], dtype)
    t, x, y = np.meshgrid(*(inputs[name].astype(dtype).astype(float) for name in "txy"), indexing="ij")
    nu = float(np.dtype(dtype).type(inputs["nu"]))
    decay = np.exp(-2 * nu * t)
    u, v = np.sin(x) * np.cos(y) * decay, -np.cos(x) * np.sin(y) * decay
    u_x, v_x = np.cos(x) * np.cos(y) * decay, np.sin(x) * np.sin(y) * decay
    assert_near(got[()], np.stack([u, v]), dtype)
    assert_near(got["x",], np.stack([u_x, v_x]), dtype)
    assert_near(got["t",], -2 * nu * np.stack([u, v]), dtype)
    assert_near(got["nu",], -2 * t * np.stack([u, v]), dtype)
    assert_near(got["t", "x"], -2 * nu * np.stack([u_x, v_x]), dtype)
    assert np.array_equal(got["x",][0], -got["y",][1])  # no divergence, to the last bit


def black_scholes(S: Any, sigma: Any, strike: Any, r: Any, T: Any) -> Any:  # noqa: N803 - the workload's names
    d1 = (mpmath.log(S / strike) + (r + sigma**2 / 2) * T) / (sigma * mpmath.sqrt(T))
    d2 = d1 - sigma * mpmath.sqrt(T)
    return S * mpmath.ncdf(d1) - strike * mpmath.exp(-r * T) * mpmath.ncdf(d2)


def test_black_scholes(solve: Solver, dtype: str) -> None:
    """Each number within what the roundings of its own operations can do to it.

    A share of the scale would not do in float32: d2 = d1 - sigma*sqrt(T) lies near d1, and its rounding alone may move
    the second derivative by sigma by 1.5e-5 of the largest, whatever the rules of derivatives are.
    """
    workload = load("black_scholes_call")
    inputs = inputs_of(workload, 6)
    # Numbers that float32 has too, so that both dtypes compute the same
    inputs = {name: np.asarray(value).astype(np.float32).astype(float) for name, value in inputs.items()}
    orders: list[tuple[str, ...]] = [("S",), ("sigma",), ("r",), ("T",), ("S", "S"), ("S", "sigma"), ("sigma", "sigma")]
    got = evaluate(solve, workload, inputs, orders, dtype)
    # Each function in the operations that it takes, as torch_function has it
    text = re.sub(r"norm_cdf\((\w+)\)", r"(erfc(-sqrt(0.5)*\1)/2)", workload["expression"])
    bounds = rounding_bounds(parse(text), inputs, orders, dtype)
    for order in [(), *orders]:
        error = np.abs(got[order] - by_mpmath(black_scholes, inputs, order))
        np.testing.assert_array_less(error, bounds[order], err_msg=f"{order}")


@pytest.mark.parametrize("name", ["nitrogen_helmholtz", "iapws95_water"])
def test_equations_of_state(solve: Solver, dtype: str, name: str) -> None:
    workload = load(name)
    points = workload["reference"]
    inputs = {name: (["point"], [point[name] for point in points]) for name in workload["axes"]}
    orders = {
        "value": (),
        "delta_1": ("delta",),
        "tau_1": ("tau",),
        "delta_2": ("delta", "delta"),
        "delta_tau": ("delta", "tau"),
        "tau_2": ("tau", "tau"),
    }
    got = evaluate(solve, workload, inputs, list(orders.values())[1:], dtype)
    for name, order in orders.items():
        assert_near(got[order], np.array([point[name] for point in points]), dtype)
