"""The functions that the project shows to authors: they are right, in both dtypes."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gridgrad_worker.registered import registry
from gridgrad_worker.registered.bind import bind
from gridgrad_worker.registered.registration import Registration
from gridgrad_worker.startup import start

Solver = Any  # the fixture of conftest.py
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def examples() -> Iterator[dict[str, Registration]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "_registered", {})
        patch.syspath_prepend(ROOT)
        sys.modules.pop("examples.functions", None)
        yield start("cpu", 1, ["examples.functions"])[1]
    sys.modules.pop("examples.functions", None)


def compute(
    solve: Solver, registered: Registration, inputs: dict[str, Any], orders: list[list[str]], dtype: str
) -> dict[tuple[str, ...], Any]:
    function = bind(registered, list(inputs), getattr(torch, dtype), torch.device("cpu"))
    got: list[dict[tuple[str, ...], Any]] = solve.batch(
        function, [inputs], orders, components=len(registered.components), dtype=dtype
    )
    return got[0]


@pytest.mark.parametrize(("dtype", "relative"), [("float64", 1e-13), ("float32", 2e-6)])
def test_each_is_checked_and_right(
    solve: Solver, examples: dict[str, Registration], dtype: str, relative: float
) -> None:
    assert list(examples) == ["bilinear", "small_network", "vortex"]
    assert all(each.check and each.doc and each.order == 4 for each in examples.values())

    t, k = np.array([1.0, 2.0, 4.0]), np.array([2.0, 3.0])
    got = compute(solve, examples["bilinear"], {"t": t, "k": k}, [["k"]], dtype)
    assert np.array_equal(got["k",][0], t[:, None] * (1 + 4 * k))

    x, y = np.array([-1.5, 0.25, 2.0]), np.array([0.5, -0.75])
    got = compute(solve, examples["small_network"], {"x": x, "y": y}, [["x"], ["x", "y"]], dtype)
    weights = importlib.import_module("examples.functions").weights()
    w, b, v = (each.numpy() for each in weights)
    h = np.tanh(x[:, None, None] * w[:, 0] + y[:, None] * w[:, 1] + b)
    np.testing.assert_allclose(got[()][0], h @ v, rtol=relative, atol=relative)
    np.testing.assert_allclose(got["x",][0], (1 - h**2) @ (v * w[:, 0]), rtol=relative, atol=relative)
    second = (-2 * h * (1 - h**2)) @ (v * w[:, 0] * w[:, 1])
    np.testing.assert_allclose(got["x", "y"][0], second, rtol=relative, atol=2 * relative)

    got = compute(solve, examples["vortex"], {"x": x, "y": y}, [["x"], ["y"]], dtype)
    r2 = x[:, None] ** 2 + y**2
    swirl = (1 - np.exp(-r2 / 0.25)) / (2 * np.pi * r2)
    np.testing.assert_allclose(got[()], [-y * swirl, x[:, None] * swirl], rtol=10 * relative)
    (u_x, _), (_, v_y) = got["x",], got["y",]
    np.testing.assert_allclose(u_x, -v_y, rtol=100 * relative, atol=relative)  # it has no divergence


def test_the_centre_of_the_vortex_is_at_rest(solve: Solver, examples: dict[str, Registration]) -> None:
    got = compute(solve, examples["vortex"], {"x": [0.0], "y": [0.0]}, [["x"], ["y"]], "float64")
    assert not got[()].any()
    assert all(np.isfinite(grid).all() for grid in got.values())
