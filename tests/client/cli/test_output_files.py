"""Files that results are written to, by their suffix; read back by what others read them with."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from gridgrad.cli.output_files import check_output
from gridgrad_core.errors import MissingExtraError, RequestError
from tests.client.cli.conftest import Run
from tests.client.fake import FakeServer

INPUTS = ["--axis", "t=1,2", "--axis", "k=3,5,7"]


def test_a_table_holds_every_point_to_the_last_digit(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "out.csv"
    status, shown, _ = run("eval", "t", "--axis", "t=0.1,2", "--axis", "k=3,5,7", "--output", str(file))
    assert (status, shown) == (0, f"{file}: t, k, f, df_dt, df_dk\n")
    with open(file, newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [(float(row["t"]), float(row["k"])) for row in rows] == [(t, k) for t in (0.1, 2.0) for k in (3.0, 5.0, 7.0)]
    # The fake server's plane p is 1000*p plus the sum of the inputs
    assert [float(row["df_dk"]) for row in rows] == [2000 + (t + k) for t in (0.1, 2.0) for k in (3.0, 5.0, 7.0)]


def test_netcdf_is_netcdf(run: Run, tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    assert run("eval", "t", *INPUTS, "--output", str(tmp_path / "out.nc"))[0] == 0
    with xarray.open_dataset(tmp_path / "out.nc", engine="h5netcdf") as read:
        assert read["df_dk"].dims == ("t", "k")
        assert read["k"].values.tolist() == [3, 5, 7]


def test_zarr_is_zarr_and_is_written_over(run: Run, tmp_path: Path) -> None:
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("zarr")
    for _ in range(2):
        assert run("eval", "t", *INPUTS, "--output", str(tmp_path / "out.zarr"))[0] == 0
    with xarray.open_zarr(tmp_path / "out.zarr", consolidated=False, chunks=None) as read:
        assert read["f"].shape == (2, 3)


def test_points_in_step_are_lines_of_a_table(run: Run, server: FakeServer, tmp_path: Path) -> None:
    np.save(tmp_path / "k.npy", np.array([3.0, 5.0]))
    inputs = ["--zip", "t=1,2", "--zip", f"k=@{tmp_path}/k.npy", "--output", str(tmp_path / "out.csv")]
    assert run("eval", "t*k", *inputs)[0] == 0
    assert [tuple(given.dims) for given in server.requests[0].inputs] == [("point",), ("point",)]
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 3


def test_nothing_is_asked_of_the_server_where_nothing_can_be_written(
    run: Run, server: FakeServer, tmp_path: Path
) -> None:
    (tmp_path / "folder.npz").mkdir()
    for name in ("out.dat", "out", "none/out.csv", "folder.npz"):
        status, _, said = run("eval", "t", *INPUTS, "--output", str(tmp_path / name))
        assert status == 2
        assert "--output" in said
    assert not server.requests


def test_what_is_not_installed_is_named_before_the_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def missing(module: str, extra: str) -> None:
        raise MissingExtraError(module, "is not installed", f"pip install 'gridgrad[{extra}]'")

    monkeypatch.setattr("gridgrad.cli.output_files.optional", missing)
    with pytest.raises(MissingExtraError, match=r"gridgrad\[netcdf\]"):
        check_output(str(tmp_path / "out.nc"))
    with pytest.raises(RequestError, match="name it by what to write"):
        check_output(str(tmp_path / "out.hdf5"))
