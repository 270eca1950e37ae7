"""Archives: written, read by numpy, and read back whole."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from tests.client.made_results import INFO, result_from

AWKWARD = {"file": [1.0, 2.0], "value": 3.0, "about": ("p", [1.0, 2.0, 3.0]), "w": (("p", "q"), np.ones((3, 2)))}


def written_and_read(result: gridgrad.Result) -> gridgrad.Result:
    file = io.BytesIO()
    result.to_npz(file)
    file.seek(0)
    return gridgrad.Result.from_npz(file)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_result_comes_back_whole(dtype: str) -> None:
    grids: dict[tuple[str, ...], Any] = {(): np.nan, ("file",): 1.5, ("value", "about"): -np.inf}
    result = result_from("file*value; u, v", AWKWARD, grids, ("u", "v"), dtype)
    back = written_and_read(result)
    assert back.value.dtype == dtype
    assert [*back.d] == [("file",), ("value", "about")]
    assert_array_equal(back.value, result.value)
    assert_array_equal(back.d["about", "value"], result.d["about", "value"])
    assert (back.dims, back.components, back.tuple_valued) == (("file", "p", "q"), ("u", "v"), True)
    assert back.input_dims == {"file": ("file",), "value": (), "about": ("p",), "w": ("p", "q")}
    assert all(np.array_equal(back.inputs[name], result.inputs[name]) for name in AWKWARD)
    assert back.info == INFO
    assert not back.value.flags.writeable
    assert gridgrad.Request(**{**_fields(back.request), "tag": 1}).function == "file*value; u, v"


def _fields(request: gridgrad.Request) -> dict[str, Any]:
    return {name: getattr(request, name) for name in request.__dataclass_fields__}


def test_a_registered_function_and_a_single_point() -> None:
    result = result_from("c", {"c": 2.0}, {(): 4, ("c",): 4})
    again = written_and_read(result)
    assert again.value.shape == ()
    assert again.request.inputs == {"c": 2.0}
    square = gridgrad.registered("square")
    assert written_and_read(result_from(square, {"c": 2.0}, {(): 4})).request.function == square


def test_numpy_reads_it_without_pickles(tmp_path: Path) -> None:
    result = result_from("t", {"t": [1.0, 2.0], "value": 3.0}, {(): 0, ("t",): 1, ("t", "t"): 2})
    file = tmp_path / "out"  # no suffix is added
    assert result.to_npz(file) == ["value", "d/t", "d/t,t", "t", "input/value"]
    with np.load(file, allow_pickle=False) as archive:
        assert set(archive) == {"value", "d/t", "d/t,t", "t", "input/value", "about"}
        assert archive["d/t,t"].tolist() == [2, 2]
        assert '"expression": "t"' in str(archive["about"])


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive at all", b"\x93NUMPY"])
def test_what_is_no_archive(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "out.npz"
    file.write_bytes(content)
    with pytest.raises(gridgrad.RequestError, match=r"no archive of a result .*to_npz"):
        gridgrad.Result.from_npz(file)


def test_an_archive_of_something_else(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", value=np.zeros(3), about=np.array('{"dims": 1}'))
    with pytest.raises(gridgrad.RequestError, match="no archive of a result"):
        gridgrad.Result.from_npz(tmp_path / "other.npz")
    with pytest.raises(FileNotFoundError):
        gridgrad.Result.from_npz(tmp_path / "none.npz")
