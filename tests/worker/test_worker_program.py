"""A program: its tiers, and that templates are made of what compiled code has computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from gridgrad_core.errors import NotPreparedError
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.engines.compiled.runtime.request_template import TileTemplate
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
        self.called: list[tuple[list[int], int, int]] = []

    def call(self, inputs: list[int], out: int, pitch: int) -> Callable[[], bool]:
        self.called.append((inputs, out, pitch))
        return lambda: True


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
    """Slots in which a number of the slot lies 1000 times its number further on."""

    def address(self, slot: int, offset: int, size: int) -> int:
        assert size in ({24} if offset == 64 else {48, 104}), "three numbers, or two planes of them at a distance"
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
    return pb.Piece(layout=LAYOUT, inputs_slot=2, inputs_offset=0, result_offset=512, **fields)


def test_what_was_computed_is_recalled_by_its_layout() -> None:
    row = Row()
    program = program_of(Tiered(row))
    assert program.recall(piece(), 3, cast(Any, Slots())) is None
    program.remember(piece(), TILE, np.zeros((2, 3)))
    assert program.recall(piece(), 3, cast(Any, Slots())) is not None
    assert row.called == [([2064], 3512, 24)]
    assert program.recall(piece(result_slot=4, result_stride=80), 3, cast(Any, Slots())) is not None
    assert row.called[1] == ([2064], 4512, 80)


@pytest.mark.parametrize("other", [{"tier": "direct"}, {"entries": 2}, {"layout": b"another"}])
def test_what_must_be_computed_otherwise_is_not_recalled(other: dict[str, Any]) -> None:
    program = program_of(Tiered(Row()))
    program.remember(piece(), TILE, np.zeros((2, 3)))
    different = piece()
    different.MergeFrom(pb.Piece(**other))
    assert program.recall(different, 3, cast(Any, Slots())) is None


@pytest.mark.parametrize("engine", [Plain(), Tiered(None)])
def test_without_a_template_nothing_is_remembered(engine: object) -> None:
    program = program_of(engine)
    program.remember(piece(), TILE, np.zeros((2, 3)))
    assert program.recall(piece(), 3, cast(Any, Slots())) is None


@pytest.mark.parametrize(("sent", "points"), [(piece(entries=3), 3), (piece(), 0)])
def test_pieces_of_several_requests_or_of_no_points_make_no_template(sent: pb.Piece, points: int) -> None:
    program = program_of(Tiered(Row()))
    program.remember(sent, TILE, np.zeros((2, points)))
    assert program.recall(piece(), 3, cast(Any, Slots())) is None
