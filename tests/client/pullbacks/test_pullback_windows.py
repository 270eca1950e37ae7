"""Pull-backs in windows: the same as whole, whichever dims the cotangent and the inputs have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gridgrad
from gridgrad.pullbacks.pullback_windows import PullbackWindows, is_large
from gridgrad.requests.prepare import prepare
from gridgrad.requests.reduction import GivenPullback
from gridgrad.requests.request import Request
from gridgrad.testing import FakeClient

GRIDS: dict[Any, Any] = {
    "t*k + n_0*x": {
        (): lambda t, k, x, n_0, **_: t * k + n_0 * x,
        "t": lambda t, k, x, n_0, **_: k + 0 * (t + x + n_0),
        "k": lambda t, k, x, n_0, **_: t + 0 * (k + x + n_0),
        "n_0": lambda t, k, x, n_0, **_: x + 0 * (t + k + n_0),
    }
}


@pytest.mark.parametrize("dims", [("t", "k", "x"), ("k", "t")])
@pytest.mark.parametrize("points", [1, 7, 30, 1000])
def test_windows_add_up_to_the_whole(dims: tuple[str, ...], points: int) -> None:
    lengths = {"t": 5, "k": 4, "x": 3}
    cotangent = dims, np.random.default_rng(1).normal(size=[lengths[dim] for dim in dims])
    inputs: Any = {"t": gridgrad.linspace(0, 1, 5), "k": np.arange(4.0), "x": ("x", np.arange(3.0))}
    asked: Any = {"coefficients": {"n": [2.0, 3.0]}, "dtype": "float64"}
    with FakeClient(GRIDS) as client:
        whole = client.pullback("t*k + n_0*x", inputs, cotangent, wrt=["n", "t", "k"], **asked)
        request = Request("t*k + n_0*x", inputs, ["n", "t", "k"], 1, reduce=GivenPullback(cotangent), **asked)
        windows = PullbackWindows(request, prepare(Request(**_without(request))), points * 32)
        count = 0
        for part in windows:
            given: Any = part.reduce
            count += 1
            windows.add(client.pullback(part.function, part.inputs, given.cotangent, wrt=["n", "t", "k"], **asked))
    assert (count > 1) == (points < 60)
    assert_allclose(windows.total.value, whole.value, atol=1e-14)
    for name in ("t", "k", "n"):
        assert windows.total.d[name].shape == whole.d[name].shape
        assert_allclose(windows.total.d[name], whole.d[name], atol=1e-13)
    assert windows.total.inputs["t"].shape == (5,)


def test_only_large_arrays_go_in_windows() -> None:
    assert not is_large(None)
    assert not is_large("exp(t)")
    assert not is_large(np.ones(1000), 1 << 26)
    assert is_large(("t", np.ones(1000)), 4096)


def _without(request: Request) -> dict[str, Any]:
    names = ("function", "inputs", "wrt", "order", "dtype", "coefficients")
    return {**{name: getattr(request, name) for name in names}, "reduce": GivenPullback()}
