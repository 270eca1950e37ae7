"""A program that a worker computes: what the pieces of a batch share, ready to run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from cachetools import LRUCache

from gridgrad_core.errors import NotPreparedError
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.slots import MappedSlots
from gridgrad_worker.engines.compiled.runtime.request_template import PieceTemplate, TileCall
from gridgrad_worker.engines.compiled.tier import TierState
from gridgrad_worker.engines.compiled.tiered_engine import TieredEngine
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.structured.planning.explain import explanation_of
from gridgrad_worker.engines.tiles import Tile
from gridgrad_worker.piece_messages import LAYOUTS_KEPT, PieceReader
from gridgrad_worker.reductions.alike_grids import ReducedCall, ReducedPieces
from gridgrad_worker.reductions.grid_reducer import Compute, GridReducer

__all__ = ["Engine", "Reducer", "WorkerProgram"]


class Engine(Protocol):
    """Computes the tiles of a program, in one tier."""

    name: str
    tier: str

    def compute(self, tiles: Sequence[Tile], outs: Sequence[Array]) -> None:
        """Computes tiles together into [derivatives * components, points] each."""


class Reducer(Protocol):
    """Makes of grids what is wanted of them."""

    def compute(self, run: Compute, tiles: Sequence[Tile], outs: Sequence[Array], tiers: Sequence[str]) -> list[str]:
        """Computes tiles of results by tiles of the grid; the tiers that they were computed in."""


class WorkerProgram:
    """A program, ready to compute.

    Args:
        message: what it was made from.
        engine: computes it.
        pieces: reads its pieces.
        untiered: why there are no tiers to choose from; empty where there are.
        reducer: makes of grids what is wanted of them; None for the grids themselves.
    """

    def __init__(
        self,
        message: pb.Plan,
        engine: Engine | TieredEngine,
        pieces: PieceReader,
        untiered: str = "",
        reducer: Reducer | None = None,
    ) -> None:
        self.message = message
        self.engine = engine
        self.pieces = pieces
        self._untiered = untiered
        self._reducer = reducer
        self._templates: LRUCache[bytes, PieceTemplate] = LRUCache(LAYOUTS_KEPT)
        self._reduced: LRUCache[bytes, ReducedPieces] = LRUCache(LAYOUTS_KEPT)

    @property
    def registered(self) -> str | None:
        """The name of the registered function; None for an expression."""
        return self.message.registered if self.message.WhichOneof("function") == "registered" else None

    @property
    def state(self) -> TierState:
        """Whether there is compiled code."""
        return self.engine.state if isinstance(self.engine, TieredEngine) else TierState("never", self._untiered)

    def prepare(self) -> None:
        """Has compiled code made in the background, if there can be any."""
        if isinstance(self.engine, TieredEngine):
            self.engine.prepare()

    def explanation(self) -> pb.Explanation:
        """What is computed.

        Raises:
            GridgradError: it is a registered function, or too large.
        """
        if isinstance(self.engine, TieredEngine):
            self.engine.look()
        return explanation_of(self.message)

    def close(self) -> None:
        """Gives up what is compiled for it."""
        if isinstance(self.engine, TieredEngine):
            self.engine.close()

    def compute(self, tiles: Sequence[Tile], outs: Sequence[Array], tiers: Sequence[str]) -> list[str]:
        """Computes tiles together.

        Args:
            tiles: what to compute.
            outs: for each of them, where its results go.
            tiers: for each of them the tier that it must be computed in, or "".

        Returns:
            For each of them the tier that it was computed in; "" where the engine has none.

        Raises:
            GridgradError: what is wrong with one of them.
        """
        if self._reducer:
            return self._reducer.compute(self._of_grids, tiles, outs, tiers)
        return self._of_grids(tiles, outs, tiers)

    def _of_grids(self, tiles: Sequence[Tile], outs: Sequence[Array], tiers: Sequence[str]) -> list[str]:
        if isinstance(self.engine, TieredEngine):
            return self.engine.compute(tiles, outs, tiers)
        if "compiled" in tiers:
            raise NotPreparedError("tier", f"'compiled', but {self._untiered}", "ask for tier='auto'")
        self.engine.compute(tiles, outs)
        return [self.engine.tier] * len(tiles)

    def remember(self, piece: pb.Piece, tile: Tile, out: Array) -> None:
        """Makes a template of pieces like one that compiled code has just computed, for `recall`.

        Args:
            piece: the piece.
            tile: of its first request.
            out: that one's result.
        """
        if piece.layout in self._templates or piece.layout in self._reduced or not out.size:
            return
        if not isinstance(self.engine, TieredEngine):
            return
        if self._reducer:
            self._remember_reduced(self.engine, piece, tile, out)
            return
        template = self.engine.template(tile, out)
        if template is not None:
            spans, plane_bytes = self.pieces.layout(piece.layout).spans, out.shape[1] * out.itemsize
            self._templates[piece.layout] = PieceTemplate(template, spans, self.pieces.planes, plane_bytes)

    def _remember_reduced(self, engine: TieredEngine, piece: pb.Piece, tile: Tile, out: Array) -> None:
        found = self._reducer.grid_of(tile, out) if isinstance(self._reducer, GridReducer) else None
        if found is None:
            return
        (grid, alike), dtype = found, np.dtype(self.message.dtype)
        template = engine.template(grid, np.empty((alike.planes, grid.subgrid.points), dtype))
        if template is not None:
            spans, plane_bytes = self.pieces.layout(piece.layout).spans, grid.subgrid.points * dtype.itemsize
            grids = PieceTemplate(template, spans, alike.planes, plane_bytes)
            self._reduced[piece.layout] = ReducedPieces(grids, alike, dtype)

    def recall_reduced(self, pieces: Sequence[pb.Piece], slot: int, slots: MappedSlots) -> ReducedCall | None:
        """What computes and reduces the grids of a batch's pieces; as `recall`."""
        known = [None if piece.tier == "direct" else self._reduced.get(piece.layout) for piece in pieces]
        reduced = [each for each in known if each]
        if not reduced or len(reduced) < len(pieces):
            return None
        outs = [self.pieces.outs_together(piece, slot, slots) for piece in pieces]
        return ReducedCall(reduced, pieces, outs, slots)

    def recall(self, pieces: Sequence[pb.Piece], slot: int, slots: MappedSlots) -> TileCall | None:
        """What computes a batch's pieces in compiled code, as those of the same layouts before; None where one is new.

        Args:
            pieces: all of a batch.
            slot: the id of the batch's first.
            slots: all slots.

        Raises:
            InternalError: an array does not lie in its slot.
        """
        templates = [None if piece.tier == "direct" else self._templates.get(piece.layout) for piece in pieces]
        calls = [each.call(piece, slot, slots) for each, piece in zip(templates, pieces, strict=True) if each]
        return TileCall.of(calls) if calls and len(calls) == len(pieces) else None
