"""Rows of numbers as gradients: by inputs with dims, and by arrays of coefficients of which some are not used."""

from __future__ import annotations

from typing import Any

import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.testing import FakeClient

GRIDS: dict[Any, Any] = {
    "n_0*t*k": {
        (): lambda n_0, t, k, **_: n_0 * t * k,
        "n_0": lambda t, k, **_: t * k,
        "t": lambda n_0, t, k, **_: n_0 * k + 0 * t,
    }
}
INPUTS = {"t": [1.0, 2.0], "k": [2.0, 3.0]}


def asked() -> gridgrad.Result:
    with FakeClient(GRIDS) as client:
        return client.pullback("n_0*t*k", INPUTS, wrt=["n", "t"], coefficients={"n": [2.0, 5.0]})


def test_each_derivative_has_the_dims_of_its_input() -> None:
    result = asked()
    assert result.value == 30
    assert not result.dims
    assert_array_equal(result.d["n"], [15, 0])
    assert_array_equal(result.d["t"], [10, 10])


def test_for_other_tools() -> None:
    result = asked()
    flat = result.to_dict(flat=True)
    assert [(name, flat[name].tolist()) for name in ("f", "df_dn_0", "df_dt_1", "k_1")] == [
        ("f", [30.0]),
        ("df_dn_0", [15.0]),
        ("df_dt_1", [10.0]),
        ("k_1", [3.0]),
    ]
    pytest.importorskip("xarray")
    data = result.to_xarray()
    assert (data["df_dt"].dims, data["f"].dims) == (("t",), ())
    assert_array_equal(data["t"].values, INPUTS["t"])
