"""What functions are traced to, compared with what they compute."""

from __future__ import annotations

import collections
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gridgrad
from tests.client.tracing.checking import check

N = np.array([0.5, -1.25, 2.0])
D = np.array([1, 2, 3])
M = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])
Pair = collections.namedtuple("Pair", ["u", "v"])


def test_a_function_is_traced_to_what_one_would_write() -> None:
    assert gridgrad.trace(lambda t, k: t * np.sin(k) + 2 * t * k**2) == gridgrad.parse("t*sin(k) + 2*t*k**2")


@pytest.mark.parametrize(
    "function",
    [
        lambda t, k: (+t - k) / (t * 3 // 2) + t % k - (-t) ** 2 + 2**k,
        lambda t, k: abs(-t) + round(t) + round(k, 1) + divmod(t, k)[0] + divmod(t, k)[1],
        lambda t, k: math.floor(t) + math.ceil(t) + math.trunc(k) + math.prod([t, k]),
        lambda t, k: (t > 0) * k + (t < 0) * t + ((t > 0) + (k > 0)) * 2 + ((t > 0) * (k > 0)) * 3,
        lambda t, k: np.float64(2.5) * t + np.float32(0.1) * k + np.int64(3) / t + np.array(2.0) ** k,
        lambda t, k: sum(n * t**d for n, d in zip(N, D, strict=True)) + sum((N * k)[i] for i in range(3)),
        lambda t, k: functools.reduce(lambda a, b: a * k + b, [t, t, 1.0]),
        lambda t, k: [t, k, t * k],
        lambda t, k: (t, 1.0, np.int64(2), k),
        lambda t, k: Pair(t * k, t),
        lambda t, k: t > k,
        lambda **_: 3.5,
    ],
)  # fmt: skip
@pytest.mark.parametrize("point", [{"t": 1.75, "k": 0.5}, {"t": -0.7, "k": 2.25}, {"t": 2.5, "k": 2.5}])
def test_what_is_traced_computes_the_same(function: Callable[..., Any], point: dict[str, float]) -> None:
    check(function, point)
