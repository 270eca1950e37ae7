"""Spans of regions as arrays, what does not lie there, and which bytes the inputs of a piece are."""

from __future__ import annotations

import os

import pytest

from gridgrad_core.errors import InternalError
from gridgrad_core.remote.regions import Regions, input_spans, size_of
from gridgrad_core.system import shared_memory
from gridgrad_core.worker_v1 import worker_pb2 as pb

SIZE = 1 << 16


@pytest.fixture
def regions() -> Regions:
    made = Regions()
    made.admit_and_close([pb.Slot(id=3, size=SIZE, descriptor_attached=True)], [shared_memory.create("region", SIZE)])
    return made


def test_rows_that_lie_apart_are_seen_where_they_lie(regions: Regions) -> None:
    (whole,) = regions.rows(pb.Span(slot=3, rows=1, row_bytes=SIZE))
    span = pb.Span(slot=3, offset=100, rows=3, row_bytes=4, pitch=64)
    for number, row in enumerate(regions.rows(span)):
        row[:] = bytes(range(4 * number, 4 * number + 4))
    assert size_of(span) == 12
    assert [list(whole[begin : begin + 4]) for begin in (100, 164, 228)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert sum(whole) == 66


def test_rows_without_gaps_are_one(regions: Regions) -> None:
    (row,) = regions.rows(pb.Span(slot=3, offset=64, rows=3, row_bytes=8, pitch=8))
    assert len(row) == 24
    assert regions.rows(pb.Span(slot=3, rows=4, row_bytes=0)) == []


@pytest.mark.parametrize(
    "span",
    [
        pb.Span(slot=4, rows=1, row_bytes=1),
        pb.Span(slot=3, offset=SIZE, rows=1, row_bytes=1),
        pb.Span(slot=3, offset=0, rows=2, row_bytes=8, pitch=SIZE),
        pb.Span(slot=3, offset=0, rows=2, row_bytes=8, pitch=4),
        pb.Span(slot=3, offset=0, rows=1 << 62, row_bytes=8, pitch=8),
    ],
)
def test_what_lies_in_no_region_is_refused(regions: Regions, span: pb.Span) -> None:
    with pytest.raises(InternalError, match="please report it"):
        regions.rows(span)


def test_regions_are_forgotten_and_their_descriptors_closed(regions: Regions) -> None:
    before = len(os.listdir("/proc/self/fd"))
    regions.admit_and_close(
        [pb.Slot(id=5, size=SIZE, descriptor_attached=True, forget=[3])], [shared_memory.create("r", SIZE)]
    )
    assert len(regions) == 1
    assert len(os.listdir("/proc/self/fd")) == before  # a mapping has one
    regions.forget([5, 6])
    assert not len(regions)


def test_pages_that_are_given_back_are_empty_and_no_others(regions: Regions) -> None:
    (whole,) = regions.rows(pb.Span(slot=3, rows=1, row_bytes=SIZE))
    whole[:] = b"\1" * SIZE
    regions.give_back(pb.Span(slot=3, offset=4000, rows=1, row_bytes=4096 * 2 + 200))
    empty = [position for position, byte in enumerate(whole) if not byte]
    assert (empty[0], empty[-1], len(empty)) == (4096, 3 * 4096 - 1, 2 * 4096)
    regions.give_back(pb.Span(slot=9, offset=0, rows=1, row_bytes=SIZE))  # of one that is no more


def test_the_inputs_of_a_piece_are_its_arrays() -> None:
    inputs = [
        pb.PieceInput(array=pb.SlotArray(offset=0, shape=[3], dtype="float64")),
        pb.PieceInput(linspace=pb.Linspace(start=0, stop=1, num=9)),
        pb.PieceInput(array=pb.SlotArray(offset=64, shape=[2, 5], dtype="float32", stacked=True)),
    ]
    piece = pb.Piece(inputs_slot=7, inputs_offset=128, entries=4, first_entry=2)
    spans = input_spans(piece, pb.PieceLayout(inputs=inputs))
    assert [(span.slot, span.offset, size_of(span)) for span in spans] == [(7, 128, 24), (7, 128 + 64 + 80, 160)]
