"""The spellings of derivatives, and the requests that are made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad.requests.prepare import PreparedCall, prepare
from gridgrad.requests.request import Request
from gridgrad_core.v1 import gridgrad_pb2 as pb

INPUTS = {"t": [1.0, 2.0], "k": [3.0], "c": 4.0}


def call_of(**asked: Any) -> PreparedCall:
    return prepare(Request("t*k*c", INPUTS, **asked))


@pytest.mark.parametrize(
    ("asked", "derivatives"),
    [
        ({}, [("t",), ("k",)]),
        ({"order": 0}, []),
        ({"order": 1}, [("t",), ("k",)]),
        ({"order": 2}, [("t",), ("k",), ("t", "t"), ("t", "k"), ("k", "k")]),
        ({"order": np.int64(1)}, [("t",), ("k",)]),
        ({"wrt": "c"}, [("c",)]),
        ({"wrt": ["c", "t"]}, [("c",), ("t",)]),
        ({"wrt": ("t", "t")}, [("t",)]),
        ({"wrt": ["c", "t"], "order": 2}, [("c",), ("t",), ("c", "c"), ("t", "c"), ("t", "t")]),
        ({"wrt": []}, []),
        ({"derivatives": ["t", ("k", "t"), ["t", "k"], ("c",)]}, [("t",), ("t", "k"), ("c",)]),
        ({"derivatives": (("t", "k"), "c")}, [("t", "k"), ("c",)]),
        ({"derivatives": []}, []),
        ({"derivatives": [(), "t"]}, [("t",)]),
        ({"derivatives": ()}, []),
        ({"derivatives": iter(["t"])}, [("t",)]),
        ({"derivatives": [("k", "t", "k", "c")]}, [("t", "k", "k", "c")]),
    ],
    ids=lambda value: str(value).partition(" object at ")[0],  # not where it lies
)
def test_what_can_be_asked_for(asked: dict[str, Any], derivatives: list[tuple[str, ...]]) -> None:
    assert list(call_of(**asked).template.derivatives) == derivatives


def test_the_message_lists_them() -> None:
    sent = pb.GridGradientRequest.FromString(call_of(order=2).message)
    assert [tuple(d.wrt) for d in sent.derivatives] == list(call_of(order=2).template.derivatives)


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"order": 1, "derivatives": ["t"]}, r'both at once; write order=2 .* derivatives=\["t", \("t", "k"\)\]'),
        ({"wrt": "t", "derivatives": ["t"]}, "wrt goes with order"),
        ({"derivatives": "t"}, r'derivatives=\["t"\]'),
        ({"derivatives": ("t", "k")}, r"derivatives=\[\('t', 'k'\)\] for the one .* derivatives=\['t', 'k'\] for each"),
        ({"derivatives": [3]}, "each entry is a name"),
        ({"derivatives": [("t", 3)]}, "each entry is a name"),
        ({"derivatives": ["z"]}, "'z', which is no input; use one of t, k, c"),
        ({"derivatives": [("t",) * 5]}, "order 5"),
        ({"wrt": "z"}, "'z', which is no input; use one of t, k, c"),
        ({"wrt": [3]}, "wrt"),
        ({"wrt": 3}, "wrt: 3; name inputs"),
        ({"wrt": np.float64(3)}, "name inputs"),
        ({"derivatives": 3}, "derivatives: 3; write order=2"),
        ({"derivatives": np.array(1)}, "each entry is a name"),
        ({"order": 5}, "order: 5; give a whole number from 0"),
        ({"order": -1}, "order"),
        ({"order": 1.5}, "order"),
        ({"order": "2"}, "order"),
    ],
    ids=str,
)
def test_what_can_not(asked: dict[str, Any], complaint: str) -> None:
    with pytest.raises(gridgrad.RequestError, match=complaint):
        call_of(**asked)


def test_parameters_alone_have_a_value_and_no_derivatives_unless_named() -> None:
    assert prepare(Request("a", {"a": 1.0})).template.derivatives == ()
    assert prepare(Request("a", {"a": 1.0}, wrt="a")).template.derivatives == (("a",),)
    with pytest.raises(gridgrad.RequestError, match="every input is a number"):
        prepare(Request("a", {"a": 1.0}, order=1))
    with pytest.raises(gridgrad.RequestError, match="there are no inputs"):
        prepare(Request("1", {}, order=1))
