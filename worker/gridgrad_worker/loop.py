"""The worker's loop: a batch comes, is computed into its slot, and is answered. One thread does it all.

While something is compiled for it, the loop looks after that between messages, and now and then when none comes.
What has changed by it is told before the answer to the message at hand.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Mapping, Sequence

from gridgrad_core.errors import GridgradError, InternalError, NotPreparedError, RequestError, TooLargeError
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.device import Device, is_lost, is_out_of_memory
from gridgrad_worker.devices.slots import MappedSlots
from gridgrad_worker.engines.compiled.runtime.repeated_batches import BatchTemplates, keeps_all
from gridgrad_worker.engines.compiled.tier import Tier
from gridgrad_worker.engines.functional.functional_engine import Array
from gridgrad_worker.engines.tiles import Tile
from gridgrad_worker.piece_messages import entries_of
from gridgrad_worker.registered.registry import Registration
from gridgrad_worker.runtime.channel import Channel, Frame
from gridgrad_worker.worker_program import EngineName, WorkerProgram, WorkerPrograms

__all__ = ["WorkerLoop", "ready"]

_log = logging.getLogger(__name__)

_POLL_S = 0.05


class WorkerLoop:
    """Serves one server over one channel.

    Args:
        channel: to the server.
        device: computed on.
        registered: the functions that batches may name.
        engine: what computes expressions.
        tier: the compiled tier; None where nothing is to be compiled.
    """

    def __init__(
        self,
        channel: Channel,
        device: Device,
        registered: Mapping[str, Registration],
        engine: EngineName,
        tier: Tier | None = None,
    ) -> None:
        self._channel = channel
        self._slots = MappedSlots(device)
        self._tier = tier
        self._plans = WorkerPrograms(device, registered, engine, tier)
        self._repeats = BatchTemplates()

    def run(self) -> None:
        """Answers until the server closes its end."""
        while (frame := self._next()) is not None:
            answer = self._answer(frame)
            self._poll_tier()
            if answer:
                self._channel.send(answer)

    def _next(self) -> Frame | None:
        """The next message that needs more than an answer as before."""
        if not self._is_compiling:
            self._repeats.serve(self._channel.descriptor)
        while self._is_compiling and not self._channel.wait(_POLL_S):
            self._poll_tier()
        return self._channel.receive()

    @property
    def _is_compiling(self) -> bool:
        return self._tier is not None and self._tier.is_busy

    def _poll_tier(self) -> None:
        """Looks after what is compiled, and tells the server which plans have compiled code now."""
        if self._tier is not None and self._tier.is_busy:
            self._tier.poll()
            self._tell(self._plans.numbers)

    def _tell(self, plans: Sequence[int]) -> None:
        for state in self._plans.news(plans):
            self._channel.send(pb.WorkerMessage(state=state).SerializeToString())

    def _answer(self, frame: Frame) -> bytes:
        """The answer to a message; empty where it has none."""
        message = pb.ServerMessage.FromString(frame.message)
        answer = self._done(message, frame)
        if not keeps_all(message):
            self._repeats.forget()
        return answer.SerializeToString() if answer else b""

    def _done(self, message: pb.ServerMessage, frame: Frame) -> pb.WorkerMessage | None:
        match message.WhichOneof("kind"):
            case "batch":
                return pb.WorkerMessage(done=self._computed(message.batch, frame))
            case "prepare":
                self._prepare(message.prepare)
                return None
            case "explain":
                return pb.WorkerMessage(explanation=self._explained(message.explain))
            case _:
                self._slots.forget(message.ping.forget_slots)
                return pb.WorkerMessage(pong=pb.Pong(question=message.ping.question))

    def _prepare(self, request: pb.PlanRequest) -> None:
        with contextlib.suppress(GridgradError):  # why the plan is none is in its state
            self._plans.of(request).prepare()
        self._tell([request.plan_id])

    def _explained(self, request: pb.PlanRequest) -> pb.Explanation:
        try:
            explanation = self._plans.of(request).explained()
        except Exception as error:  # noqa: BLE001 - a defect here must not end the worker
            explanation = pb.Explanation(failure=_failure(_understood(error, None)))
        self._tell([request.plan_id])
        explanation.plan_id = request.plan_id
        return explanation

    def _computed(self, batch: pb.Batch, frame: Frame) -> pb.BatchDone:
        start_at = time.perf_counter()
        done = pb.BatchDone()
        failures = self._failures(batch, frame, done)
        done.id, done.compute_s = batch.id, time.perf_counter() - start_at
        if any(failures):
            _log.info("batch %d: %d of %d entries failed", batch.id, sum(map(bool, failures)), len(failures))
            done.failures.extend([_failure(failure) for failure in failures])
        return done

    def _failures(self, batch: pb.Batch, frame: Frame, done: pb.BatchDone) -> list[GridgradError | None]:
        """Computes a batch, says what with, and returns what went wrong with each entry."""
        try:
            self._slots.admit(batch.slots, frame.descriptors)
            plan = self._plans.of(batch)
            done.engine = plan.engine.name
            call = plan.recall(batch.pieces[0], batch.slots[0].id, self._slots) if len(batch.pieces) == 1 else None
            if call is not None and call():
                done.tiers.append("compiled")
                self._repeats.learn(frame.message, batch.id, call, done)
                return [None]
            pieces = [piece for sent in batch.pieces for piece in plan.pieces(sent, self._slots)]
            self._slots.pin(batch.slots[0].id)
            outs = [out for sent in batch.pieces for out in plan.outs(sent, batch.slots[0].id, self._slots)]
        except Exception as error:
            if is_lost(error):
                raise
            failure = _understood(error, None)
            return [failure] * sum(map(entries_of, batch.pieces))
        wishes = [piece.tier for piece in batch.pieces for _ in range(entries_of(piece))]
        computed = compute(plan, pieces, outs, wishes, one_by_one=batch.cautious)
        if computed == ["compiled"]:
            plan.remember(batch.pieces[0], pieces[0], outs[0])
        done.tiers.extend(each if isinstance(each, str) else "" for each in computed)
        self._tell([batch.plan_id])
        return [None if isinstance(each, str) else each for each in computed]


def compute(
    plan: WorkerProgram, pieces: Sequence[Tile], outs: Sequence[Array], tiers: Sequence[str], *, one_by_one: bool
) -> list[str | GridgradError]:
    """Computes pieces, together unless told otherwise or that fails.

    Returns:
        For each piece the tier that it was computed in, or what went wrong with it.

    Raises:
        torch.AcceleratorError: the device is lost. The worker is to end, and the server to start another.
    """
    if len(pieces) > 1:
        if not one_by_one:
            try:
                return [*plan.compute(pieces, outs, tiers)]
            except Exception as error:
                if is_lost(error):
                    raise
                _log.debug("a batch of %d pieces failed: %s", len(pieces), error)
        each = zip(pieces, outs, tiers, strict=True)
        return [compute(plan, [p], [o], [t], one_by_one=True)[0] for p, o, t in each]
    try:
        return [*plan.compute(pieces, outs, tiers)]
    except Exception as error:
        if is_lost(error):
            raise
        return [_understood(error, plan.registered)] * len(pieces)


def _understood(error: Exception, registered: str | None) -> GridgradError:
    """The error to tell the caller of a piece."""
    if isinstance(error, GridgradError):
        return error
    if is_out_of_memory(error):
        return TooLargeError(
            "inputs", f"out of memory: {error}", "ask for a smaller grid or fewer derivatives at a time"
        )
    found = f"{type(error).__name__}: {error}"
    if registered is not None:
        remedy = "the server's log has the traceback; the function's author can say what it accepts"
        _log.warning("the registered function %r failed", registered, exc_info=error)
        return RequestError("function.registered", f"{registered!r} raised {found}", remedy)
    _log.error("a piece failed", exc_info=error)
    return InternalError("", found, "please report it, with the request that caused it")


def _failure(failure: GridgradError | None) -> pb.PieceFailure:
    if failure is None:
        return pb.PieceFailure()
    reason = "request" if isinstance(failure, RequestError) else "internal"
    if isinstance(failure, TooLargeError):
        reason = "too_large"
    elif isinstance(failure, NotPreparedError):
        reason = "not_prepared"
    return pb.PieceFailure(reason=reason, field=failure.field, found=failure.found, remedy=failure.remedy)


def ready(device: Device, registered: Mapping[str, Registration]) -> pb.Ready:
    """The first message of a worker that serves."""
    return pb.Ready(device=device.name, functions=map(_signature, registered.values()))


def _signature(registered: Registration) -> pb.RegisteredFunction:
    return pb.RegisteredFunction(
        name=registered.name,
        doc=registered.doc,
        inputs=[pb.FunctionInput(name=i.name, default=i.default, unit=i.unit) for i in registered.inputs],
        components=registered.components,
        tuple_valued=registered.tuple_valued,
        mode=registered.mode,
        checked=registered.check,
    )
