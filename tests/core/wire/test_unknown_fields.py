"""Fields that no schema of this version has are seen, however deep they are; what is spelled oddly is known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.unknown_fields import first_unknown, has_unknown

UNKNOWN = bytes([0xF8, 0x7F, 1])  # field 2047, a varint


def request() -> pb.GridGradientRequest:
    return pb.GridGradientRequest(
        function=pb.Function(expression="t*V(k)"),
        inputs=[
            pb.Input(name="t", dims=["t"], array=pb.Array(shape=[1], data=bytes(8))),
            pb.Input(name="k", linspace=pb.Linspace(num=3)),
            pb.Input(name="V", table=pb.Table(knots=[pb.Array(), pb.Array()])),
        ],
        derivatives=[pb.Derivative(wrt=["t"])],
    )


PLACES: dict[str, Callable[[pb.GridGradientRequest], pb.GridGradientRequest | object]] = {
    "": lambda asked: asked,
    "function": lambda asked: asked.function,
    "inputs[0].array": lambda asked: asked.inputs[0].array,
    "inputs[1].linspace": lambda asked: asked.inputs[1].linspace,
    "inputs[2].table.knots[1]": lambda asked: asked.inputs[2].table.knots[1],
    "derivatives[0]": lambda asked: asked.derivatives[0],
}


@pytest.mark.parametrize("place", PLACES)
def test_an_unknown_field_is_found_where_it_is(place: str) -> None:
    asked = request()
    inside = PLACES[place](asked)
    assert isinstance(inside, pb.GridGradientRequest | pb.Function | pb.Array | pb.Linspace | pb.Derivative)
    inside.MergeFromString(UNKNOWN)
    raw = asked.SerializeToString()
    found = first_unknown(pb.GridGradientRequest.FromString(raw))
    assert found == (place, 2047, inside.DESCRIPTOR.full_name)
    assert has_unknown(pb.GridGradientRequest.FromString(raw))


def test_a_message_without_one_keeps_what_it_has() -> None:
    asked = request()
    assert not has_unknown(asked)
    assert asked == request()
    assert first_unknown(asked) is None


@pytest.mark.parametrize(
    "odd",
    [
        request().SerializeToString() + bytes([0x20, 0x80, 0x00]),  # dtype 0, which is the default, in two bytes
        request().SerializeToString() + bytes([0x0A, 0x00]),  # function again, an empty part of the same message
        # a shape that is not packed
        pb.GridGradientRequest().SerializeToString() + bytes([0x12, 0x04, 0x1A, 0x02, 0x10, 0x01]),
    ],
)
def test_what_is_spelled_oddly_is_known(odd: bytes) -> None:
    assert not has_unknown(pb.GridGradientRequest.FromString(odd))
    assert first_unknown(pb.GridGradientRequest.FromString(odd)) is None
