"""Pull-backs by many values of tables: which requests they are, and what they come to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad import Request
from gridgrad.pullbacks.many_table_gradients import by_many_table_values
from gridgrad.requests.prepare import prepare
from gridgrad.requests.reduction import GivenPullback
from gridgrad_core.errors import TooLargeError


def asked(size: int, function: Any = "V(x)*k*W(x)", **more: Any) -> Request:
    given = {
        name: gridgrad.table(np.ones(n), x=np.arange(n), method="linear") for name, n in {"V": size, "W": 9}.items()
    }
    inputs = {"x": [0.5, 1.5], "k": 2.0, **given}
    return Request(function, inputs, order=1, reduce=GivenPullback("k"), **{"wrt": ["k", "V"], **more})


def test_few_values_and_other_functions_go_in_one_request() -> None:
    assert by_many_table_values(asked(511)) is None
    assert by_many_table_values(asked(600, wrt=["x", "W"])) is None
    assert by_many_table_values(asked(600, gridgrad.registered("f"))) is None


def test_values_are_shared_out_among_requests_of_one_text() -> None:
    many = by_many_table_values(asked(1200, wrt=["W", "V", "k"]))
    assert many is not None
    assert many.main.wrt == ["k"]
    assert [name for name, _ in many.blocks] == ["V"] * 5 + ["W"]
    calls = [prepare(each) for _, each in many.blocks]
    assert [len(each.template.derivatives) for each in calls] == [256, 256, 256, 256, 176, 9]
    assert calls[0].function == calls[1].function
    assert many.derivatives == (("W",), ("V",), ("k",))


def test_too_many_values_are_refused() -> None:
    with pytest.raises(TooLargeError, match="the 4,097 values of 'V'; give a table of at most 4,096 values"):
        by_many_table_values(asked(4097))
