"""What blocks come to: published and exact values, and the order that bits follow from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from gridgrad_worker.reductions.block_states import RULES, BesideBlocks

NAN, INF = math.nan, math.inf
Floats = NDArray[np.float64]


def reduced(kind: str, *numbers: float, block: int = 2, weights: list[float] | None = None) -> float:
    """One result of numbers in blocks of so many, which it must divide."""
    values = np.array(numbers).reshape(1, 1, -1, block)
    weighed = None if weights is None else np.array(weights).reshape(-1, block)
    rule = RULES[kind]
    with np.errstate(all="ignore"):
        states = rule.of_blocks(values, BesideBlocks(np.arange(values.shape[2]) * block, weighed))
        return float(rule.result(rule.together(states))[0, 0])


@pytest.mark.parametrize(
    ("kind", "numbers", "expected"),
    [
        ("sum", (1.0, 2.0, 3.0, 5.0), 11.0),
        ("sum", (1.0, INF, 2.0, 3.0), INF),
        ("sum", (INF, 1.0, -INF, 1.0), NAN),
        ("mean", (1.0, 2.0, 3.0, 6.0), 3.0),
        ("mean", (1.0, NAN, 3.0, 6.0), NAN),
        ("min", (1.0, NAN, 3.0, 6.0), NAN),
        ("max", (1.0, 7.0, 3.0, 6.0), 7.0),
        ("min", (4.0, 7.0, -INF, 6.0), -INF),
        ("argmin", (1.0, NAN, 3.0, NAN), 1.0),
        ("argmax", (1.0, 3.0, 3.0, 2.0), 1.0),
        ("argmax", (1.0, 2.0, 3.0, 3.0), 2.0),
        ("argmin", (0.0, -0.0, 3.0, 3.0), 0.0),
        ("count_nonfinite", (NAN, INF, -INF, 1.0), 3.0),
        ("norm", (3.0, 0.0, 0.0, 4.0), 5.0),
        ("norm", (3e200, 0.0, 0.0, 4e200), 5e200),
        ("norm", (3e-200, 0.0, 0.0, 4e-200), 5e-200),
        ("norm", (5e-324, 0.0, 0.0, 0.0), 5e-324),
        ("norm", (3e200, 1e-200, 1.0, 4e200), 5e200),
        ("norm", (3.0, 1e-200, 0.0, 4.0), 5.0),
        ("norm", (NAN, 3e200, 0.0, 4.0), NAN),
        ("norm", (INF, 3.0, 0.0, 4.0), INF),
        ("norm", (0.0, 0.0, 0.0, 0.0), 0.0),
    ],
)
def test_as_numpy_has_it_and_norms_do_not_overflow(kind: str, numbers: tuple[float, ...], expected: float) -> None:
    assert reduced(kind, *numbers) == pytest.approx(expected, rel=1e-15, abs=0, nan_ok=True)


def test_weights_count() -> None:
    values, weights = (1.0, 2.0, 3.0, 4.0), [0.5, 1.5, 1.25, 0.25]
    assert reduced("sum", *values, weights=weights) == 8.25
    assert reduced("mean", *values, weights=weights) == 8.25 / 3.5
    assert reduced("norm", *values, weights=weights) == pytest.approx(math.sqrt(0.5 + 6 + 11.25 + 4), rel=1e-15)
    assert reduced("mean", *values, weights=[0.0] * 4) != reduced("mean", *values)  # 0/0


@pytest.mark.parametrize("kind", ["sum", "mean", "norm"])
@pytest.mark.parametrize("blocks", [1, 2, 7, 8, 33])
def test_aligned_powers_of_two_of_blocks_are_nodes_of_the_tree(kind: str, blocks: int) -> None:
    rng, rule = np.random.default_rng(blocks), RULES[kind]
    states = rule.of_blocks(rng.normal(size=(2, 3, blocks, 100)), BesideBlocks(np.arange(blocks) * 100))
    whole = rule.together(states)
    for size in (1, 2, 4, 64):
        nodes = [rule.together(states[..., first : first + size]) for first in range(0, blocks, size)]
        assert rule.together(np.stack(nodes, -1)).tobytes() == whole.tobytes()


def test_an_error_is_within_the_bound_that_is_documented() -> None:
    rng = np.random.default_rng(7)
    numbers = rng.normal(size=(64, 4096)) * 10.0 ** rng.integers(-8, 8, size=(64, 4096))
    rule = RULES["sum"]
    states = rule.of_blocks(numbers[np.newaxis, np.newaxis], BesideBlocks(np.arange(64) * 4096))
    found = float(rule.together(states)[0, 0])
    bound = (30 + math.log2(64)) * 2.0**-53 * float(np.abs(numbers).sum())
    assert abs(found - math.fsum(numbers.reshape(-1))) <= bound
