"""The workloads through client and server: values and partials against references of their own.

Errors are relative to the scale of the grid (its largest magnitude). The largest pointwise relative
errors are printed at the end of the run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

import gridgrad

WORKLOADS = {
    path.stem: json.loads(path.read_text()) for path in (Path(__file__).parents[1] / "workloads").glob("*.json")
}
BOUND = {"float64": 1e-12, "float32": 1e-5}
BOTH = pytest.mark.parametrize("dtype", ["float64", "float32"])

Grids = Mapping[tuple[str, ...], NDArray[Any]]
Report = Callable[[str, str], None]


def inputs_of(name: str, every: int = 1) -> dict[str, Any]:
    """The inputs of a workload, as a caller would write them; every so many values of its axes."""
    workload = WORKLOADS[name]
    axes: dict[str, Any] = {}
    for axis, spec in workload["axes"].items():
        axes[axis] = spec["values"] if "values" in spec else gridgrad.linspace(spec["start"], spec["stop"], spec["num"])
        if every > 1:
            axes[axis] = np.linspace(spec["start"], spec["stop"], spec["num"])[::every]
    parameters: dict[str, Any] = workload["parameters"]
    return axes | parameters


def coordinates(name: str, dtype: str) -> dict[str, NDArray[Any]]:
    """The axes as the server sees them, exact in long doubles, open for broadcasting; and the parameters."""
    workload = WORKLOADS[name]
    axes = [np.linspace(s["start"], s["stop"], s["num"]) for s in workload["axes"].values()]
    mesh = np.meshgrid(*[axis.astype(dtype).astype(np.longdouble) for axis in axes], indexing="ij", sparse=True)
    parameters = {key: np.asarray(value, dtype).astype(np.longdouble) for key, value in workload["parameters"].items()}
    return dict(zip(workload["axes"], mesh, strict=True)) | parameters


def compare(name: str, result: gridgrad.Result, exact: Grids, dtype: str, report: Report) -> None:
    """Holds the value and every partial of a result against exact ones."""
    for derivative, want in exact.items():
        got = result.d[derivative] if derivative else result.value
        assert got.dtype == dtype
        assert got.shape == np.broadcast_shapes(want.shape, got.shape)
        error = np.abs(got - want)
        scale = np.max(np.abs(want))
        assert np.max(error) <= BOUND[dtype] * scale, f"{derivative}: {np.max(error) / scale:.2e}"
        with np.errstate(divide="ignore", invalid="ignore"):
            pointwise = np.nanmax(np.where(want == 0, np.nan, error / np.abs(want)))
        label = f"{name} {dtype} {''.join(f'∂{wrt}' for wrt in derivative) or 'value'}"
        report(label, f"{float(np.max(error) / scale):.1e} of the scale, {float(pointwise):.1e} at the worst point")


@BOTH
def test_bilinear_quadratic(client: gridgrad.Client, dtype: str, report: Report) -> None:
    workload = WORKLOADS["bilinear_quadratic"]
    result = client.gradient(workload["expression"], inputs_of("bilinear_quadratic"), dtype=dtype)
    expected = workload["expected"]
    assert result.dims == ("t", "k")
    assert result.value.tolist() == expected["value"]
    assert {wrt: result.d[wrt].tolist() for wrt in "tk"} == {wrt: expected[wrt] for wrt in "tk"}
    exact = {(): np.array(expected["value"]), ("t",): np.array(expected["t"]), ("k",): np.array(expected["k"])}
    compare("bilinear", result, exact, dtype, report)


@BOTH
def test_himmelblau(client: gridgrad.Client, dtype: str, report: Report) -> None:
    result = client.gradient(WORKLOADS["himmelblau"]["expression"], inputs_of("himmelblau"), order=2, dtype=dtype)
    exact = himmelblau(**coordinates("himmelblau", dtype))
    compare("himmelblau", result, exact, dtype, report)
    # The usual J[J > 0] would have dropped half of them.
    assert np.count_nonzero(result.d["x"] < 0) == np.count_nonzero(exact["x",] < 0) > 20_000


def himmelblau(x: NDArray[Any], y: NDArray[Any]) -> Grids:
    u, v = x**2 + y - 11, x + y**2 - 7
    return {
        (): u**2 + v**2,
        ("x",): 4 * x * u + 2 * v,
        ("y",): 2 * u + 4 * y * v,
        ("x", "x"): 4 * u + 8 * x**2 + 2 + 0 * y,
        ("x", "y"): 4 * x + 4 * y,
        ("y", "y"): 2 + 4 * v + 8 * y**2 + 0 * x,
    }


def test_zero_and_negative_derivatives_stay_in_place(client: gridgrad.Client) -> None:
    result = client.gradient(WORKLOADS["himmelblau"]["expression"], {"x": [2.0, 3.0, 4.0], "y": [1.0, 2.0, 3.0]})
    assert result.value[1, 1] == result.d["x"][1, 1] == result.d["y"][1, 1] == 0
    assert result.d["x"].tolist() == [[-56, -42, -24], [-18, 0, 22], [92, 114, 140]]
    assert result.d["y"].tolist() == [[-28, -18, 40], [-14, 0, 62], [4, 22, 88]]


@BOTH
def test_taylor_green(client: gridgrad.Client, dtype: str, report: Report) -> None:
    workload = WORKLOADS["taylor_green"]
    wanted = ["t", "x", "y", "nu", ("x", "x"), ("t", "y")]
    result = client.gradient(workload["expression"], inputs_of("taylor_green"), derivatives=wanted, dtype=dtype)
    assert result.dims == ("t", "x", "y")
    assert result.components == ("u", "v")
    assert result.value.shape == result.d["x"].shape == (2, 16, 64, 64)
    compare("taylor_green", result, taylor_green(**coordinates("taylor_green", dtype)), dtype, report)
    divergence = result.d["x"][0] + result.d["y"][1]
    assert np.max(np.abs(divergence)) <= 2 * np.finfo(dtype).eps
    report(f"taylor_green {dtype} divergence", f"{np.max(np.abs(divergence)):.1e}")


def taylor_green(t: NDArray[Any], x: NDArray[Any], y: NDArray[Any], nu: NDArray[Any]) -> Grids:
    decay = np.exp(-2 * nu * t)
    u, v = np.sin(x) * np.cos(y) * decay, -np.cos(x) * np.sin(y) * decay
    u_x, v_x = np.cos(x) * np.cos(y) * decay, np.sin(x) * np.sin(y) * decay
    u_y, v_y = -np.sin(x) * np.sin(y) * decay, -np.cos(x) * np.cos(y) * decay
    pairs = {
        (): (u, v),
        ("t",): (-2 * nu * u, -2 * nu * v),
        ("x",): (u_x, v_x),
        ("y",): (u_y, v_y),
        ("nu",): (-2 * t * u, -2 * t * v),
        ("x", "x"): (-u, -v),
        ("t", "y"): (-2 * nu * u_y, -2 * nu * v_y),
    }
    return {derivative: np.stack(pair) for derivative, pair in pairs.items()}


@pytest.mark.parametrize("reverse", [False, True], ids=["as written", "axes swapped"])
def test_nitrogen_at_all_reference_points(client: gridgrad.Client, reverse: bool, report: Report) -> None:
    workload = WORKLOADS["nitrogen_helmholtz"]
    points = workload["reference"]
    axes = {name: sorted({point[name] for point in points}) for name in ("delta", "tau")}
    if reverse:
        axes = dict(reversed(axes.items()))
    result = client.gradient(workload["expression"], axes, order=2)
    names = {
        (): "value",
        ("delta",): "delta_1",
        ("tau",): "tau_1",
        ("delta", "delta"): "delta_2",
        ("delta", "tau"): "delta_tau",
        ("tau", "tau"): "tau_2",
    }
    for derivative, name in names.items():
        grid = result.d[derivative] if derivative else result.value
        got = np.array([grid[tuple(axes[axis].index(point[axis]) for axis in axes)] for point in points])
        want = np.array([point[name] for point in points])
        scale = np.max(np.abs(want))
        error = np.abs(got - want)
        assert np.max(error) <= 1e-12 * scale, name
        report(
            f"nitrogen {name}",
            f"{np.max(error) / scale:.1e} of the scale, {np.max(error / np.abs(want)):.1e} at the worst point",
        )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_nitrogen_on_its_grid_against_mpmath(client: gridgrad.Client, dtype: str, report: Report) -> None:
    workload = WORKLOADS["nitrogen_helmholtz"]
    result = client.gradient(workload["expression"], inputs_of("nitrogen_helmholtz"), dtype=dtype)
    delta, tau = (coordinates("nitrogen_helmholtz", dtype)[name].ravel() for name in ("delta", "tau"))
    picked = [(i, j) for i in (0, 17, 128, 255) for j in (0, 101, 200, 255)]
    code = compile(workload["expression"], "the workload", "eval")
    with mpmath.workdps(40):

        def f(d: Any, s: Any) -> Any:
            return eval(code, {"exp": mpmath.exp, "delta": d, "tau": s})  # noqa: S307 - our own file, an independent parser

        for order in ((0, 0), (1, 0), (0, 1)):
            want = [mpmath.diff(f, (mpmath.mpf(float(delta[i])), mpmath.mpf(float(tau[j]))), order) for i, j in picked]
            derivative = ("delta",) * order[0] + ("tau",) * order[1]
            grid = result.d[derivative] if derivative else result.value
            errors = [abs(mpmath.mpf(float(grid[at])) - each) for at, each in zip(picked, want, strict=True)]
            scale = mpmath.mpf(float(np.max(np.abs(grid))))
            assert max(errors) <= BOUND[dtype] * scale
            report(f"nitrogen {dtype} {derivative or 'value'}", f"{float(max(errors) / scale):.1e} of the scale")


@BOTH
def test_black_scholes_and_its_greeks(client: gridgrad.Client, dtype: str, report: Report) -> None:
    workload = WORKLOADS["black_scholes_call"]
    wanted = ["S", "sigma", ("S", "S"), ("S", "sigma"), ("sigma", "sigma"), "r", "T"]
    result = client.gradient(workload["expression"], inputs_of("black_scholes_call"), derivatives=wanted, dtype=dtype)
    assert result.value.shape == (256, 256)
    at = coordinates("black_scholes_call", dtype)
    spots, volatilities = (at[name].ravel()[::15] for name in ("S", "sigma"))
    constants = [mpmath.mpf(float(at[name])) for name in ("strike", "r", "T")]
    with mpmath.workdps(40):
        greeks = [
            [black_scholes(mpmath.mpf(float(s)), mpmath.mpf(float(v)), *constants) for v in volatilities] for s in spots
        ]
    exact = {key: np.array([[cell[key] for cell in line] for line in greeks], np.longdouble) for key in greeks[0][0]}
    compare("black_scholes", _every(result, 15), exact, dtype, report)


class _Part:
    def __init__(self, result: gridgrad.Result, every: int) -> None:
        self.value = result.value[::every, ::every]
        self.d = {key: result.d[key][::every, ::every] for key in result.d}


def _every(result: gridgrad.Result, every: int) -> Any:
    return _Part(result, every)


def black_scholes(S: Any, sigma: Any, strike: Any, r: Any, T: Any) -> dict[tuple[str, ...], Any]:  # noqa: N803 - its letters
    """The Greeks of a European call: Hull, Options, Futures, and Other Derivatives, chapter 19."""
    root = sigma * mpmath.sqrt(T)
    d1 = (mpmath.log(S / strike) + (r + sigma**2 / 2) * T) / root
    d2 = d1 - root
    density = mpmath.npdf(d1)
    discounted = strike * mpmath.exp(-r * T)
    vega = S * density * mpmath.sqrt(T)
    return {
        (): S * mpmath.ncdf(d1) - discounted * mpmath.ncdf(d2),
        ("S",): mpmath.ncdf(d1),
        ("sigma",): vega,
        ("S", "S"): density / (S * root),
        ("S", "sigma"): -density * d2 / sigma,
        ("sigma", "sigma"): vega * d1 * d2 / sigma,
        ("r",): T * discounted * mpmath.ncdf(d2),
        ("T",): S * density * sigma / (2 * mpmath.sqrt(T)) + r * discounted * mpmath.ncdf(d2),
    }
