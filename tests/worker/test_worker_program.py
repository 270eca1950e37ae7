"""A program: its tiers, and that templates are made of what compiled code has computed."""

from __future__ import annotations

import ctypes
from typing import Any, cast

import numpy as np
import pytest

from gridgrad_core.errors import NotPreparedError
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.engines.compiled.runtime.crash_marks import CrashMark
from gridgrad_worker.engines.compiled.runtime.request_template import TileCall, TileTemplate
from gridgrad_worker.engines.compiled.tier import TierState
from gridgrad_worker.engines.compiled.tiered_engine import TieredEngine
from gridgrad_worker.engines.tiles import ArrayValues, Subgrid, Tile
from gridgrad_worker.piece_messages import PieceReader
from gridgrad_worker.worker_program import WorkerProgram

LAYOUT = pb.PieceLayout(
    inputs=[pb.PieceInput(array=pb.SlotArray(offset=64, shape=[3], dtype="float64"))], start=[0], shape=[3]
).SerializeToString()
TILE = Tile((ArrayValues(np.array([1.0, 2.0, 3.0]), (0,), 1),), Subgrid((0,), (3,)))


class Plain:
    """An engine without tiers that writes sevens."""

    name, tier = "functional", ""

    def compute(self, tiles: list[Tile], outs: list[Any]) -> None:
        for _, out in zip(tiles, outs, strict=True):
            out[...] = 7


class Row:
    """Stands for a tile's template: notes the addresses that it is called with."""

    def __init__(self) -> None:
        self.called: list[tuple[Any, ...]] = []

    def call(self, *given: Any) -> TileCall:
        self.called.append(given)
        return TileCall(cast(Any, None), (ctypes.c_int64 * 2)(), 1, CrashMark.nowhere())

    def calls(self, *given: Any) -> TileCall:
        self.called.append(given)
        count = given[-1]
        return TileCall(cast(Any, None), (ctypes.c_int64 * (2 * count))(), count, CrashMark.nowhere())


class Tiered(TieredEngine):
    """An engine whose compiled code has made a template."""

    def __init__(self, template: Row | None) -> None:
        self._template = template

    def template(self, tile: Tile, out: object) -> TileTemplate | None:
        assert tile is TILE
        assert out is not None
        return cast(TileTemplate | None, self._template)

    @property
    def state(self) -> TierState:
        return TierState("ready")


class Slots:
    """Slots in which a number of the slot lies 1000 times its number further on; notes what is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int, int]] = []

    def address(self, slot: int, offset: int, size: int) -> int:
        self.asked.append((slot, offset, size))
        return 1000 * slot + offset


def program_of(engine: object) -> WorkerProgram:
    message = pb.Plan(expression="2*x", dtype="float64")
    return WorkerProgram(message, cast(Any, engine), PieceReader(((0,),), 1, 2, "float64"), "it is for a test")


def test_an_engine_without_tiers_computes_what_asks_for_none() -> None:
    program, out = program_of(Plain()), np.zeros((2, 3))
    assert program.compute([TILE, TILE], [out, out], ["", "direct"]) == ["", ""]
    assert (out == 7).all()
    assert program.state == ("never", "it is for a test")
    with pytest.raises(NotPreparedError, match="it is for a test"):
        program.compute([TILE], [out], ["compiled"])
    program.prepare()
    program.close()


def piece(**fields: Any) -> pb.Piece:
    return pb.Piece(**{"layout": LAYOUT, "inputs_slot": 2, "inputs_offset": 0, "result_offset": 512, **fields})


def recalled(program: WorkerProgram, *pieces: pb.Piece) -> tuple[int | None, list[tuple[int, int, int]]]:
    """How many requests are computed, None where they are not recalled, and what of slots is asked for."""
    slots = Slots()
    call = program.recall(pieces, 3, cast(Any, slots))
    return call and call.tiles, slots.asked


def remembering(row: Row, layout: bytes = LAYOUT) -> WorkerProgram:
    program = program_of(Tiered(row))
    program.remember(piece(layout=layout), TILE, np.zeros((2, 3)))
    return program


def test_what_was_computed_is_recalled_by_its_layout() -> None:
    row = Row()
    assert recalled(program_of(Tiered(row)), piece()) == (None, [])
    program = remembering(row)
    assert recalled(program, piece()) == (1, [(3, 512, 48), (2, 64, 24)])
    assert row.called == [([2064], 3512, 24)]
    assert recalled(program, piece(result_slot=4, result_stride=80)) == (1, [(4, 512, 104), (2, 64, 24)])
    assert row.called[1] == ([2064], 4512, 80)


STACKED = pb.PieceLayout(
    inputs=[pb.PieceInput(array=pb.SlotArray(offset=64, shape=[3], dtype="float64", stacked=True))],
    start=[0],
    shape=[3],
).SerializeToString()


def test_several_requests_of_a_piece_are_recalled_together() -> None:
    row = Row()
    program = remembering(row, STACKED)
    assert recalled(program, piece(layout=STACKED, entries=5, first_entry=2)) == (5, [(3, 512, 320), (2, 112, 120)])
    assert row.called == [([(2112, 24)], (3512, 64), 24, 5)]
    assert recalled(program, piece(layout=STACKED, entries=1, first_entry=7)) == (1, [(3, 512, 48), (2, 232, 24)])
    assert row.called[1] == ([2232], 3512, 24), "the numbers of that request, not of the first"
    assert recalled(remembering(row), piece(entries=5)) == (5, [(3, 512, 320), (2, 64, 24)])
    assert row.called[2] == ([(2064, 0)], (3512, 64), 24, 5), "one array for all"


def test_a_batch_is_recalled_as_a_whole_or_not() -> None:
    program = remembering(Row(), STACKED)
    program.remember(piece(), TILE, np.zeros((2, 3)))
    pieces = piece(), piece(layout=STACKED, entries=4), piece(tier="compiled")
    assert recalled(program, *pieces)[0] == 6
    assert recalled(program, *pieces, piece(layout=b"another"))[0] is None
    assert recalled(program, *pieces, piece(tier="direct"))[0] is None


@pytest.mark.parametrize("engine", [Plain(), Tiered(None)])
def test_without_a_template_nothing_is_remembered(engine: object) -> None:
    program = program_of(engine)
    program.remember(piece(), TILE, np.zeros((2, 3)))
    assert recalled(program, piece())[0] is None


def test_pieces_of_no_points_make_no_template() -> None:
    program = program_of(Tiered(Row()))
    program.remember(piece(), TILE, np.zeros((2, 0)))
    assert recalled(program, piece())[0] is None
