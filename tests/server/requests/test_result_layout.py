"""Where inputs and results lie: aligned, apart, and as the worker is told."""

from __future__ import annotations

import pytest

from gridgrad_core.grid import InputSpec
from gridgrad_core.worker_v1 import worker_pb2 as wpb
from gridgrad_server.requests.decoded import DecodedArray, DecodedInput, DecodedLinspace
from gridgrad_server.requests.result_layout import RequestLayout, aligned
from gridgrad_server.requests.tiles import GridTile
from tests.server.building import function_key


def array(name: str, length: int) -> DecodedInput:
    return DecodedInput(InputSpec(name, (name,), (length,)), DecodedArray("float64", bytes(8 * length)))


@pytest.fixture
def layout() -> RequestLayout:
    spaced = DecodedInput(InputSpec("t", ("t",), (4,)), DecodedLinspace(-1.0, 1.0, 4))
    return RequestLayout(function_key(), (3, 4, 9), [array("x", 3), spaced, array("y", 9)], grids=5)


@pytest.mark.parametrize(("size", "expected"), [(0, 0), (1, 64), (64, 64), (65, 128)])
def test_what_lies_in_a_slot_begins_at_a_multiple_of_64(size: int, expected: int) -> None:
    assert aligned(size) == expected


def test_sizes_follow_from_shapes(layout: RequestLayout) -> None:
    assert layout.points == 108
    assert layout.result_bytes == 108 * 2 * 8  # value and one derivative
    assert layout.total_bytes == 5 * layout.result_bytes
    assert layout.stride == aligned(layout.result_bytes)


def test_arrays_lie_apart_and_linspaces_take_nothing(layout: RequestLayout) -> None:
    assert layout.input_offsets == [0, 64]
    assert layout.inputs_bytes == 64 + 128


def test_the_worker_is_told_of_inputs_and_tile(layout: RequestLayout) -> None:
    tile = GridTile((1, 2, 0), (1, 2, 9), 54, 18)
    message = wpb.PieceLayout.FromString(layout.of_tile(tile))
    assert (list(message.start), list(message.shape)) == ([1, 2, 0], [1, 2, 9])
    assert [each.array.offset for each in message.inputs] == [0, 0, 64]
    assert [list(each.array.shape) for each in message.inputs] == [[3], [], [9]]
    assert (message.inputs[1].linspace.start, message.inputs[1].linspace.num) == (-1.0, 4)


def test_the_whole_grid_is_laid_out_once(layout: RequestLayout) -> None:
    assert layout.of_tile(layout.whole) is layout.of_tile(layout.whole)
    assert list(wpb.PieceLayout.FromString(layout.of_tile(layout.whole)).shape) == [3, 4, 9]


def test_the_rest_of_a_grid_is_laid_out_as_one_of_its_own_whose_tiles_begin_later() -> None:
    rest = RequestLayout(function_key(), (3, 4), [array("x", 3), array("y", 4)], first_row=1)
    assert (rest.shape, rest.points) == ((2, 4), 8)
    for tile, start in ((rest.whole, [1, 0]), (GridTile((1, 2), (1, 2), 6, 2), [2, 2])):
        message = wpb.PieceLayout.FromString(rest.of_tile(tile))
        assert (list(message.start), tuple(message.shape)) == (start, tile.shape)
        assert [list(each.array.shape) for each in message.inputs] == [[3], [4]]
