"""Functions on datasets at real servers, one and a list: files that are broken off and gone on with."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gridgrad
import gridgrad.xarray
from tests.service.harness import Running, running

xr = pytest.importorskip("xarray")
pytest.importorskip("dask")

PROGRAM = """
import sys, numpy, xarray, gridgrad.xarray
axis = numpy.linspace(0, 1, 400)
dataset = xarray.Dataset(coords={"x": axis, "y": axis})
gridgrad.xarray.evaluate(dataset, "sin(x)*exp(y)", server=sys.argv[1].split(","), chunks={"x": 40, "y": 40},
    tier="direct", to=sys.argv[2], progress=lambda done, total: print(done, flush=True))
"""


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Another server than the shared one."""
    with running(tmp_path_factory.mktemp("other")) as started:
        yield started


@pytest.mark.parametrize("suffix", ["zarr", "nc"])
def test_a_killed_process_leaves_what_it_has_written(
    server: Running, other: Running, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"out.{suffix}"
    command = [sys.executable, "-c", PROGRAM, f"{server.address},{other.address}", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        for line in killed.stdout:
            if int(line) >= 20:
                killed.kill()
                break
    complete = list((tmp_path / f"{path.name}.partial").glob("*.*[0-9]"))
    assert 20 <= len(complete) < 100
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.split()
    assert int(told[0]) > 20
    assert int(told[-1]) == 100
    axis = np.linspace(0, 1, 400)
    with xr.open_zarr(path, consolidated=False) if suffix == "zarr" else xr.open_dataset(path) as found:
        assert_allclose(found["f"], np.outer(np.sin(axis), np.exp(axis)), rtol=1e-14)
        assert_allclose(found["df_dx"], np.outer(np.cos(axis), np.exp(axis)), rtol=1e-14)


def test_blocks_have_the_bits_of_the_whole(client: gridgrad.Client) -> None:
    axis = np.linspace(0.5, 1, 120)
    lazy = gridgrad.xarray.evaluate(
        xr.Dataset(coords={"x": axis, "y": axis}), "sin(x)*exp(y)", server=client, chunks={"x": 50}, tier="direct"
    )
    whole = client.gradient("sin(x)*exp(y)", {"x": axis, "y": axis}, tier="direct")
    assert_array_equal(lazy["f"], whole.value)
    assert_array_equal(lazy["df_dy"], whole.d["y"])
