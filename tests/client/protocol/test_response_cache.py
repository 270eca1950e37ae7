"""Answers in one message: recognised where they differ only in numbers and info, and read rightly where they do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import gridgrad
from gridgrad.protocol.response_cache import ResponseTemplate, read_unary
from gridgrad.requests.prepare import PreparedCall, prepare
from gridgrad.requests.request import Request
from gridgrad.results.info import Info
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import buffer as wire

T = np.array([1.0, 2.0, 4.0])


@pytest.fixture
def call() -> PreparedCall:
    """A call whose template no answer is known of yet."""
    call = prepare(Request("t", {"t": T}))
    call.template.response = None
    return call


def header(**said: Any) -> pb.ResultHeader:
    info = pb.Info(
        **{"queue_s": 0.25, "batch_size": 1, "engine": "structured", "tier": "direct", **said.pop("info", {})}
    )
    about = {"dims": ["t"], "shape": [3], "derivatives": [pb.Derivative(wrt=["t"])], "components": ["f"]}
    return pb.ResultHeader(**{**about, "dtype": pb.DTYPE_FLOAT64, "info": info, **said})


def message(planes: Any, said: pb.ResultHeader | bytes) -> bytes:
    own = said if isinstance(said, bytes) else pb.GridGradientResponse(header=said).SerializeToString()
    data = np.asarray(planes, "<f8").tobytes()
    return wire.prefix(own, len(data)) + data


PLANES = np.arange(6.0).reshape(2, 3)


def test_the_next_is_recognised(call: PreparedCall) -> None:
    results = [read_unary(message(n * PLANES, header(info={"queue_s": float(n)})), call) for n in (1, 2, 3)]
    template = call.template.response
    assert isinstance(template, ResponseTemplate)
    assert template.fits(message(PLANES, header()))
    for n, result in enumerate(results, 1):
        assert_array_equal(result.value, n * PLANES[0])
        assert_array_equal(result.d["t"], n * PLANES[1])
        assert result.info == Info(float(n), 0.0, 1, "structured", "direct", "", "", "")


@pytest.mark.parametrize(
    "info",
    [{"batch_size": 2}, {"batch_size": 300}, {"queue_s": 0.0}, {"tier": "compiled"}, {"digest": "d" * 200}],
    ids=repr,
)
def test_another_info_is_read(call: PreparedCall, info: dict[str, Any]) -> None:
    for said in ({}, info, {}):
        result = read_unary(message(PLANES, header(info=said)), call)
        assert result.info._asdict() == {**read_unary(message(PLANES, header()), call).info._asdict(), **said}


@pytest.mark.parametrize(
    ("said", "shape", "components"),
    [
        ({"shape": [2, 1]}, (2, 1), ("f",)),
        ({"components": ["u"]}, (3,), ("u",)),
        ({"components": ["u"], "tuple_valued": True}, (1, 3), ("u",)),
        ({"components": ["g"], "dims": ["s"]}, (3,), ("g",)),
    ],
    ids=repr,
)
def test_another_layout_is_read(
    call: PreparedCall, said: dict[str, Any], shape: tuple[int, ...], components: Any
) -> None:
    read_unary(message(PLANES, header()), call)
    result = read_unary(message(np.ones((2, *shape)), header(**said)), call)
    assert result.value.shape == shape
    assert result.components == components


def test_fields_in_another_order_are_read(call: PreparedCall) -> None:
    """As protobuf allows: the info first, and the shape after it, in two pieces of one header."""
    pieces = [pb.ResultHeader(info=header().info), header()]
    pieces[1].ClearField("info")
    own = b"".join(pb.GridGradientResponse(header=piece).SerializeToString() for piece in pieces)
    for n in (1.0, 2.0):
        result = read_unary(message(n * PLANES, own), call)
        assert_array_equal(result.d["t"], n * PLANES[1])
        assert result.info.engine == "structured"
    assert call.template.response is None


@pytest.mark.parametrize("cut", [1, 8, 48])
def test_an_answer_of_another_length_is_refused(call: PreparedCall, cut: int) -> None:
    raw = message(PLANES, header())
    for _ in range(2):
        with pytest.raises(gridgrad.InternalError):
            read_unary(raw[:-cut], call)
        with pytest.raises(gridgrad.InternalError):
            read_unary(raw + bytes(cut), call)
        read_unary(raw, call)


def test_without_points_there_is_no_buffer(call: PreparedCall) -> None:
    for _ in range(2):
        assert read_unary(message([], header(shape=[0])), call).d["t"].shape == (0,)


def test_callers_who_share_a_template_see_their_own_inputs() -> None:
    """A Python function and the expression that it becomes have one template, without an argument that is not used."""
    call = prepare(Request("t", {"t": T}, derivatives=["t"]))
    traced = prepare(Request(lambda t, s: t, {"t": T, "s": 2.0}))  # noqa: ARG005 - what the test is about
    assert traced.template is call.template
    for _ in range(2):
        assert list(read_unary(message(PLANES, header()), call).inputs) == ["t"]
        assert list(read_unary(message(PLANES, header()), traced).inputs) == ["t", "s"]
