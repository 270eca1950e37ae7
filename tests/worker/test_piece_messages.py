"""Pieces as the server sends them: which tiles they are, and where their numbers lie."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from gridgrad_core.errors import InternalError
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.cpu import CpuDevice
from gridgrad_worker.devices.slots import MappedSlots
from gridgrad_worker.engines.tiles import ArrayValues, LinspaceValues, Subgrid
from gridgrad_worker.piece_messages import LAYOUTS_KEPT, PieceReader, TileLayout, count_requests
from tests.worker.driving import Slot

SLOT = 5


@pytest.fixture
def slot() -> Iterator[Slot]:
    made = Slot(SLOT, 4096)
    yield made
    os.close(made.descriptor)


@pytest.fixture
def slots(cpu: CpuDevice, slot: Slot) -> MappedSlots:
    mapped = MappedSlots(cpu)
    mapped.admit([slot.message(attached=True)], [os.dup(slot.descriptor)])
    return mapped


def array(offset: int, *shape: int, dtype: str = "float64", stacked: bool = False) -> pb.PieceInput:
    return pb.PieceInput(array=pb.SlotArray(offset=offset, shape=shape, dtype=dtype, stacked=stacked))


def layout(inputs: Sequence[pb.PieceInput], start: Sequence[int], shape: Sequence[int]) -> bytes:
    return pb.PieceLayout(inputs=inputs, start=start, shape=shape).SerializeToString()


def numbers(values: object) -> NDArray[np.floating]:
    assert isinstance(values, ArrayValues)
    return values.array


def test_a_tile_has_the_arrays_of_its_slot_and_its_subgrid(slots: MappedSlots, slot: Slot) -> None:
    slot.view(128, [3])[...] = [1, 2, 3]
    slot.view(192, [2], "float32")[...] = [4, 5]
    reader = PieceReader(((0,), (1,), ()), 2, 3, "float64")
    spaced = pb.PieceInput(linspace=pb.Linspace(start=0, stop=1, num=3))
    raw = layout([array(64, 3), array(128, 2, dtype="float32"), array(64)], [1, 0], [2, 2])
    (tile,) = reader.tiles(pb.Piece(layout=raw, inputs_slot=SLOT, inputs_offset=64), slots)
    assert tile.subgrid == Subgrid((1, 0), (2, 2))
    assert numbers(tile.inputs[0]).tolist() == [1, 2, 3]
    assert numbers(tile.inputs[1]).tolist() == [4, 5]
    assert numbers(tile.inputs[2]).shape == ()
    raw = layout([spaced, array(128, 2, dtype="float32"), array(64)], [0, 0], [3, 2])
    (tile,) = reader.tiles(pb.Piece(layout=raw, inputs_slot=SLOT, inputs_offset=64), slots)
    assert isinstance(tile.inputs[0], LinspaceValues)
    assert tile.inputs[0].over(tile.subgrid).reshape(-1).tolist() == [0, 0.5, 1]


def test_several_requests_share_what_is_not_stacked(slots: MappedSlots, slot: Slot) -> None:
    slot.view(0, [4, 2])[...] = np.arange(8).reshape(4, 2)
    slot.view(256, [3])[...] = [7, 8, 9]
    raw = layout([array(0, 2, stacked=True), array(256, 3)], [0, 0], [2, 3])
    piece = pb.Piece(layout=raw, inputs_slot=SLOT, entries=2, first_entry=1)
    assert count_requests(piece) == 2
    tiles = PieceReader(((0,), (1,)), 2, 1, "float64").tiles(piece, slots)
    assert [numbers(tile.inputs[0]).tolist() for tile in tiles] == [[2, 3], [4, 5]]
    assert [numbers(tile.inputs[1]).tolist() for tile in tiles] == [[7, 8, 9]] * 2


def test_a_program_without_inputs_has_tiles_too(slots: MappedSlots) -> None:
    piece = pb.Piece(layout=layout([], [], []), entries=3)
    tiles = PieceReader((), 0, 1, "float64").tiles(piece, slots)
    assert [tile.subgrid.points for tile in tiles] == [1, 1, 1]


def test_results_lie_apart_as_the_piece_says(slots: MappedSlots, slot: Slot) -> None:
    reader = PieceReader(((0,),), 1, 2, "float32")
    raw = layout([array(0, 3)], [0], [3])
    (out,) = reader.outs(pb.Piece(layout=raw, result_offset=512, result_stride=128), SLOT, slots)
    out[...] = [[1, 2, 3], [4, 5, 6]]
    assert slot.view(512, [3], "float32").tolist() == [1, 2, 3]
    assert slot.view(640, [3], "float32").tolist() == [4, 5, 6]


def test_results_of_several_requests_begin_on_lines_of_the_cache(slots: MappedSlots, slot: Slot) -> None:
    reader = PieceReader(((0,),), 1, 2, "float64")
    raw = layout([array(0, 3)], [0], [3])
    outs = reader.outs(pb.Piece(layout=raw, result_offset=1024, entries=3), SLOT, slots)
    for request, out in enumerate(outs):
        out[...] = request + np.arange(6).reshape(2, 3) / 10
    for request in range(3):
        assert np.array_equal(slot.view(1024 + 64 * request, [2, 3]), request + np.arange(6).reshape(2, 3) / 10)


@pytest.mark.parametrize(("inputs", "start", "shape"), [(1, [0, 0], [2, 2]), (2, [0], [2, 2]), (2, [0, 0], [2])])
def test_a_layout_that_does_not_fit_is_refused(inputs: int, start: list[int], shape: list[int]) -> None:
    reader = PieceReader(((0,), (1,)), 2, 1, "float64")
    with pytest.raises(InternalError, match="dims for 2 and 2"):
        reader.layout(layout([array(0, 2)] * inputs, start, shape))


def test_layouts_are_read_once_and_a_few_are_kept() -> None:
    reader = PieceReader(((0,),), 1, 1, "float64")
    raws = [layout([array(64 * n, 2)], [0], [2]) for n in range(LAYOUTS_KEPT + 1)]
    first = reader.layout(raws[0])
    assert reader.layout(raws[0]) is first
    for raw in raws:
        reader.layout(raw)
    assert len(reader._layouts) == LAYOUTS_KEPT


def test_spans_are_where_numbers_lie() -> None:
    reader = PieceReader(((0,), (1,)), 2, 1, "float64")
    spaced = pb.PieceInput(linspace=pb.Linspace(start=0, stop=1, num=3))
    found: TileLayout = reader.layout(layout([array(192, 5, dtype="float32"), spaced], [0, 0], [5, 3]))
    assert found.spans == [(192, 20, False), (0, 0, False)]
