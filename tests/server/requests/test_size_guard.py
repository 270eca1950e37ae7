from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridgrad_core.errors import RequestError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.requests.decode import decode
from gridgrad_server.requests.size_guard import GRID_GRADIENT, SMALL_BYTES, STREAM_GRID_GRADIENTS, check_structure

MIB = 1 << 20


def honest() -> pb.GridGradientRequest:
    field = pb.Input(name="a", dims=["x"], array=pb.Array(shape=[MIB], data=bytes(8 * MIB)))
    text = " + ".join(["a"] * 20_000)
    return pb.GridGradientRequest(function=pb.Function(expression=text), inputs=[field] * 3)


def test_large_numbers_and_long_texts_pass() -> None:
    request = honest()
    assert decode(pb.GridGradientRequest, request.SerializeToString()) == request
    streamed = pb.StreamGridGradientsRequest(id=1 << 60, request=request)
    assert decode(pb.StreamGridGradientsRequest, streamed.SerializeToString()) == streamed


BOMBS = {
    "empty derivatives": pb.GridGradientRequest(derivatives=[pb.Derivative()] * 100_000),
    "long derivatives": pb.GridGradientRequest(derivatives=[pb.Derivative(wrt=["t"] * 50_000)]),
    "empty inputs": pb.GridGradientRequest(inputs=[pb.Input()] * 100_000),
    "many dims": pb.GridGradientRequest(inputs=[pb.Input(dims=["d"] * 100_000)]),
    "a long shape": pb.GridGradientRequest(inputs=[pb.Input(array=pb.Array(shape=[1] * 200_000))]),
}


@pytest.mark.parametrize("name", BOMBS)
def test_what_would_take_long_to_parse_is_refused(name: str) -> None:
    request = BOMBS[name]
    with pytest.raises(RequestError, match="beside its numbers"):
        decode(pb.GridGradientRequest, request.SerializeToString())
    with pytest.raises(RequestError, match="beside its numbers"):
        decode(pb.StreamGridGradientsRequest, pb.StreamGridGradientsRequest(request=request).SerializeToString())


FILLERS = st.binary(min_size=1, max_size=3)


@given(st.binary(max_size=64), st.sampled_from([GRID_GRADIENT, STREAM_GRID_GRADIENTS]), FILLERS)
def test_no_bytes_break_it(head: bytes, bulk: object, filler: bytes) -> None:
    raw = head + filler * (SMALL_BYTES // len(filler) + 1)
    try:
        check_structure(raw, bulk)  # type: ignore[arg-type] # one of the two
    except RequestError as error:
        assert error.remedy  # noqa: PT017 - both outcomes are right
