"""Derivatives by many values of tables: which requests they are, and which are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad import Request
from gridgrad.pullbacks.many_values import by_many_values
from gridgrad.requests.prepare import prepare
from gridgrad_core.errors import TooLargeError


def table(size: int, components: int = 1) -> gridgrad.LookupTable:
    return gridgrad.table(np.ones((size, components) if components > 1 else size), x=np.arange(size), method="linear")


def asked(function: Any = "V(x)*k", of: gridgrad.LookupTable | None = None, **more: Any) -> Request:
    return Request(function, {"x": [0.5, 1.5], "k": 2.0, "V": of or table(600)}, **{"wrt": ["x", "V"], **more})


def test_what_is_not_by_tables_goes_in_one_request() -> None:
    assert by_many_values(asked(wrt="x")) is None
    assert by_many_values(asked(gridgrad.registered("f"))) is None


def test_blocks_have_one_text_and_as_many_values_as_there_is_room_for() -> None:
    many = by_many_values(asked(wrt=None, derivatives=["V", "x", ("x", "V")]))
    assert many is not None
    assert many.main.derivatives == (("x",),)
    calls = [prepare(each) for each in many.others]
    assert [len(each.template.derivatives) for each in calls] == [256] * 4 + [176]
    assert len({each.function for each in calls[:-1]}) == 1
    pairs = by_many_values(asked("V_0(x) + V_1(x)", table(200, 2), wrt="V"))
    assert pairs is not None
    assert [len(prepare(each).template.derivatives) for each in pairs.others] == [256, 144]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (asked(of=table(4097)), "the 4,097 values of 'V'; give a table of at most 4,096 values"),
        (asked(reduce="sum"), "with reduce; leave out reduce"),
        (asked(out=np.zeros((602, 2))), "with out; leave out out"),
        (asked(wrt="V", order=2), "which is 360,000 derivatives; ask for order 1 by tables"),
        (asked("V_0(x)", table(9, 64), wrt=["V", "x", "k"], order=2), "order 1 by tables"),
    ],
)
def test_what_can_not_be_asked_is_refused(request_: Request, said: str) -> None:
    with pytest.raises(TooLargeError, match=said):
        by_many_values(request_)
