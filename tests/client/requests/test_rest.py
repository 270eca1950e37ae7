"""The rest of a grid is asked for as a part of the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.requests.prepare import prepare
from gridgrad.requests.request import Request
from gridgrad.requests.rest import rest_of
from gridgrad_core.v1 import gridgrad_pb2 as pb
from tests.client.fake import planes_of

X = gridgrad.linspace(0, 2.5, 11)


@pytest.mark.parametrize(
    "inputs",
    [
        {"x": X, "y": np.arange(3.0)},
        {"x": ("a", np.arange(11.0)), "y": (("a", "b"), np.arange(22.0).reshape(11, 2)), "p": 3.0},
        {"y": (("b", "a"), np.arange(55.0).reshape(5, 11)), "x": X},
        {"x": X},
    ],
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("first", [1, 4])
def test_its_answer_is_the_end_of_the_whole_one(inputs: dict[str, Any], dtype: str, first: int) -> None:
    text = "+".join(inputs)
    call = prepare(Request(text, inputs, dtype=dtype, tier="compiled"))
    rest = rest_of(call, first, "direct")
    whole, sent = (pb.GridGradientRequest.FromString(each.message) for each in (call, rest))
    assert_array_equal(planes_of(sent), planes_of(whole)[:, first:])
    assert (sent.tier, whole.tier) == (pb.TIER_DIRECT, pb.TIER_COMPILED)
    assert list(sent.features) == ["rests"]
    assert [*sent.inputs] == [*whole.inputs]
    assert (sent.function, sent.derivatives, sent.dtype) == (whole.function, whole.derivatives, whole.dtype)


def test_no_tier_is_asked_for_where_there_was_none() -> None:
    call = prepare(Request(gridgrad.registered("f"), {"x": X}))
    rest = rest_of(call, 5, "")
    assert pb.GridGradientRequest.FromString(rest.message).tier == pb.TIER_UNSPECIFIED
