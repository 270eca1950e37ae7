"""The worker's loop: a batch comes, is computed into its slot, and is answered. One thread does it all."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence

from gridgrad.errors import GridgradError, InternalError, RequestError, TooLargeError
from gridgrad_worker.channel import Channel, Frame
from gridgrad_worker.devices import Device, is_lost, is_out_of_memory
from gridgrad_worker.functional import Array
from gridgrad_worker.pieces import Piece
from gridgrad_worker.plans import EngineName, Plan, Plans
from gridgrad_worker.registry import Registered
from gridgrad_worker.slots import Slots
from gridgrad_worker.v1 import worker_pb2 as pb

__all__ = ["Service", "ready"]

_log = logging.getLogger(__name__)


class Service:
    """Serves one server over one channel.

    Args:
        channel: to the server.
        device: computed on.
        registered: the functions that batches may name.
        engine: what computes expressions.
    """

    def __init__(
        self, channel: Channel, device: Device, registered: Mapping[str, Registered], engine: EngineName
    ) -> None:
        self._channel = channel
        self._slots = Slots()
        self._plans = Plans(device, registered, engine)

    def run(self) -> None:
        """Answers until the server closes its end."""
        while (frame := self._channel.receive()) is not None:
            self._channel.send(self._answer(frame).SerializeToString())

    def _answer(self, frame: Frame) -> pb.WorkerMessage:
        message = pb.ServerMessage.FromString(frame.message)
        if message.WhichOneof("kind") == "batch":
            return pb.WorkerMessage(done=self._computed(message.batch, frame.descriptors))
        self._slots.forget(message.ping.forget_slots)
        return pb.WorkerMessage(pong=pb.Pong())

    def _computed(self, batch: pb.Batch, descriptors: Sequence[int]) -> pb.BatchDone:
        start_at = time.perf_counter()
        done = pb.BatchDone(id=batch.id)
        failures = self._failures(batch, descriptors, done)
        done.compute_s = time.perf_counter() - start_at
        if any(failures):
            _log.info("batch %d: %d of %d entries failed", batch.id, sum(map(bool, failures)), len(failures))
            done.failures.extend([_told(failure) for failure in failures])
        return done

    def _failures(self, batch: pb.Batch, descriptors: Sequence[int], done: pb.BatchDone) -> list[GridgradError | None]:
        """Computes a batch, says what with, and returns what went wrong with each entry."""
        try:
            self._slots.admit(batch.slots, descriptors)
            plan = self._plans.of(batch)
            done.engine, done.tier = plan.engine.name, plan.engine.tier
            pieces = [piece for sent in batch.pieces for piece in plan.pieces(sent, self._slots)]
            outs = [out for sent in batch.pieces for out in plan.outs(sent, batch.slots[0].id, self._slots)]
        except Exception as error:  # noqa: BLE001 - a defect here must not end the worker
            failure = _understood(error, None)
            return [failure] * sum(max(1, piece.entries) for piece in batch.pieces)
        return compute(plan, pieces, outs, one_by_one=batch.cautious)


def compute(
    plan: Plan, pieces: Sequence[Piece], outs: Sequence[Array], *, one_by_one: bool
) -> list[GridgradError | None]:
    """Computes pieces, together unless told otherwise or that fails, and returns what went wrong with each.

    Raises:
        torch.AcceleratorError: the device is lost. The worker is to end, and the server to start another.
    """
    if len(pieces) > 1:
        if not one_by_one:
            try:
                plan.engine.compute(pieces, outs)
                return [None] * len(pieces)
            except Exception as error:  # noqa: BLE001 - whose fault it is shows when each is alone
                _log.debug("a batch of %d pieces failed: %s", len(pieces), error)
        alone = [compute(plan, [p], [o], one_by_one=True) for p, o in zip(pieces, outs, strict=True)]
        return [failure for each in alone for failure in each]
    try:
        plan.engine.compute(pieces, outs)
    except Exception as error:
        if is_lost(error):
            raise
        return [_understood(error, plan.registered)]
    return [None] * len(pieces)


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


def _told(failure: GridgradError | None) -> pb.PieceFailure:
    if failure is None:
        return pb.PieceFailure()
    reason = "request" if isinstance(failure, RequestError) else "internal"
    if isinstance(failure, TooLargeError):
        reason = "too_large"
    return pb.PieceFailure(reason=reason, field=failure.field, found=failure.found, remedy=failure.remedy)


def ready(device: Device, registered: Mapping[str, Registered]) -> pb.Ready:
    """The first message of a worker that serves."""
    return pb.Ready(device=device.name, functions=map(_signature, registered.values()))


def _signature(registered: Registered) -> pb.RegisteredFunction:
    return pb.RegisteredFunction(
        name=registered.name,
        doc=registered.doc,
        inputs=[pb.FunctionInput(name=i.name, default=i.default, unit=i.unit) for i in registered.inputs],
        components=registered.components,
        tuple_valued=registered.tuple_valued,
        mode=registered.mode,
        checked=registered.check,
    )
