from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridgrad_core.tables.table_messages import message_of, numbers_of
from gridgrad_core.tables.table_numbers import TableNumbers
from gridgrad_core.v1 import gridgrad_pb2 as pb


@pytest.mark.parametrize("boundary", ["not-a-knot", "natural", ((1, 0.5), (2, -3.0))])
def test_a_table_comes_as_it_went(boundary: Any) -> None:
    knots = np.linspace(0, 1, 4), np.array([1.0, 2.0, 5.0])
    table = TableNumbers(np.arange(24.0).reshape(4, 3, 2), knots, "cubic", "clamp", boundary)
    come = numbers_of(pb.Table.FromString(message_of(table).SerializeToString()))
    assert come[2:] == table[2:]
    assert np.array_equal(come.values, table.values)
    assert all(np.array_equal(*each) for each in zip(come.knots, knots, strict=True))


def test_a_message_that_says_nothing_of_ends_means_the_usual_ones() -> None:
    table = TableNumbers(np.arange(4.0), (np.arange(4.0),), "cubic", "nan", "not-a-knot")
    message = message_of(table)
    message.ClearField("boundary")
    assert numbers_of(message).boundary == "not-a-knot"
