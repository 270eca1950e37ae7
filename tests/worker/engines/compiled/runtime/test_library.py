"""Loading of libraries, and the rows that they are told of tiles by."""

from __future__ import annotations

import ctypes.util
from pathlib import Path

import numpy as np
import pytest

from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.engines.compiled.codegen.build import build, source_of
from gridgrad_worker.engines.compiled.codegen.job import CompileJob
from gridgrad_worker.engines.compiled.runtime.library import DONE, DOUBLES, PLAIN, Library
from gridgrad_worker.engines.structured.execution.structured_engine import StructuredEngine
from gridgrad_worker.native.toolchain import find_compiler


def test_what_is_no_library_can_not_be_loaded(tmp_path: Path) -> None:
    path = tmp_path / "grid.so"
    path.write_bytes(b"no library")
    with pytest.raises(OSError, match=r"grid\.so"):
        Library(path, 1, 1)


def test_another_library_is_told_by_what_it_lacks() -> None:
    name = ctypes.util.find_library("m")
    assert name is not None
    with pytest.raises(AttributeError, match="compute"):
        Library(Path(name), 1, 1)


@pytest.mark.skipif(find_compiler() is None, reason="there is no C++ compiler")
def test_rows_are_computed_where_they_say(cpu: CpuDevice, tmp_path: Path) -> None:
    job = CompileJob("x*y", ("x", "y"), ((0,), (1,)), 2, ((), (0,)), "float64", "cpu")
    direct = StructuredEngine(job.program(), job.inputs, job.ndim, job.wanted, job.torch_dtype, cpu)
    library = Library(build(source_of(job, direct), tmp_path), 2, 2)
    rows = library.rows(2)
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0])
    outs = np.full((2, 2, 2, 3), np.nan)
    for row, out in zip(rows, outs, strict=True):
        for given, values, dim in zip(row["inputs"], (x, y), (0, 1), strict=True):
            given["kind"], given["data"] = DOUBLES, values.ctypes.data
            given["strides"][dim] = values.itemsize
        row["shape"], row["out"], row["pitch"], row["mode"] = (2, 3), out.ctypes.data, out.strides[0], PLAIN
    library.compute(rows)
    assert rows["outcome"].tolist() == [DONE, DONE]
    for out in outs:
        assert np.array_equal(out, np.stack(np.broadcast_arrays(x[:, None] * y, y)))
