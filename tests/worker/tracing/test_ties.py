"""Points at which what a program compares is equal."""

from __future__ import annotations

import numpy as np
import pytest

from gridgrad_core.lang.parser.parser import parse
from gridgrad_worker.tracing.ties import tie_points

LINE = np.array([[-1.3], [0.2], [0.9], [500.0]])
PLANE = np.array([[-1.3, 0.4], [0.2, 7.0], [0.9, -2.5]])


@pytest.mark.parametrize(
    ("text", "ties"),
    [
        ("where(x < 0.3, 0.3, x)", [0.3]),
        ("where(2*x <= 1.7, x, where(x > 17, 17, x))", [0.85, 17.0]),
        ("where(x > 1000, 0, x)", []),
        ("where(sin(x) > 0.5, 0, x)", []),  # whose last digit may be another for torch
        ("x*x", []),
    ],
)
def test_ties_of_one_input_are_found(text: str, ties: list[float]) -> None:
    np.testing.assert_array_equal(tie_points(parse(text), ["x"], LINE)[:, 0], ties)


def test_ties_of_two_inputs_are_found() -> None:
    found = tie_points(parse("where(x > y, x, y)"), ["x", "y"], PLANE)
    assert len(found)
    np.testing.assert_array_equal(found[:, 0], found[:, 1])
