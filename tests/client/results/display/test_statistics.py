"""Statistics of arrays: ranges, counts, and samples that miss no dim."""

from __future__ import annotations

import re

import numpy as np

from gridgrad.results.display.statistics import sampled, summarize

GRID = np.array([[1.0, np.nan], [-np.inf, 3.0], [2.0, np.nan]])


def test_a_summary_counts_what_is_not_finite() -> None:
    found = summarize(GRID)
    assert (found.low, found.high, found.nan, found.inf) == (1, 3, 2, 1)
    assert (found.range, found.oddities) == ("1 to 3", "2 nan, 1 inf")
    assert summarize(np.full(3, np.nan)).range == "nothing finite"
    assert summarize(np.zeros((0, 2))).range == "empty"
    assert summarize(np.full(3, 2.5)).range == "2.5"


def test_of_a_large_array_a_spread_sample_is_seen() -> None:
    large = np.broadcast_to(np.arange(1024.0), (512, 1024))
    found = summarize(np.ascontiguousarray(large), 10_000)
    assert found.seen <= 10_000
    assert found.range.startswith("about 0 to 10")
    assert len(np.unique(sampled(np.ascontiguousarray(large), 10_000))) > 1000
    odd = np.full((512, 1024), np.inf)
    assert re.fullmatch(r"[\d,]+ inf among [\d,]+ points", summarize(odd, 1000).oddities)


def test_a_sample_is_no_larger_than_asked_and_sees_every_row_and_column() -> None:
    rows, columns = np.meshgrid(np.arange(96.0), np.arange(64.0), indexing="ij")
    for most in (100, 500, 2000):
        chosen = sampled(rows * 1000 + columns, most)
        assert 0 < chosen.size <= most
        assert len(np.unique(chosen // 1000)) == min(96, chosen.size)
        assert len(np.unique(chosen % 1000)) == min(64, chosen.size)
    assert sampled(GRID, 6).size == 6
