"""The programs of a worker by the ids that the server gives them, those that can't be computed included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gridgrad_core.errors import GridgradError, InternalError
from gridgrad_core.worker_v1 import worker_pb2 as pb
from gridgrad_worker.devices.device import Device
from gridgrad_worker.engines.compiled.tier import Tier, TierState
from gridgrad_worker.make_program import EngineName, make_program
from gridgrad_worker.registered.registration import Registration
from gridgrad_worker.table_store import TableStore
from gridgrad_worker.worker_program import WorkerProgram

__all__ = ["ProgramTable"]


class ProgramTable:
    """The programs of this worker.

    Args:
        device: they compute on.
        registered: the functions that they may name.
        engine: what computes expressions.
        tier: the compiled tier; None where nothing is to be compiled.
    """

    def __init__(
        self,
        device: Device,
        registered: Mapping[str, Registration],
        engine: EngineName,
        tier: Tier | None = None,
    ) -> None:
        self._device = device
        self._engine = engine
        self._registered = registered
        self._tier = tier
        self._tables = TableStore()
        self._programs: dict[int, WorkerProgram | GridgradError] = {}
        self._reported: dict[int, TierState] = {}

    def __len__(self) -> int:
        return len(self._programs)

    @property
    def ids(self) -> list[int]:
        """Of all programs."""
        return list(self._programs)

    def of(self, asked: pb.Batch | pb.PlanRequest) -> WorkerProgram:
        """The program that a message is about. Drops those that it names as forgotten.

        Raises:
            GridgradError: it can't be computed: what is wrong with its function or inputs.
        """
        for forgotten in asked.forget_plans:
            self._drop(forgotten)
        if asked.HasField("plan"):
            self._programs[asked.plan_id] = self._made(asked.plan)
        program = self._programs.get(asked.plan_id)
        if program is None:
            raise InternalError("plan_id", f"plan {asked.plan_id}, which was never sent", "please report it")
        if isinstance(program, GridgradError):
            raise program
        return program

    def prepare(self, asked: pb.PlanRequest) -> None:
        """Has compiled code made for a program; its state is told again even if it stays what it was.

        Raises:
            GridgradError: it can't be computed.
        """
        program = self.of(asked)
        self._reported.pop(asked.plan_id, None)
        program.prepare()

    def changed_states(self, ids: Iterable[int]) -> Iterator[pb.PlanState]:
        """The states of those of some programs that have changed since they were asked for last."""
        for number in ids:
            program = self._programs.get(number)
            if program is None:
                continue
            state, engine = _state_of(program)
            if self._reported.get(number) != state:
                self._reported[number] = state
                yield pb.PlanState(plan_id=number, compiled=state.compiled, why=state.why, engine=engine)

    def _drop(self, number: int) -> None:
        program = self._programs.pop(number, None)
        self._reported.pop(number, None)
        if isinstance(program, WorkerProgram):
            program.close()

    def _made(self, message: pb.Plan) -> WorkerProgram | GridgradError:
        try:
            return make_program(message, self._device, self._registered, self._engine, self._tier, self._tables)
        except GridgradError as error:
            return error.with_traceback(None)


def _state_of(program: WorkerProgram | GridgradError) -> tuple[TierState, str]:
    """Whether a program is compiled, and the name of its engine."""
    if isinstance(program, WorkerProgram):
        return program.state, program.engine.name
    return TierState("never", str(program)), ""
