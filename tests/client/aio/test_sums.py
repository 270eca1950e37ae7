"""Bound sums over a real socket: what calls of them return, and that it is what unbound ones do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
import gridgrad.aio
from gridgrad.testing import FakeServer

T, K = np.array([1.0, 2.0]), np.array([2.0, 3.0, 4.0])
GRIDS: dict[Any, Any] = {
    "a*t*k": {
        (): lambda t, k, a, **_: a * t * k,
        "a": lambda t, k, a, **_: t * k + 0 * a,
        "k": lambda t, k, a, **_: a * t + 0 * k,
    }
}
CALLS: list[dict[str, Any]] = [
    {"a": 1.0 + number, "k": K + number, "cotangent": np.full((2, 3), number)} for number in range(3)
]


async def test_bound_pull_backs() -> None:
    with FakeServer(GRIDS) as server:
        async with gridgrad.aio.Client(server.address) as client:
            inputs, wrt = {"t": T, "k": K, "a": 1.0}, ["k", "a"]
            bound = await client.bind_pullback(
                "a*t*k", inputs, np.ones((2, 3)), varying=["a", "k", "cotangent"], wrt=wrt
            )
            assert bound.varying == ("a", "k", "cotangent")
            found = [await bound(given) for given in CALLS]
            found += [each async for each in bound.many(CALLS)]
            for each, given in zip(found, [*CALLS, *CALLS], strict=True):
                cotangent = given["cotangent"]
                plain = await client.pullback("a*t*k", {**inputs, "a": given["a"], "k": given["k"]}, cotangent, wrt=wrt)
                assert each.value == plain.value
                assert_array_equal(each.d["k"], plain.d["k"])
                assert_array_equal(each.d["a"], plain.d["a"])
                assert_array_equal(each.inputs["cotangent"], cotangent)


async def test_what_does_not_vary_is_refused() -> None:
    async with gridgrad.aio.Client("localhost:1") as client:
        with pytest.raises(gridgrad.RequestError, match="varying: 'data', which is neither"):
            await client.bind_pullback("a*t*k", {"t": T, "k": K, "a": 1.0}, varying="data", wrt="a")
        with pytest.raises(gridgrad.RequestError, match="varying: 'weights', which is neither"):
            await client.bind_least_squares_terms("a*t", {"t": T, "a": 1.0}, T, varying="weights", wrt="a", weights="t")
        terms = await client.bind_least_squares_terms("a*t", {"t": T, "a": 1.0}, T, varying=["a", "data"], wrt="a")
        with pytest.raises(gridgrad.RequestError, match=r"shape \[3\]; give shape \[2\]"):
            await terms(a=2.0, data=K)
