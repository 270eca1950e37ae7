"""Lengths are whole vectors for each of torch's threads."""

from __future__ import annotations

import pytest

from gridgrad_worker.torch_ops.vectors import GRAIN, VECTOR, padded


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [1, 64, 65, GRAIN - 1, GRAIN + 1, 3 * GRAIN + 5])
def test_no_thread_has_a_part_of_a_vector(count: int, threads: int) -> None:
    length = padded(count, threads)
    assert length >= count
    assert length % VECTOR == 0
    if length > GRAIN:
        assert length % (min(threads, -(-length // GRAIN)) * VECTOR) == 0
