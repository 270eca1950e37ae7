"""Results: views, names, copies, and what a missing derivative says."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from gridgrad.requests.request import Request
from gridgrad_core.wire.buffer import ALIGNMENT
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
