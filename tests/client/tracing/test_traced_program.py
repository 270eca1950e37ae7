"""Programs of what was traced: shared, in the order of their text, and of any length."""

from __future__ import annotations

from typing import Any

import numpy as np

import gridgrad


def test_twenty_thousand_operations_need_no_recursion_and_stay_linear() -> None:
    def iterated(t: Any, k: Any) -> Any:
        x = t
        for _ in range(7000):
            x = np.sin(x) * k + x * 0.5
        return x

    program = gridgrad.trace(iterated)
    assert len(program.nodes) > 20_000
    assert len(program.text) < 20 * len(program.nodes)
    assert gridgrad.parse(program.text) == program


def test_what_is_used_twice_is_written_once() -> None:
    def fibonacci(t: Any) -> Any:
        a, b = t, t * t
        for _ in range(100):
            a, b = b, a + b
        return b

    assert len(gridgrad.trace(fibonacci).nodes) == 102


def test_inputs_stand_in_the_order_of_the_text() -> None:
    def terms(delta: Any, n: Any) -> Any:
        return np.sum(n * np.exp(-delta) * np.arange(1, 4))

    assert "n_0 = n_0" not in gridgrad.trace(terms, coefficients={"n": 3}).text
