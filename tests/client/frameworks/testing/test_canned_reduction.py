"""What a fake server makes of canned grids."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gridgrad
from gridgrad.frameworks.testing.canned_reduction import _REDUCTIONS
from gridgrad.testing import FakeClient
from gridgrad_core.reduction import REDUCTIONS

GRID = np.array([[1.0, np.nan, 3.0], [4.0, 6.0, 5.0]])
INPUTS = {"t": [1.0, 2.0], "k": [0.0, 1.0, 3.0]}


def test_canned_grids_are_reduced_as_real_ones() -> None:
    with FakeClient({"t*k": {(): GRID, "k": 2.0}}) as client:
        kept = client.gradient("t*k", INPUTS, wrt="k", reduce={"k": "argmax"})
        assert (kept.value.tolist(), kept.d["k"].tolist(), kept.value.dtype.name) == ([1, 1], [0, 0], "int64")
        assert (kept.dims, dict(kept.reduced)) == (("t",), {"k": "argmax"})
        weighed = client.gradient("t*k", INPUTS, wrt="k", reduce="mean", weights={"t": [1.0, 3.0], "k": "trapezoid"})
        assert_allclose(weighed.d["k"], 2.0)
        assert [each.reduce for each in client.requests] == [{"k": "argmax"}, {"t": "mean", "k": "mean"}]
        assert [result.value.shape for result in client.map("t*k", [INPUTS] * 3, reduce={"t": "sum"}, order=0)] == [
            (3,)
        ] * 3
        with pytest.raises(gridgrad.RequestError, match="give weights and cotangents as arrays"):
            client.gradient("t*k", INPUTS, order=0, reduce="sum", weights="exp(k)")


def test_canned_grids_are_pulled_back_as_real_ones() -> None:
    with FakeClient({"t*k": {(): GRID, "k": 2.0, "t": np.arange(6.0).reshape(2, 3)}}) as client:
        result = client.pullback("t*k", INPUTS, [[1.0, 0.0, 2.0], [0.0, 1.0, 0.5]], wrt=["k", "t"])
        assert result.d["k"].tolist() == [2, 2, 5]
        assert result.d["t"].tolist() == [4, 6.5]
        with pytest.raises(gridgrad.RequestError, match="cotangents as arrays"):
            client.pullback("t*k", INPUTS, "exp(k)", wrt="k")


def test_it_knows_all_of_them() -> None:
    assert _REDUCTIONS.keys() == REDUCTIONS.keys()
