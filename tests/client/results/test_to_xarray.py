"""Results as Datasets and mappings; NetCDF and Zarr through xarray."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.results import to_xarray as export
from tests.client.made_results import result_from

T, K = [1.0, 2.0, 4.0], [2.0, 3.0]
SUMS = np.add.outer(T, K)


def bilinear(scale: float = 1.0, **inputs: Any) -> gridgrad.Result:
    grids = {(): scale * SUMS, ("t",): SUMS + 1, ("t", "k"): SUMS + 2, ("k", "k"): SUMS + 3}
    return result_from("t*k*c", {"t": T, "k": K, "c": scale, **inputs}, grids)


def flow() -> gridgrad.Result:
    inputs = {"x": ("p", T), "w": (("q", "p"), np.ones((2, 3)))}
    return result_from("u, v", inputs, {(): [[[1.0]], [[2.0]]], ("x",): [[[3.0]], [[4.0]]]}, ("u", "v"))


def test_a_dataset_has_the_dims_inputs_and_derivatives() -> None:
    pytest.importorskip("xarray")
    result = bilinear(0.5)
    data = result.to_xarray()
    assert dict(data.sizes) == {"t": 3, "k": 2}
    assert list(data.data_vars) == ["f", "df_dt", "d2f_dt_dk", "d2f_dk2"]
    assert_array_equal(data.d2f_dk2, SUMS + 3)
    assert data.df_dt.dims == ("t", "k")
    assert data.df_dt.sel(t=4, k=3) == 8
    assert data.c == 0.5
    assert data.d2f_dk2.attrs["long_name"] == "d2f/dk2"
    assert data.attrs["expression"] == "t*k*c"
    assert (data.attrs["device"], data.attrs["compute_s"]) == ("cpu", 0.5)
    assert np.shares_memory(data.df_dt.values, result.d["t"])
    assert list(result.to_xarray("g").data_vars)[:2] == ["g", "dg_dt"]


def test_a_dataset_of_a_tuple_on_shared_dims() -> None:
    pytest.importorskip("xarray")
    data = flow().to_xarray()
    assert list(data.data_vars) == ["u", "du_dx", "v", "dv_dx"]
    assert data.dv_dx.dims == ("p", "q")
    assert data.coords["x"].dims == ("p",)
    assert data.coords["w"].dims == ("q", "p")
    assert "p" not in data.coords
    assert list(flow().to_xarray(["a", "b"]).data_vars) == ["a", "da_dx", "b", "db_dx"]


def test_what_is_computed_on_a_dataset_is_labelled() -> None:
    pytest.importorskip("xarray")
    data = bilinear().to_xarray()
    again = result_from("t", {"t": data.t, "k": data.k, "field": data.f}, {(): 0})
    assert again.input_dims == {"t": ("t",), "k": ("k",), "field": ("t", "k")}


def test_labels_and_units_of_data_arrays_are_kept() -> None:
    xarray = pytest.importorskip("xarray")
    labels = xarray.Variable("s", ["a", "b", "c"], {"long_name": "site"})
    k = xarray.DataArray([1.0, 2.0, 3.0], dims="s", coords={"s": labels}, attrs={"units": "m"})
    data = result_from("k", {"t": [0.0, 1.0], "k": k}, {(): 0}).to_xarray()
    assert data.s.values.tolist() == ["a", "b", "c"]
    assert (data.s.attrs, data.k.attrs) == ({"long_name": "site"}, {"units": "m"})
    assert data.f.sel(s="b").dims == ("t",)


def test_a_dim_that_is_an_input_too_has_that_for_labels() -> None:
    xarray = pytest.importorskip("xarray")
    k = xarray.DataArray([1.0, 2.0], dims="k", coords={"k": [1.0, 2.0]}, attrs={"units": "m"})
    data = result_from("k", {"k": k}, {(): 0}).to_xarray()
    assert (data.k.values.tolist(), data.k.attrs) == ([1, 2], {"units": "m"})


def test_labels_that_all_results_have_are_stacked() -> None:
    xarray = pytest.importorskip("xarray")
    a, b = (xarray.DataArray([1.0, 2.0], dims="s", coords={"s": labels}) for labels in ([5, 6], [5, 7]))
    of_a, of_b = (result_from("k", {"k": each}, {(): 0}) for each in (a, b))
    assert export.stack([of_a, of_a]).s.values.tolist() == [5, 6]
    assert "s" not in export.stack([of_a, of_b]).coords


def test_names_that_collide() -> None:
    pytest.importorskip("xarray")
    with pytest.raises(gridgrad.RequestError, match=r"'f' is the name of an input or dim too; .*name=\"g\""):
        bilinear(f=1.0).to_xarray()
    assert next(iter(bilinear(f=1.0).to_xarray("g").data_vars)) == "g"
    swapped = result_from("k, t", {"t": T, "k": K}, {(): np.zeros((2, 1, 1))}, ("k", "t"))
    with pytest.raises(gridgrad.RequestError, match=r"'k' is the name .*name=\(\"f0\", \"f1\"\)"):
        swapped.to_xarray()
    assert list(swapped.to_xarray(("f0", "f1")).data_vars) == ["f0", "f1"]
    with pytest.raises(gridgrad.RequestError, match="two variables of one name"):
        flow().to_dict(["a", "a"])
    with pytest.raises(gridgrad.RequestError, match=r"3 names .*give 2"):
        flow().to_dict(["a", "b", "c"])


def test_a_number_under_the_name_of_a_dim_is_an_attribute() -> None:
    pytest.importorskip("xarray")
    data = result_from("x*p", {"x": ("p", T), "p": 7.0}, {(): 0}).to_xarray()
    assert data.attrs["p"] == 7
    assert data.f.dims == ("p",)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_netcdf_and_zarr(dtype: str, tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    data = result_from("t*k", {"t": T, "k": K, "c": 1.0}, {(): SUMS, ("t",): np.nan}, dtype=dtype).to_xarray()
    data.to_netcdf(tmp_path / "out.nc", engine="h5netcdf")
    data.to_zarr(tmp_path / "out.zarr", consolidated=False)
    with xarray.open_dataset(tmp_path / "out.nc", engine="h5netcdf") as back:
        assert data.identical(back.load())
    with xarray.open_zarr(tmp_path / "out.zarr", consolidated=False, chunks=None) as back:
        assert data.identical(back.load())


def test_a_dict_has_the_same_names() -> None:
    result = bilinear()
    arrays = result.to_dict()
    assert list(arrays) == ["t", "k", "c", "f", "df_dt", "d2f_dt_dk", "d2f_dk2"]
    assert arrays["df_dt"].shape == (3, 2)
    assert np.shares_memory(arrays["f"], result.value)
    flat = result.to_dict(flat=True)
    assert {array.shape for array in flat.values()} == {(6,)}
    assert flat["t"].tolist() == [1, 1, 2, 2, 4, 4]
    assert flat["k"].tolist() == [2, 3, 2, 3, 2, 3]
    assert flat["df_dt"].tolist() == (SUMS + 1).ravel().tolist()
    assert flow().to_dict(flat=True)["w"].shape == (6,)


def test_many_results_in_one_dataset() -> None:
    pytest.importorskip("xarray")
    data = export.stack((bilinear(scale) for scale in (1.0, 2.0, 3.0)), "sample")
    assert dict(data.sizes) == {"sample": 3, "t": 3, "k": 2}
    assert data.f.dims == ("sample", "t", "k")
    assert_array_equal(data.f, np.multiply.outer([1, 2, 3], SUMS))
    assert data.c.dims == ("sample",)
    assert data.c.values.tolist() == [1, 2, 3]
    assert data.t.dims == ("t",)
    assert "t" in data.indexes


def test_axes_that_differ_are_stacked_too() -> None:
    pytest.importorskip("xarray")
    data = export.stack([result_from("x", {"x": axis}, {(): axis}) for axis in ([1.0, 2.0], [3.0, 4.0])], "run")
    assert data.x.dims == ("run", "x")
    assert data.x.values.tolist() == data.f.values.tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("results", "dim", "said"),
    [
        ([], "sample", "results: none; stack at least one"),
        ([bilinear()], "t", "dim: 't', which the results have already"),
        ([bilinear(), bilinear(b=1.0)], "sample", r"results\[1\]: inputs .* differ in numbers only"),
        ([flow(), bilinear()], "sample", r"results\[1\]: dims"),
    ],
)
def test_what_can_not_be_stacked(results: list[gridgrad.Result], dim: str, said: str) -> None:
    with pytest.raises(gridgrad.RequestError, match=said):
        export.stack(results, dim)


def test_without_xarray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(gridgrad.MissingExtraError, match=r"xarray: is not installed; pip install 'gridgrad\[xarray\]'"):
        bilinear().to_xarray()
    assert issubclass(gridgrad.MissingExtraError, ImportError)
