"""Where memory lacks, less is computed at a time, and the answer stays the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gridgrad_core.errors import TooLargeError
from gridgrad_worker.engines.structured.execution.levels import LevelRunner

Expressions = Any  # the fixture of conftest.py
Limit = Callable[..., list[int]]

TEXT = "x*y + x**2*exp(-y) + cosh(x*y)"


@pytest.fixture
def memory_for(monkeypatch: pytest.MonkeyPatch) -> Limit:
    """Leaves memory for so many points at a time, and tells the sizes that were tried."""
    run = LevelRunner.run

    def limit(points: int, message: str = "DefaultCPUAllocator: can't allocate memory") -> list[int]:
        tried: list[int] = []

        def limited(self: LevelRunner, window: Any, *rest: Any) -> None:
            tried.append(int(np.prod(window.shape)))
            if tried[-1] > points:
                raise RuntimeError(message)
            run(self, window, *rest)

        monkeypatch.setattr(LevelRunner, "run", limited)
        return tried

    return limit


def request(n: int) -> dict[str, np.ndarray[Any, Any]]:
    return {"x": np.linspace(0.1, 2, n), "y": np.linspace(0.2, 1, n)}


def test_a_large_request_is_computed_in_smaller_tiles(expression: Expressions, memory_for: Limit) -> None:
    inputs = request(200)
    computed = expression.up_to(TEXT, inputs, 1)
    (expected,) = computed.structured(inputs)
    tried = memory_for(1000)
    assert np.array_equal(computed.structured(inputs)[0], expected)
    assert max(tried) > 1000 >= tried[-1]


def test_a_batch_is_computed_in_halves(expression: Expressions, memory_for: Limit) -> None:
    requests = [request(16) for _ in range(8)]
    computed = expression.up_to(TEXT, requests[0], 1)
    expected = computed.structured(*requests)
    tried = memory_for(3 * 256)
    for got, want in zip(computed.structured(*requests), expected, strict=True):
        assert np.array_equal(got, want)
    assert tried[:3] == [8 * 256, 4 * 256, 2 * 256]


def test_no_memory_at_all_is_too_large(expression: Expressions, memory_for: Limit) -> None:
    inputs = request(100)
    computed = expression.up_to(TEXT, inputs, 1)
    memory_for(0)
    with pytest.raises(TooLargeError, match="no memory for 10000 points"):
        computed.structured(inputs)


def test_another_error_is_not_taken_for_want_of_memory(expression: Expressions, memory_for: Limit) -> None:
    inputs = request(100)
    computed = expression.up_to(TEXT, inputs, 1)
    tried = memory_for(0, "some other error")
    with pytest.raises(RuntimeError, match="some other error"):
        computed.structured(inputs)
    assert len(tried) == 1
