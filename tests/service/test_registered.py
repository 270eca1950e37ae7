"""Registered functions that were traced to expressions, and those that torch computes, at a real server."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

import gridgrad

T, K = np.linspace(0.5, 2.0, 33), np.linspace(-1.0, 1.0, 17)
TEXT = "t*k + t*2*k**2"
XY = {"x": [-1.0, 0.0, 0.7], "y": [0.3, 2.0]}


def test_a_traced_function_is_its_expression(client: gridgrad.Client) -> None:
    registered = gridgrad.registered("bilinear")
    by_name = client.gradient(registered, {"t": T, "k": K}, order=2)
    by_text = client.gradient(TEXT, {"t": T, "k": K}, order=2)
    assert (by_name.info.engine, by_name.info.tier) == ("structured", "direct")
    assert by_name.info.digest == by_text.info.digest
    assert by_name.value.tobytes() == by_text.value.tobytes()
    for derivative in ("t", "k", ("t", "k"), ("k", "k")):
        assert by_name.d[derivative].tobytes() == by_text.d[derivative].tobytes()
    np.testing.assert_allclose(by_name.d["t"], np.broadcast_to(K + 2 * K**2, (33, 17)), rtol=1e-15, atol=1e-16)


def test_it_is_listed_explained_and_refused_by_its_name(client: gridgrad.Client) -> None:
    listed = {each.name: each for each in client.functions()}
    assert (listed["bilinear"].expression, listed["bilinear"].expression_order) == (TEXT, 4)
    explained = client.explain(gridgrad.registered("bilinear"), ["t", "k"])
    assert (explained.program, explained.digest) == (TEXT, listed["bilinear"].digest)
    assert client.prepare(gridgrad.registered("bilinear"), ["t", "k"]).engine == "structured"
    assert "looks at the numbers of a tensor" in listed["fails"].why_functional
    with pytest.raises(gridgrad.RequestError, match=r"no 'k' among the inputs t, though bilinear uses it"):
        client.gradient(gridgrad.registered("bilinear"), {"t": T})


def test_inputs_that_are_left_out_have_their_defaults(client: gridgrad.Client) -> None:
    vortex = gridgrad.registered("vortex")
    left_out = client.gradient(vortex, XY)
    given = client.gradient(vortex, {**XY, "strength": 1.0, "core": 0.5})
    assert (left_out.components, left_out.units) == (("u", "v"), {"x": "m", "y": "m", "u": "m/s", "v": "m/s"})
    np.testing.assert_array_equal(left_out.value, given.value)
    np.testing.assert_array_equal(left_out.d["x"], given.d["x"])
    assert given.units["core"] == "m"


def test_many_by_stream_and_in_single_precision(client: gridgrad.Client) -> None:
    bilinear = gridgrad.registered("bilinear")
    requests = [gridgrad.Request(bilinear, {"t": T + i, "k": K}, dtype="float32") for i in range(20)]
    for i, result in enumerate(client.stream(requests)):
        assert (result.info.engine, result.value.dtype.name) == ("structured", "float32")
        np.testing.assert_allclose(result.value, np.outer(T + i, K + 2 * K**2), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_network_goes_layer_by_layer(client: gridgrad.Client, dtype: Literal["float64", "float32"]) -> None:
    network, x, y = gridgrad.registered("wide_network"), np.linspace(-1, 1, 70), np.linspace(0.5, 2, 30)
    result = client.gradient(network, {"x": x, "y": y}, dtype=dtype)
    assert result.info.engine == "layers"
    listed = {each.name: each for each in client.functions()}["wide_network"]
    assert "layer by layer, as matrix products over all points, to order 1" in listed.why_functional
    places = np.arange(48.0)
    first, second, last = np.sin(places), np.cos(np.outer(places, places)) / 7, np.cos(places)
    hidden = np.tanh(np.multiply.outer(x[:, None] + y, first))
    again = np.tanh(hidden @ second.T)
    slope = ((1 - again**2) * ((1 - hidden**2) * first @ second.T)) @ last
    rtol = 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(result.value, again @ last, rtol=rtol, atol=10 * rtol)
    np.testing.assert_allclose(result.d["x"], slope, rtol=rtol, atol=10 * rtol)
    np.testing.assert_allclose(result.d["y"], slope, rtol=rtol, atol=10 * rtol)


def test_bound_calls_and_gradients_of_sums_are_those_of_the_expression(client: gridgrad.Client) -> None:
    bilinear = gridgrad.registered("bilinear")
    cotangent = np.cos(np.arange(33.0 * 17)).reshape(33, 17)
    by_name, by_text = (client.pullback(each, {"t": T, "k": K}, cotangent, wrt=["t", "k"]) for each in (bilinear, TEXT))
    np.testing.assert_array_equal(by_name.d["k"], by_text.d["k"])
    np.testing.assert_allclose(by_name.d["t"], cotangent @ (K + 2 * K**2), rtol=1e-13, atol=1e-13)
    bound = client.bind(gridgrad.registered("vortex"), XY, varying=["y"])
    for y in (np.array([0.3, 2.0]), np.array([1.0, -0.5])):
        np.testing.assert_array_equal(
            bound(y=y).d["x"], client.gradient(gridgrad.registered("vortex"), {**XY, "y": y}).d["x"]
        )
