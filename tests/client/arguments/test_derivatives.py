"""The spellings of derivatives, and the requests that are made of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad.requests.prepare import PreparedCall, prepare, stream_message
from gridgrad.requests.request import FunctionLike, Request
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
    ids=str,
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


def test_a_function_is_text_a_program_or_registered() -> None:
    spelled: list[tuple[FunctionLike, pb.Function]] = [
        ("t*k*c", pb.Function(expression="t*k*c")),
        (gridgrad.registered("t*k*c"), pb.Function(registered="t*k*c")),
    ]
    for function, sent in spelled:
        assert pb.GridGradientRequest.FromString(prepare(Request(function, INPUTS)).message).function == sent
    program = gridgrad.parse("t*k*c")
    sent_text = pb.GridGradientRequest.FromString(prepare(Request(program, INPUTS)).message).function.expression
    assert gridgrad.parse(sent_text) == program
    with pytest.raises(gridgrad.RequestError, match=r"gridgrad.registered"):
        prepare(Request(1.5, INPUTS))  # type: ignore[arg-type]  # what the test is about


def test_requests_that_differ_in_numbers_alone_differ_only_there() -> None:
    first = pb.GridGradientRequest.FromString(prepare(Request("t", {"t": [1.0]})).message)
    second = pb.GridGradientRequest.FromString(prepare(Request("t", {"t": [2.0, 3.0]})).message)
    scalar = pb.GridGradientRequest.FromString(prepare(Request("t", {"t": 2.0})).message)
    assert first.function == second.function
    assert first.derivatives == second.derivatives != scalar.derivatives


def test_float64_is_narrowed_before_it_is_sent() -> None:
    call = prepare(Request("t", {"t": [1.0, 1e300], "c": 0.1}, dtype="float32"))
    sent = pb.GridGradientRequest.FromString(call.message)
    assert [i.array.dtype for i in sent.inputs] == [pb.DTYPE_FLOAT32] * 2
    assert sent.inputs[0].array.data == np.array([1, np.inf], "<f4").tobytes()


def test_float32_is_not_widened_before_it_is_sent() -> None:
    call = prepare(Request("t*k", {"t": np.ones(2, np.float32), "k": [1.0]}))
    sent = pb.GridGradientRequest.FromString(call.message)
    assert sent.dtype == pb.DTYPE_FLOAT64
    assert [i.array.dtype for i in sent.inputs] == [pb.DTYPE_FLOAT32, pb.DTYPE_FLOAT64]


def test_what_is_sent_is_not_what_the_caller_changes_later() -> None:
    values = np.array([1.0, 2.0])
    call = prepare(Request("t", {"t": values}))
    values[:] = -1
    sent = call.inputs[0].values
    assert isinstance(sent, np.ndarray)
    assert sent.tolist() == [1, 2]


def test_dims_that_disagree_are_found_before_the_call() -> None:
    with pytest.raises(gridgrad.RequestError, match="length 3 in 'b' and 2 in 'a'"):
        prepare(Request("a*b", {"a": ("i", [1, 2]), "b": ("i", [1, 2, 3])}))


def test_an_entry_of_a_stream_wraps_the_request() -> None:
    call = call_of()
    entry = pb.StreamGridGradientsRequest.FromString(stream_message(300, [call]))
    assert entry.id == 300
    assert entry.request == pb.GridGradientRequest.FromString(call.message)
