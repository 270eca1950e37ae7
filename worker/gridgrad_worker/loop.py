"""The worker's loop: a batch comes, is computed into its slot, and is answered. One thread does it all.

While something is compiled for it, the loop looks after that between messages, and now and then when none comes.
What has changed by it is told before the answer to the message at hand.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from collections.abc import Sequence

from gridgrad_core.errors import GridgradError
from gridgrad_core.wire.failures import failure_message
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.compute_batch import compute, understood
from gridgrad_worker.devices.device import is_lost
from gridgrad_worker.devices.slots import MappedSlots
from gridgrad_worker.engines.compiled.runtime.call_lanes import CallLanes
from gridgrad_worker.engines.compiled.runtime.request_template import BatchTemplates, TileCall, keeps_templates
from gridgrad_worker.engines.compiled.tier import Tier
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.tiles import Tile
from gridgrad_worker.piece_messages import count_requests
from gridgrad_worker.program_table import ProgramTable
from gridgrad_worker.runtime.channel import Frame, WorkerChannel
from gridgrad_worker.worker_program import WorkerProgram

__all__ = ["WorkerLoop"]

_log = logging.getLogger(__name__)

_POLL_S = 0.05
_MOST_REMEMBERED = 8
"""Pieces of a batch of which templates are made: to make one takes as long as to describe some tiles."""


class WorkerLoop:
    """Serves one server over one channel.

    Args:
        channel: to the server.
        slots: memory shared with it.
        programs: what batches may ask for.
        tier: the compiled tier; None where nothing is to be compiled.
    """

    def __init__(
        self, channel: WorkerChannel, slots: MappedSlots, programs: ProgramTable, tier: Tier | None = None
    ) -> None:
        self._channel = channel
        self._slots = slots
        self._programs = programs
        self._tier = tier
        self._templates = BatchTemplates()
        self._lanes = CallLanes(slots)

    def run(self) -> None:
        """Answers until the server closes its end."""
        while (frame := self._next()) is not None:
            answer = self._answer(frame)
            self._poll_tier()
            if answer:
                self._channel.send(answer)

    def close(self) -> None:
        """Ends what it compiles."""
        if self._tier is not None:
            self._tier.close()

    def result_spans(self, batch: pb.Batch) -> list[pb.Span]:
        """Where the results of a batch lie that was computed; none if its function can't be."""
        try:
            pieces = self._programs.of(pb.PlanRequest(plan_id=batch.plan_id)).pieces
        except GridgradError:
            return []
        return [pieces.span(piece, batch.slots[0].id) for piece in batch.pieces]

    def _next(self) -> Frame | None:
        """The next message that no template answers."""
        if self._lanes and self._channel.descriptor is not None:
            self._answer_lanes(self._channel.descriptor)
            return self._channel.receive()
        if not self.is_compiling and self._channel.descriptor is not None:
            self._templates.answer_known(self._channel.descriptor)
        while self.is_compiling and not self._channel.wait(_POLL_S):
            self._poll_tier()
        return self._channel.receive()

    def _answer_lanes(self, socket: int) -> None:
        while not self._lanes.answer(socket, _POLL_S if self.is_compiling else None):
            self._poll_tier()

    @property
    def is_compiling(self) -> bool:
        """Whether something is compiled, so that it may have news without being asked."""
        return self._tier is not None and self._tier.is_busy

    def _poll_tier(self) -> None:
        """Looks after what is compiled, and tells the server which programs have compiled code now."""
        if self._tier is not None and self._tier.is_busy:
            self._tier.poll()
            self._send_states(self._programs.ids)

    def _send_states(self, ids: Sequence[int]) -> None:
        for state in self._programs.changed_states(ids):
            self._channel.send(pb.WorkerMessage(state=state).SerializeToString())

    def _answer(self, frame: Frame) -> bytes:
        """The answer to a message; empty where it has none."""
        message = pb.ServerMessage.FromString(frame.message)
        answer = self._dispatch(message, frame)
        if not keeps_templates(message):
            self._templates.forget()
        return answer.SerializeToString() if answer else b""

    def _dispatch(self, message: pb.ServerMessage, frame: Frame) -> pb.WorkerMessage | None:
        match message.WhichOneof("kind"):
            case "batch":
                return pb.WorkerMessage(done=self._compute(message.batch, frame))
            case "prepare":
                self._prepare(message.prepare)
                return None
            case "explain":
                return pb.WorkerMessage(explanation=self._explain(message.explain))
            case "bind_lane":
                return pb.WorkerMessage(lane_bound=self._bind_lane(message.bind_lane, frame))
            case "close_lane":
                self._lanes.close(message.close_lane)
                return None
            case _:
                self._slots.forget(message.ping.forget_slots)
                return pb.WorkerMessage(pong=pb.Pong(question=message.ping.question))

    def _prepare(self, request: pb.PlanRequest) -> None:
        with contextlib.suppress(GridgradError):  # why it can't be computed is in its state
            self._programs.prepare(request)
        self._send_states([request.plan_id])

    def _explain(self, request: pb.PlanRequest) -> pb.Explanation:
        try:
            explanation = self._programs.of(request).explanation()
        except Exception as error:  # noqa: BLE001 - a defect here must not end the worker
            explanation = pb.Explanation(failure=failure_message(understood(error)))
        self._send_states([request.plan_id])
        explanation.plan_id = request.plan_id
        return explanation

    def _bind_lane(self, request: pb.BindLane, frame: Frame) -> pb.LaneBound:
        """Takes calls from a lane, if compiled code computes them."""
        bell = frame.descriptors.pop() if request.bell_attached else None
        bound = False
        try:
            calls = self._lane_calls(request, frame)
            if calls:
                self._lanes.bind(request, calls, bell)
                bound, bell = True, None
        except Exception as error:
            if is_lost(error):
                raise
            _log.warning("a lane was not bound: %s", error)
        finally:
            if bell is not None:
                os.close(bell)
        return pb.LaneBound(lane=request.lane, first_slot=request.first_slot, bound=bound)

    def _lane_calls(self, request: pb.BindLane, frame: Frame) -> list[TileCall]:
        """What computes the slots of a lane; nothing where that is no compiled code."""
        done = pb.BatchDone()
        if any(self._outcomes(request.batch, frame, done)) or set(done.tiers) != {"compiled"}:
            return []
        program, calls = self._programs.of(request.batch), []
        (piece,) = request.batch.pieces
        for number in range(request.slots):
            each = pb.Piece()
            each.CopyFrom(piece)
            each.inputs_offset += number * request.inputs_stride
            each.result_offset += number * request.lane_stride
            calls.append(program.recall([each], request.batch.slots[0].id, self._slots))
        return [call for call in calls if call is not None]

    def _compute(self, batch: pb.Batch, frame: Frame) -> pb.BatchDone:
        start_at = time.perf_counter()
        done = pb.BatchDone()
        failures = self._outcomes(batch, frame, done)
        done.id, done.compute_s = batch.id, time.perf_counter() - start_at
        if any(failures):
            _log.info("batch %d: %d of %d tiles failed", batch.id, sum(map(bool, failures)), len(failures))
            done.failures.extend(map(failure_message, failures))
        return done

    def _outcomes(self, batch: pb.Batch, frame: Frame, done: pb.BatchDone) -> list[GridgradError | None]:
        """Computes a batch, says what with, and returns what went wrong with each tile."""
        try:
            self._slots.admit(batch.slots, frame.descriptors)
            program = self._programs.of(batch)
            done.engine = program.engine.name
            if self._compute_by_template(program, batch, frame, done):
                return [None] * len(done.tiers)
            tiles, outs = self._read(program, batch)
        except Exception as error:
            if is_lost(error):
                raise
            return [understood(error)] * sum(map(count_requests, batch.pieces))
        return self._compute_tiles(program, batch, tiles, outs, done)

    def _compute_by_template(self, program: WorkerProgram, batch: pb.Batch, frame: Frame, done: pb.BatchDone) -> bool:
        """Computes a batch like pieces before, and returns whether that was done."""
        if batch.cautious:
            return False
        known = batch.pieces, batch.slots[0].id, self._slots
        call = program.recall(*known) or program.recall_reduced(*known)
        if call is None or not call():
            return False
        done.tiers.extend(["compiled"] * call.tiles)
        if self._channel.descriptor is not None and isinstance(call, TileCall):
            self._templates.remember(frame.message, batch.id, call, done)
        return True

    def _read(self, program: WorkerProgram, batch: pb.Batch) -> tuple[list[Tile], list[Array]]:
        """The tiles of a batch, and where their results go."""
        slot, read = batch.slots[0].id, program.pieces
        tiles = [tile for piece in batch.pieces for tile in read.tiles(piece, self._slots)]
        self._slots.pin(slot)
        return tiles, [out for piece in batch.pieces for out in read.outs(piece, slot, self._slots)]

    def _remember(self, program: WorkerProgram, batch: pb.Batch, tiles: Sequence[Tile], outs: Sequence[Array]) -> None:
        """Makes templates of some of the layouts of a batch."""
        first = 0
        for piece in batch.pieces[:_MOST_REMEMBERED]:
            program.remember(piece, tiles[first], outs[first])
            first += count_requests(piece)

    def _compute_tiles(
        self, program: WorkerProgram, batch: pb.Batch, tiles: Sequence[Tile], outs: Sequence[Array], done: pb.BatchDone
    ) -> list[GridgradError | None]:
        tiers = [piece.tier for piece in batch.pieces for _ in range(count_requests(piece))]
        computed = compute(program, tiles, outs, tiers, one_by_one=batch.cautious)
        if all(each == "compiled" for each in computed):
            self._remember(program, batch, tiles, outs)
        done.tiers.extend(each if isinstance(each, str) else "" for each in computed)
        self._send_states([batch.plan_id])
        return [None if isinstance(each, str) else each for each in computed]
