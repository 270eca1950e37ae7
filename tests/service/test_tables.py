"""Tables through a real server: in texts and functions, in packs, by every call, and refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.interpolate import (
    Akima1DInterpolator,
    CubicHermiteSpline,
    CubicSpline,
    PchipInterpolator,
    RectBivariateSpline,
    RegularGridInterpolator,
)

import gridgrad
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.service.calls import Calls, axis, grids, request
from tests.service.harness import running

X = np.linspace(0.5, 3.0, 37)
DRAW = np.random.default_rng(1)
Y = DRAW.normal(size=37)
R = np.linspace(0.4, 3.1, 501)
CLOSE = 1e-13


def test_a_potential_and_its_force(client: gridgrad.Client) -> None:
    table, spline = gridgrad.table(Y, x=X), CubicSpline(X, Y, extrapolate=False)
    for function in ("v(r)*r", lambda r, v: v(r) * r):
        result = client.gradient(function, {"r": R, "v": table}, order=2)
        assert_allclose(result.value, spline(R) * R, rtol=CLOSE, atol=CLOSE)
        assert_allclose(result.d["r"], spline(R, 1) * R + spline(R), rtol=CLOSE, atol=CLOSE * 100)
        assert_allclose(result.d["r", "r"], spline(R, 2) * R + 2 * spline(R, 1), rtol=CLOSE, atol=CLOSE * 1e4)
    assert set(result.inputs) == {"r"}


def test_np_interp_in_a_function_is_a_table(client: gridgrad.Client) -> None:
    def model(r: Any, k: Any) -> Any:
        return np.interp(r * k, X, Y) * k

    places = np.linspace(-1, 9, 501)
    for function in (model, gridgrad.function(model), gridgrad.trace(model)):
        result = client.gradient(function, {"r": places, "k": 0.5})
        assert_allclose(result.value, model(places, 0.5), rtol=CLOSE, atol=CLOSE)
        outside = (places * 0.5 < X[0]) | (places * 0.5 > X[-1])
        assert not result.d["r"][outside].any(), "beyond its ends it stays what it is there"
        assert result.d["r"][~outside].all()
    report = client.check(model, {"r": places, "k": 0.5})
    assert report.disagreements == ()
    assert "interp_0" in client.explain(model, {"r": places, "k": 0.5}).program


def test_splines_of_scipy_in_a_function_are_tables(client: gridgrad.Client) -> None:
    spline, grid = CubicSpline(X, Y), np.linspace(0, 1, 9)
    z = np.random.default_rng(4).normal(size=(9, 9))
    result = client.gradient(lambda r, k: spline(r) * k + spline(r, 1), {"r": R, "k": 0.5})
    assert_allclose(result.value, spline(R) * 0.5 + spline(R, 1), rtol=CLOSE, atol=CLOSE * 100)
    assert_allclose(result.d["r"], spline(R, 1) * 0.5 + spline(R, 2), rtol=CLOSE, atol=CLOSE * 1e4)
    a, b = np.linspace(0, 1, 21), np.linspace(0, 1, 17)
    places = tuple(np.meshgrid(a, b, indexing="ij"))
    of_plane = RectBivariateSpline(grid, grid, z, kx=5, ky=5)
    of_grid = RegularGridInterpolator((grid, grid), z, method="cubic")
    assert_allclose(client.gradient(lambda x, y: of_plane.ev(x, y), {"x": a, "y": b}).value, of_plane(a, b), atol=CLOSE)
    result = client.gradient(lambda x, y: of_grid((x, y)), {"x": a, "y": b})
    assert_allclose(result.value, of_grid(places), atol=CLOSE)
    assert_allclose(result.d["x"], of_grid(places, nu=(1, 0)), atol=CLOSE * 100)


def test_weights_and_data_call_tables(client: gridgrad.Client) -> None:
    spline, z, y = CubicSpline(X, Y), np.linspace(0.6, 2.9, 30), np.array([1.0, 2.0])
    inputs: dict[str, Any] = {"y": y, "z": z, "V": gridgrad.table(Y, x=X)}
    for dtype, close in (("float64", 1e-12), ("float32", 1e-5)):
        result = client.gradient("y*z", inputs, reduce={"z": "sum"}, weights="V(z)", dtype=dtype)
        assert_allclose(result.value, (spline(z) * z).sum() * y, rtol=close)
        assert_allclose(result.d["y"], [(spline(z) * z).sum()] * 2, rtol=close)
    both = client.gradient("y*V(z)", inputs, reduce={"z": "sum"}, weights="V(z)**2")
    assert_allclose(both.value, (spline(z) ** 3).sum() * y, rtol=1e-11, atol=1e-11)
    given = {"n": np.array([1.0, 2.0])}
    summed = client.gradient("sum(n*y)*z", {"y": y, "z": z}, reduce="sum", weights="sum(n*z)", coefficients=given)
    assert_allclose(summed.value, (3 * z * z).sum() * 3 * y.sum(), rtol=1e-12)
    terms = client.least_squares_terms("y*a*z", {**inputs, "a": 1.0}, np.zeros((2, 30)), wrt="a", weights="V(z)**2")
    assert_allclose(terms.rss, (spline(z) ** 2 * (y[:, None] * z) ** 2).sum(), rtol=1e-12)
    with pytest.raises(gridgrad.RequestError, match="the table 'V', which the function does not call"):
        client.gradient("y*z", inputs, reduce="sum", weights="z")


def test_tables_are_called_inside_of_equations_and_integrals(client: gridgrad.Client) -> None:
    spline = CubicSpline(X, np.cumsum(np.abs(Y)))
    table, y = gridgrad.table(spline(X), x=X), np.array([5.0, 9.5, 20.0])
    root = np.array([spline.solve(each, extrapolate=False)[0] for each in y])
    asked: list[tuple[Any, dict[str, Any]]] = [
        ("solve(v(s) - y, s, 0.5, 3)", {"v": table}),
        (lambda y, v: gridgrad.solve(lambda s: v(s) - y, 0.5, 3.0), {"v": table}),
        (lambda y: gridgrad.solve(lambda s: spline(s) - y, 0.5, 3.0), {}),
    ]
    for function, tables in asked:
        result = client.gradient(function, {"y": y, **tables})
        assert_allclose(result.value, root, rtol=1e-12)
        assert_allclose(result.d["y"], 1 / spline(root, 1), rtol=1e-11)
    few = gridgrad.table(Y[:4], x=X[:4])
    result = client.gradient("y*integrate(V(u), u, 0.55, 0.7, 8)", {"y": y, "V": few}, wrt="V")
    counts = CubicSpline(X[:4], np.eye(4)).integrate(0.55, 0.7)
    assert_allclose(result.d["V"], counts[:, None] * y, rtol=1e-12)


def test_what_a_request_names_wins_over_the_language(client: gridgrad.Client) -> None:
    table = gridgrad.table([0.0, 1.0], x=[0.0, 2.0])
    assert_array_equal(client.gradient("sin(r)", {"r": [0.5, 1.0], "sin": table}).value, [0.25, 0.5])


def test_components_in_a_tuple_and_alone(client: gridgrad.Client) -> None:
    g, z = np.linspace(0, 1, 12), np.random.default_rng(2).normal(size=(12, 12, 2))
    table = gridgrad.table(z, x=g, y=g, outside="clamp")
    a, b = np.linspace(0, 1, 9), np.linspace(-0.5, 1.5, 7)
    result = client.gradient("T(x, y)", {"x": a, "y": b, "T": table})
    theirs = [RectBivariateSpline(g, g, z[..., n]) for n in range(2)]
    assert_allclose(result.value, [each(a, np.clip(b, 0, 1)) for each in theirs], rtol=CLOSE, atol=CLOSE)
    assert not result.d["y"][:, :, (b < 0) | (b > 1)].any()
    one = client.gradient("T_1(x, y)", {"x": a, "y": b, "T": table})
    assert_array_equal(one.value, result.value[1])


def test_many_grids_with_one_table_and_with_tables_of_their_own(client: gridgrad.Client) -> None:
    same, other = gridgrad.table(Y, x=X), gridgrad.table(2 * Y, x=X)
    inputs = [{"r": R[200:220] + n / 1000, "V": (same, same, other)[n % 3]} for n in range(60)]
    for result, given in zip(client.map("V(r)", inputs), inputs, strict=True):
        spline = CubicSpline(X, Y)(given["r"]) * (2 if given["V"] is other else 1)
        assert_allclose(result.value, spline, rtol=CLOSE, atol=CLOSE)


def test_a_table_is_explained_and_checked(client: gridgrad.Client) -> None:
    inputs: dict[str, Any] = {"r": R[100:110], "V": gridgrad.table(Y, x=X)}
    assert "V(r, 1)" in client.explain("V(r)*r", inputs).derived
    report = client.check("V(r)*r", inputs, order=2)
    assert report.disagreements == ()
    assert report.compared["f", ("r", "r")] >= 9


def test_derivatives_by_values_are_what_each_counts(client: gridgrad.Client) -> None:
    table = gridgrad.table(Y[::-1], x=X[::-1], outside="extrapolate")
    asked: list[Any] = ["V", ("r", "V"), ("V", "V")]
    counts = CubicSpline(X, np.eye(37))
    result = client.gradient("V(r)**2*k", {"r": R[::50], "k": [1.0, 3.0], "V": table}, derivatives=asked[:2])
    k, value = np.array([1.0, 3.0]), CubicSpline(X, Y)
    at, slope = counts(R[::50])[:, ::-1].T[..., None], counts(R[::50], 1)[:, ::-1].T[..., None]
    by = 2 * k * value(R[::50])[:, None]
    assert_allclose(result.d["V"], by * at, rtol=1e-10, atol=1e-10)
    mixed = by * slope + 2 * k * value(R[::50], 1)[:, None] * at
    assert_allclose(result.d["r", "V"], mixed, rtol=1e-9, atol=1e-9)
    assert_array_equal(result.inputs["V"], Y[::-1])
    cotangents = np.linspace(-1, 1, result.value.size).reshape(result.value.shape)
    inputs: dict[str, Any] = {"r": R[::50], "k": [1.0, 3.0], "V": table}
    pulled = client.pullback("V(r)**2*k", inputs, cotangents, wrt="V")
    # Outside of the knots derivatives are very large
    near = np.abs(result.d["V"] * cotangents).sum((1, 2)).max()
    assert_allclose(pulled.d["V"], (result.d["V"] * cotangents).sum((1, 2)), rtol=0, atol=1e-12 * near)
    few = gridgrad.table(Y[:4], x=X[:4], outside="extrapolate")
    second = client.gradient("V(r)**2", {"r": R[10:15], "V": few}, derivatives=asked[2:]).d["V", "V"]
    at = CubicSpline(X[:4], np.eye(4))(R[10:15]).T
    assert_allclose(second, 2 * at[:, None] * at, rtol=1e-12, atol=1e-13)


@pytest.mark.long
def test_derivatives_by_more_values_than_a_request_has_room_for(client: gridgrad.Client) -> None:
    x, r = np.linspace(0, 9, 300), np.linspace(0.3, 8.7, 11)
    inputs: dict[str, Any] = {"r": r, "k": [1.0, 2.0], "V": gridgrad.table(np.cos(x[::-1]), x=x[::-1])}
    result = client.gradient("(k*V(r)**2, k)", inputs, derivatives=["k", ("r", "V"), "V"])
    counts, value = CubicSpline(x, np.eye(300)[:, ::-1]), CubicSpline(x, np.cos(x))
    by = 2 * np.array([1.0, 2.0]) * value(r)[:, None]
    assert [*result.d] == [("k",), ("r", "V"), ("V",)]
    assert result.d["V"].shape == (300, 2, 11, 2)
    assert_allclose(result.d["V"][:, 0], counts(r).T[..., None] * by, rtol=1e-10, atol=1e-12)
    assert not result.d["V"][:, 1].any()
    mixed = counts(r, 1).T[..., None] * by + counts(r).T[..., None] * 2 * np.array([1.0, 2.0]) * value(r, 1)[:, None]
    assert_allclose(result.d["V", "r"][:, 0], mixed, rtol=1e-9, atol=1e-10)
    assert_array_equal(result.inputs["V"], np.cos(x[::-1]))
    pulled = client.pullback("k*V(r)**2", inputs, wrt="V")
    assert_allclose(pulled.d["V"], result.d["V"][:, 0].sum((1, 2)), rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("method", ["pchip", "akima"])
def test_derivatives_by_values_through_slopes_that_are_quotients(client: gridgrad.Client, method: Any) -> None:
    spline: Any = {"pchip": PchipInterpolator, "akima": Akima1DInterpolator}[method]
    x, values, r = X[:7], np.stack([np.sort(DRAW.normal(size=7)), DRAW.normal(size=7)], 1), np.linspace(X[0], X[5], 40)
    table = gridgrad.table(values[::-1], x=x[::-1], method=method)
    inputs: dict[str, Any] = {"r": r, "V": table}
    found = client.gradient("V_0(r)*V_1(r)", inputs, derivatives=["V", ("r", "V")])
    pulled = client.pullback("V_0(r)*V_1(r)", inputs, wrt="V")
    for order, by_values in ((0, found.d["V"]), (1, found.d["r", "V"])):
        for place in np.ndindex(7, 2):
            step = np.zeros((7, 2))
            step[6 - place[0], place[1]] = 1e-6
            sides = []
            for moved in (values + step, values - step):
                first, second = (spline(x, moved[:, component]) for component in range(2))
                slope = first(r, 1) * second(r) + first(r) * second(r, 1)
                sides.append(slope if order else first(r) * second(r))
            assert_allclose(by_values[place], (sides[0] - sides[1]) / 2e-6, atol=1e-6 * 10**order)
    assert_allclose(pulled.d["V"], found.d["V"].sum(-1), rtol=1e-11, atol=1e-13)
    with pytest.raises(gridgrad.RequestError, match=f"order 2 by the values of 'V', whose method '{method}'"):
        client.gradient("V_0(r)", inputs, wrt="V", order=2)


def test_a_table_with_slopes_of_its_own(client: gridgrad.Client) -> None:
    values, r = DRAW.normal(size=(2, 5)), R[25:70]
    table = gridgrad.table(values, x=X[:5], method="hermite")
    result = client.gradient("V(r)", {"r": r, "V": table}, wrt=["r", "V"])
    theirs = CubicHermiteSpline(X[:5], *values, extrapolate=False)
    assert_allclose(result.value, theirs(r), rtol=1e-12, atol=1e-13)
    assert_allclose(result.d["r"], theirs(r, 1), rtol=1e-11, atol=1e-12)
    assert_allclose(np.tensordot(values, result.d["V"], 2), result.value, rtol=1e-12, atol=1e-13)


def test_the_values_of_a_table_are_fitted(client: gridgrad.Client) -> None:
    start = gridgrad.table(np.zeros((8, 2)), x=X[:8], outside="extrapolate")
    places = np.linspace(X[0], X[7], 40)
    truth = DRAW.normal(size=(8, 2))
    data = CubicSpline(X[:8], truth)(places) @ [1.0, 2.0]
    inputs: dict[str, Any] = {"r": places, "V": start}
    terms = client.least_squares_terms("V_0(r) + 2*V_1(r) + 0*r", inputs, data, wrt=["V"])
    step = np.linalg.lstsq(terms.normal, -terms.gradient)[0].reshape(8, 2)
    assert_allclose(step @ [1.0, 2.0], truth @ [1.0, 2.0], atol=1e-10)


def test_one_compiled_program_serves_tables_of_all_numbers(tmp_path: Path) -> None:
    inputs: dict[str, Any] = {"r": R[100:110], "V": gridgrad.table(Y, x=X)}
    environment = {"GRIDGRAD_COMPILE": "1", "GRIDGRAD_CACHE": str(tmp_path / "cache")}
    with running(tmp_path, environment=environment) as server, gridgrad.Client(server.address) as client:
        direct = client.gradient("V(r)*r", inputs, tier="direct")
        prepared = client.prepare("V(r)*r", inputs)
        assert prepared.tier == "compiled", prepared.reason
        assert_array_equal(client.gradient("V(r)*r", inputs, tier="compiled").value, direct.value)
        uneven = np.append(X[:-1], 4.0)
        other = client.gradient("V(r)*r", {**inputs, "V": gridgrad.table(Y, x=uneven)}, tier="compiled")
        assert_allclose(other.value, CubicSpline(uneven, Y)(inputs["r"]) * inputs["r"], rtol=CLOSE, atol=CLOSE)
        assert len([*(tmp_path / "cache" / "compiled").glob("[0-9a-f]*")]) == 1


@pytest.mark.parametrize(
    ("function", "inputs", "message"),
    [
        ("V*r", {"r": R}, "the table V without arguments; write V(x)"),
        ("r", {"r": R}, "the table 'V', which the function does not call; leave it out, or call it, as in V(x)"),
        ("V(r, r)", {"r": R}, "an order of a derivative of the table V that is no integer"),
        ("V(V)", {"V_": R}, "the table V without arguments"),
    ],
)
def test_a_table_that_is_not_called_rightly_is_refused(
    client: gridgrad.Client, function: str, inputs: dict[str, Any], message: str
) -> None:
    with pytest.raises(gridgrad.RequestError) as caught:
        client.gradient(function, {**inputs, "V": gridgrad.table(Y, x=X)})
    assert message in str(caught.value)


def sent(**changed: Any) -> pb.GridGradientRequest:
    """A raw request with a table, changed."""
    numbers = pb.Array(dtype=pb.DTYPE_FLOAT64, shape=[4], data=np.arange(4.0).tobytes())
    given = {"values": numbers, "knots": [numbers], "method": "cubic", "outside": "nan", **changed}
    asked = request("V(x)", [axis("x", [1.5])])
    asked.inputs.add(name="V", table=pb.Table(**given))
    return asked


def test_raw_tables_are_checked_where_they_are_computed(calls: Calls) -> None:
    assert grids(calls.ask(sent())).tolist() == [[1.5]]
    bad = pb.Array(dtype=pb.DTYPE_FLOAT64, shape=[4], data=np.array([0, 1, 1, 2.0]).tobytes())
    refused: list[tuple[dict[str, Any], str]] = [
        ({"knots": [bad]}, "the knot 1.0 of x twice"),
        ({"method": "steps"}, "'steps'"),
        ({"boundary": "open"}, "boundary='open'"),
        ({"ends": [pb.TableEnd(order=1, value=0)]}, "boundary=((1, 0.0),)"),
    ]
    for changed, said in refused:
        assert said in calls.refusal(sent(**changed)).message
    with_dims = sent()
    with_dims.inputs[1].dims.append("x")
    assert "leave them out" in calls.refusal(with_dims).message
    registered = sent()
    registered.function.registered = "leaves"
    assert "give tables to expressions" in calls.refusal(registered).message
