"""The layout of messages with a buffer, the arithmetic of grids, and the table of methods."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gridgrad
from gridgrad_core.grid import Grid, InputSpec, canonical, expand_order, grid_of
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire import buffer as wire
from gridgrad_core.wire.methods import METHODS, SERVICE

# The layout


@given(st.text(max_size=300), st.integers(0, 400).map(lambda n: n * 8))
def test_a_message_in_the_layout_is_an_ordinary_one_with_an_aligned_buffer(dim: str, data_bytes: int) -> None:
    data = bytes(n % 251 for n in range(data_bytes))
    header = pb.ResultHeader(dims=[dim], shape=[3])
    raw = wire.prefix(pb.GridGradientResponse(header=header).SerializeToString(), len(data)) + data
    parsed = pb.GridGradientResponse.FromString(raw)
    assert (parsed.header, parsed.data) == (header, data)
    parts = wire.split(raw)
    assert parts.data_start % wire.ALIGNMENT == 0
    assert raw[parts.data_start : parts.data_end] == data
    assert pb.GridGradientResponse.FromString(raw[: parts.header_end]) == pb.GridGradientResponse(header=header)


@given(st.binary(max_size=60))
def test_any_bytes_are_split_or_refused(raw: bytes) -> None:
    try:
        parts = wire.split(raw)
    except gridgrad.InternalError:
        return
    assert 0 <= parts.header_end <= parts.data_start <= parts.data_end == len(raw)


@pytest.mark.parametrize("raw", [b"\xff", b"\x0a\x05ab", b"\x7a\x05abc", b"\x7a\x01ab", b"\x0b", b"\x80" * 12])
def test_bytes_that_are_no_message(raw: bytes) -> None:
    with pytest.raises(gridgrad.InternalError, match="response"):
        wire.split(raw)


def test_a_message_without_a_buffer() -> None:
    raw = pb.GridGradientResponse(header=pb.ResultHeader(dims=["t"])).SerializeToString()
    assert wire.split(raw) == (len(raw), len(raw), len(raw))
    assert wire.split(b"") == (0, 0, 0)


@given(st.integers(1, 2**29 - 1), st.binary(max_size=300))
def test_the_head_of_a_field(number: int, payload: bytes) -> None:
    head = wire.field_head(2, len(payload))
    raw = head + payload
    if not payload:
        assert pb.StreamGridGradientsRequest.FromString(raw).HasField("request")
    assert wire.field_head(number, 0)[-1] == 0
    assert len(head) == 1 + max(1, math.ceil(len(payload).bit_length() / 7))


# Grids


def test_dims_stand_in_the_order_in_which_they_first_appear() -> None:
    specs = [
        InputSpec("x", ("i", "j"), (2, 3)),
        InputSpec("c", (), ()),
        InputSpec("t", ("t",), (4,)),
        InputSpec("y", ("j",), (3,)),
    ]
    assert grid_of(specs) == Grid(("i", "j", "t"), (2, 3, 4))
    assert grid_of(specs).points == 24
    assert grid_of([]) == Grid((), ())
    assert grid_of([]).points == 1


@pytest.mark.parametrize(
    ("specs", "complaint"),
    [
        ([InputSpec(f"x{n}", ("i",), (1,)) for n in range(17)], "17 inputs with dims; send at most 16"),
        ([InputSpec(f"x{n}", (), ()) for n in range(513)], "513 numbers; send at most 512"),
        ([InputSpec(f"x{n}", (f"x{n}",), (1,)) for n in range(9)], "a grid of 9 dims; use at most 8"),
        ([InputSpec("x", (), ())] * 2, r"inputs\[1\].name: 'x' a second time"),
        ([InputSpec("x", ("i", "j"), (2,))], r"inputs\[0\].dims: 2 dims \['i', 'j'\] for an array of shape \[2\]"),
        ([InputSpec("x", ("i", "i"), (2, 2))], "a repeated dim"),
        ([InputSpec("x", ("i",), (2,)), InputSpec("y", ("i",), (1,))], "length 1 in 'y' and 2 in 'x'"),
    ],
)
def test_inputs_that_span_no_grid(specs: list[InputSpec], complaint: str) -> None:
    with pytest.raises(gridgrad.RequestError, match=complaint):
        grid_of(specs)


@pytest.mark.parametrize("inputs", range(1, 6))
@pytest.mark.parametrize("order", range(5))
def test_partials_are_counted_as_they_are_listed(inputs: int, order: int) -> None:
    names = "abcde"[:inputs]
    listed = expand_order(names, order)
    assert len(listed) == len({canonical(d, names) for d in listed}) == math.comb(inputs + order, order) - 1
    assert [len(d) for d in listed] == sorted(len(d) for d in listed)


# Methods


def test_the_table_of_methods_is_the_schemas() -> None:
    (service,) = pb.DESCRIPTOR.services_by_name.values()
    assert service.full_name == SERVICE
    assert {method.name for method in METHODS} == set(service.methods_by_name)
    for method in METHODS:
        described = service.methods_by_name[method.name]
        assert method.path == f"/{SERVICE}/{described.name}"
