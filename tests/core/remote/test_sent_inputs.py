"""Inputs in the slot of a batch are always sent, those of a large grid once, and again when they have changed."""

from __future__ import annotations

import pytest

from gridgrad_core.remote.regions import Regions, size_of
from gridgrad_core.remote.sent_inputs import SentInputs
from gridgrad_core.system import shared_memory
from gridgrad_core.worker_v1 import worker_pb2 as pb

SIZE = 1 << 16
LAYOUT = pb.PieceLayout(
    inputs=[pb.PieceInput(array=pb.SlotArray(offset=0, shape=[4], dtype="float64"))]
).SerializeToString()


@pytest.fixture
def regions() -> Regions:
    made = Regions()
    for number in (1, 2):
        made.admit_and_close(
            [pb.Slot(id=number, size=SIZE, descriptor_attached=True)], [shared_memory.create("region", SIZE)]
        )
    return made


def batch(*, first: int = 1, inputs: int = 2, forget: tuple[int, ...] = ()) -> pb.Batch:
    slots = [pb.Slot(id=first, size=SIZE, forget=forget), pb.Slot(id=inputs, size=SIZE)]
    return pb.Batch(slots=slots, pieces=[pb.Piece(layout=LAYOUT, inputs_slot=inputs)])


def sent(inputs: SentInputs, of: pb.Batch) -> int:
    spans, numbers = inputs.of(of)
    assert [size_of(span) for span in spans] == [len(each) for each in numbers]
    return len(spans)


def test_what_lies_with_the_results_is_always_sent(regions: Regions) -> None:
    inputs = SentInputs(regions)
    assert [sent(inputs, batch(inputs=1)) for _ in range(2)] == [1, 1]


def test_the_inputs_of_several_tiles_are_sent_once_until_they_change(regions: Regions) -> None:
    inputs = SentInputs(regions)
    assert [sent(inputs, batch()) for _ in range(2)] == [1, 0]
    regions.rows(pb.Span(slot=2, rows=1, row_bytes=1))[0][0] = 7
    assert [sent(inputs, batch()) for _ in range(2)] == [1, 0]


@pytest.mark.parametrize("between", [batch(first=2, inputs=1), batch(forget=(2,), inputs=1)])
def test_they_are_sent_again_once_something_else_may_lie_there(regions: Regions, between: pb.Batch) -> None:
    inputs = SentInputs(regions)
    sent(inputs, batch())
    sent(inputs, between)
    assert sent(inputs, batch()) == 1
