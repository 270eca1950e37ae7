"""What headers say of numbers, and where these go."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridgrad
from gridgrad.protocol import response_layout
from gridgrad.protocol.response_layout import ResponseLayout, buffer, destination_of, numbers_of, put, read_header
from gridgrad.requests.prepare import PreparedCall, prepare
from gridgrad.requests.request import Request
from gridgrad_core.v1 import gridgrad_pb2 as pb

INFO = pb.Info(batch_size=7)


def header(**said: Any) -> pb.ResultHeader:
    about = {"dims": ["t", "k"], "shape": [2, 3], "derivatives": [pb.Derivative(wrt=["t"])], "components": ["f"]}
    return pb.ResultHeader(**{**about, "dtype": pb.DTYPE_FLOAT64, "info": INFO, **said})


def call_of(**given: Any) -> PreparedCall:
    return prepare(Request("t*k", {"t": np.ones(2), "k": np.ones(3)}, derivatives=["t"], **given))


def test_a_header_is_read_in_two_and_what_is_shared_is_read_once() -> None:
    layout, info = read_header(header())
    assert layout == ResponseLayout(("t", "k"), (2, 2, 3), 6, (("t",),), ("f",), False, np.dtype("<f8"))
    assert layout.planes == 2
    assert info.batch_size == 7
    again, other = read_header(header(info=pb.Info(batch_size=8)))
    assert again is layout
    assert other.batch_size == 8


def test_components_of_a_tuple_are_a_dim_after_the_planes() -> None:
    layout, _ = read_header(header(components=["u", "v"], tuple_valued=True, dtype=pb.DTYPE_FLOAT32))
    assert (layout.shape, layout.planes, layout.dtype) == ((2, 2, 2, 3), 4, np.dtype("<f4"))


def test_units_that_the_function_says_are_the_results() -> None:
    units = [pb.NamedUnit(name="t", unit="s"), pb.NamedUnit(name="f", unit="m")]
    layout, _ = read_header(header(units=units))
    assert layout.units == (("t", "s"), ("f", "m"))
    assert layout.schema(call_of()).units == layout.units
    assert read_header(header())[0].units == ()


def test_a_dtype_of_another_protocol_is_broken() -> None:
    with pytest.raises(gridgrad.InternalError, match="unknown dtype 0"):
        read_header(header(dtype=pb.DTYPE_UNSPECIFIED))


def test_numbers_are_viewed_where_they_lie_or_put_into_out() -> None:
    raw = b"head" + np.arange(12.0).tobytes()
    layout, _ = read_header(header())
    view = buffer(raw, 4, layout.shape, layout.dtype)
    assert view.tolist() == np.arange(12.0).reshape(2, 2, 3).tolist()
    assert not view.flags.writeable
    assert put(view, layout, call_of()) is view
    out = np.zeros((2, 2, 3))
    assert put(view, layout, call_of(out=out)) is out
    assert out.tolist() == view.tolist()


@pytest.mark.parametrize("start", [0, 8])
def test_a_buffer_of_another_length_is_broken(start: int) -> None:
    with pytest.raises(gridgrad.InternalError):
        buffer(bytes(4 + 96), start, (2, 2, 3), np.dtype("<f8"))


def test_an_out_for_other_components_is_refused() -> None:
    layout, _ = read_header(header(components=["u", "v"], tuple_valued=True))
    with pytest.raises(gridgrad.RequestError, match="out"):
        destination_of(layout, call_of(out=np.zeros((2, 2, 3))))


def test_windows_lie_in_the_buffer() -> None:
    layout, _ = read_header(header())
    given = np.arange(4.0).reshape(1, 4)
    window = pb.Window(first_plane=1, planes=1, first_point=2, points=4)
    rows, columns, numbers = numbers_of(window, lambda shape, _: given.reshape(shape), layout)
    planes = np.zeros((2, 6))
    planes[rows, columns] = numbers
    assert planes.tolist() == [[0] * 6, [0, 0, 0, 1, 2, 3]]
    for beyond in ({"first_plane": 2}, {"first_point": 3}, {"first_point": -1}, {"planes": 2}):
        window = pb.Window(**{"first_plane": 1, "planes": 1, "first_point": 2, "points": 4, **beyond})
        with pytest.raises(gridgrad.InternalError, match="outside"):
            numbers_of(window, lambda shape, dtype: np.zeros(shape, dtype), layout)


def test_too_little_memory_says_what_to_do() -> None:
    with pytest.raises(gridgrad.TooLargeError, match=r"numpy.memmap"):
        response_layout.empty((1 << 40, 1 << 40), np.dtype("<f8"))
