from __future__ import annotations

from gridgrad_server.requests.result_info import ComputedBy


def test_of_two_batches_the_larger_is_told() -> None:
    small, large = ComputedBy(2, "structured", "direct", "cpu"), ComputedBy(7, "structured", "direct", "cuda:0")
    assert small.in_larger_batch(large) == ComputedBy(7, "structured", "direct", "cpu")
    assert large.in_larger_batch(small) is large
