"""Results: views, names, copies, and what a missing derivative says."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.requests.request import Request
from gridgrad.results.result import with_integral_error
from gridgrad_core.wire.buffer import ALIGNMENT
from tests.client.made_results import result_from
from tests.client.results.served_results import SUMS, raw_and_result, result_of


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("names", [["t", "k"], ["t", "k", "a_long_name", "b"], ["x" * n for n in range(1, 9)]])
def test_arrays_are_read_only_aligned_views_of_the_message(dtype: str, names: list[str]) -> None:
    raw, result = raw_and_result(Request("f", {name: [1.0, 2.0] for name in names}, dtype=dtype))
    grids = [result.value, *result.d.values()]
    assert len(grids) == 1 + len(names)
    for grid in grids:
        assert grid.dtype == dtype
        assert grid.flags.aligned
        assert not grid.flags.writeable
        assert np.shares_memory(grid, np.frombuffer(raw, np.uint8))
    assert result.value.ctypes.data % ALIGNMENT == 0


def test_a_copy_is_writable_and_independent() -> None:
    result = result_of()
    copy = result.copy()
    copy.d["t"][...] = 0
    assert_array_equal(result.d["t"], SUMS + 1000)
    assert (copy.dims, copy.info, list(copy.d)) == (result.dims, result.info, list(result.d))
    assert copy.nbytes == result.nbytes == 3 * 6 * 8


def test_a_result_can_be_pickled() -> None:
    result = result_of()
    again = pickle.loads(pickle.dumps(result))  # noqa: S301 - what users do with it between processes
    assert_array_equal(again.d["k"], result.d["k"])
    assert again.info == result.info


def test_repr() -> None:
    assert repr(result_of()).splitlines() == [
        "<Result float64 on t=3, k=2; functional on cpu, 500 ms computing, 250 ms queued",
        "  f      3.5 to 7.5",
        "  df/dt  1004 to 1008",
        "  df/dk  2004 to 2008>",
    ]


UNITS = {"T": "K", "rho": "mol / l", "R": "J / mol / K", "p": "kPa"}


def gas() -> gridgrad.Result:
    """A pressure and its partials, one of them of something without a unit."""
    grids = {(): 1.0, ("T",): 2.0, ("T", "T"): 3.0, ("T", "rho"): 4.0, ("x",): 5.0}
    inputs = {"T": [300.0, 310.0], "rho": [1.0, 2.0, 3.0], "R": 8.314, "x": 0.5}
    return result_from("p = rho*R*T*x; (p,)", inputs, grids, ("p",), units=UNITS)


EXPECTED = {
    "p": "kPa",
    "dp_dT": "kPa / K",
    "d2p_dT2": "kPa / K**2",
    "d2p_dT_drho": "kPa / (K * (mol / l))",
    "T": "K",
    "rho": "mol / l",
    "R": "J / mol / K",
}


def test_units_go_along_to_xarray_and_netcdf(tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    data = gas().to_xarray()
    assert {name: each.attrs["units"] for name, each in data.variables.items() if "units" in each.attrs} == EXPECTED
    data.to_netcdf(tmp_path / "gas.nc", engine="h5netcdf")
    with xarray.open_dataset(tmp_path / "gas.nc", engine="h5netcdf") as read:
        assert {name: each.attrs["units"] for name, each in read.variables.items() if "units" in each.attrs} == EXPECTED


def test_units_are_archived_and_pickled(tmp_path: Path) -> None:
    gas().to_npz(tmp_path / "gas.npz")
    for back in (gridgrad.Result.from_npz(tmp_path / "gas.npz"), pickle.loads(pickle.dumps(gas()))):  # noqa: S301
        assert back.units == UNITS
        assert repr(back).splitlines()[1:] == repr(gas()).splitlines()[1:]


def test_units_stand_in_text_and_figures() -> None:
    for part in ("p [kPa]", "dp/dT [kPa / K]", "d2p/(dT drho) [kPa / (K * (mol / l))]"):
        assert part in repr(gas())
    assert "dp/dx [" not in repr(gas())
    assert "∂p/∂T [kPa / K]" in gas()._repr_html_()
    pytest.importorskip("matplotlib")
    figure = gas().plot()
    axes = figure.axes[0]
    assert (axes.get_title(loc="left"), axes.get_xlabel(), axes.get_ylabel()) == ("p [kPa]", "T [K]", "ρ [mol / l]")
    assert "R = 8.314 J / mol / K, x = 0.5" in figure.get_suptitle()


def test_without_units_nothing_is_said_of_them() -> None:
    bare = result_from("f", {"x": [1.0, 2.0]}, {(): 1.0})
    assert bare.units == {}
    assert "[" not in repr(bare)


@pytest.mark.parametrize(
    ("here", "there", "error"),
    [
        ([1.0, -4.0], [1.5, -4.0], 0.125),
        ([0.0, 0.0], [0.0, 0.0], 0.0),
        ([0.0, 0.0], [0.0, 1.0], np.inf),
        ([np.nan, 2.0, np.inf], [np.nan, 2.0, np.inf], 0.0),
        ([np.nan, 2.0], [1.0, 2.0], np.inf),
        ([np.inf, 2.0], [np.nan, 2.0], np.inf),
        ([], [], 0.0),
    ],
)
def test_how_far_integrals_are_off_is_the_farthest_move_beside_the_largest(
    here: list[float], there: list[float], error: float
) -> None:
    results = [result_from("t", {"t": np.zeros(len(here))}, {(): np.array(each)}) for each in (here, there)]
    assert with_integral_error(*results).info.integral_error == error
