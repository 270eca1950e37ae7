"""numpy's functions that are no ufuncs on traced values, compared with what they compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.client.tracing.checking import check

N = np.array([0.5, -1.25, 2.0])
D = np.array([1, 2, 3])
M = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])


@pytest.mark.parametrize(
    "function",
    [
        lambda t, k: np.where((t > 0) & ~(k > 1) | (t == k), t, k),
        lambda t, k: np.where((t > 0) ^ (k < 5), np.exp(t), np.nan),
        lambda t, k: np.where(True, t, k) + np.where(np.False_, t, 2 * k),
        lambda t, k: np.where(np.where(t > 0, k > 1, k < 1), t, k),
        lambda t, k: np.clip(t, 0, 1) + np.clip(k, None, 1) + np.clip(t, 1.5, None) + np.clip(t, a_min=0, a_max=k),
        lambda t, k: np.select([t > 2, k > 1], [t, k], default=-1) + np.select([t > 9], [k]),
        lambda t, k: np.round(t, 2) + np.around(k) + np.rint(t) + np.trunc(k) + np.heaviside(t, 0.5) + np.sign(k),
        lambda t, k: t + np.zeros_like(k) + np.ones_like(k) * 2 + np.full_like(t, 3.0) + np.ndim(t) + len(np.shape(k)),
        lambda t, k: np.sum(N * t**D * np.exp(-(k**D))),
        lambda t, k: (N * t).sum() + (N * t).mean() + np.prod(N + t) + np.max(N * k) + (N * k).min(),
        lambda t, k: np.dot(N, t * D) + N @ (k * D) + np.inner(N * t, D) + np.vdot(t * D, N),
        lambda t, k: np.sum(np.outer(N, D * t)) + np.sum((M * t) @ (N * k)) + np.sum((M * t) @ np.ones((3, 2))),
        lambda t, k: np.sum(np.dot(M, N * t)) + np.sum((N * k)[:2] @ M) + np.sum(np.add.outer(N, D * t)),
        lambda t, k: np.polyval(N, t) + np.polyval([1, 2, 3], k),
        lambda t, k: np.cumsum(N * t)[1] + np.cumprod(D * k)[-1] + np.diff(N * t)[0] + (M * t).cumsum(axis=1)[1, 2],
        lambda t, k: np.sum(M * t, axis=0)[1] + np.sum(M * k, axis=(0, 1)) + np.sum(M * k, axis=1, keepdims=True)[1, 0],
        lambda t, k: np.stack([t, k])[1] + np.concatenate([N * t, [k, 1.0]]).sum() + np.sum(np.hstack([t, k, 2])),
        lambda t, k: (M * t).T[2, 1] + (M * k).reshape(-1)[4] + np.flip(N * t)[0] + (N * t)[..., ::2][1],
        lambda t, k: np.all(N * t < k) + np.any(N * t < k) + np.sum(N * t > 0) * 1.0,
        lambda t, k: np.stack([t * k, t]),
        lambda t, k: t.astype(float).copy() + np.positive(k),
    ],
)  # fmt: skip
@pytest.mark.parametrize("point", [{"t": 1.75, "k": 0.5}, {"t": -0.7, "k": 2.25}, {"t": 2.5, "k": 2.5}])
def test_what_is_traced_computes_the_same(function: Callable[..., Any], point: dict[str, float]) -> None:
    check(function, point)
