"""Results of every way to ask for them, exported: what the pieces of a grid and many grids have in common."""

from __future__ import annotations

import numpy as np
import pytest

import gridgrad

xarray = pytest.importorskip("xarray")

AXES = {"t": np.linspace(0, 1, 300), "k": np.linspace(1, 2, 200), "c": 0.5}


def test_windows_have_the_coordinates_of_their_part(client: gridgrad.Client) -> None:
    whole = client.gradient("t*k**2 + c", AXES).to_xarray()
    parts = [window.to_xarray() for window in client.windows("t*k**2 + c", AXES, points=10_000)]
    assert len(parts) > 1
    joined = xarray.combine_by_coords([part.drop_attrs() for part in parts], combine_attrs="drop")
    assert joined.identical(whole.drop_attrs())


def test_a_sweep_in_one_dataset(client: gridgrad.Client) -> None:
    data = client.map("c*t**2", ({"t": [1.0, 2.0, 3.0], "c": float(n)} for n in range(100)), order=2).to_xarray("run")
    assert data.d2f_dt2.dims == ("run", "t")
    assert (data.d2f_dt2 == 2 * data.c).all()
    assert (data.df_dt == 2 * data.c * data.t).all()
