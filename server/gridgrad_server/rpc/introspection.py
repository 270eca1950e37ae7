"""The calls that ask about the server or a function, or tell it to drain, and compute nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from gridgrad_core.errors import ForbiddenError, GridgradError
from gridgrad_core.system.logging import fields
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.version import __version__
from gridgrad_server.access.grants import GRANT, Grant
from gridgrad_server.access.quotas import Quotas
from gridgrad_server.arrays.named_arrays import HeldArrays
from gridgrad_server.config.settings import ServerSettings
from gridgrad_server.connections.ending import Context
from gridgrad_server.formulas.shared_formulas import SharedFormulas
from gridgrad_server.requests.client_id import caller_of
from gridgrad_server.requests.decode import decode
from gridgrad_server.requests.derivations import Derivations
from gridgrad_server.requests.function_key import FunctionKey
from gridgrad_server.rpc import introspection_responses
from gridgrad_server.rpc.errors import abort
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.scheduling.admission import Admission
from gridgrad_server.scheduling.tier_policy import TierPolicy
from gridgrad_server.workers.pool import WorkerPool

__all__ = ["IntrospectionCalls"]

log = logging.getLogger("gridgrad.server")


class IntrospectionCalls:
    """The handlers of ListFunctions, GetServerInfo, GetServerStatus, Prepare, Explain and Drain.

    Args:
        settings: of the server.
        intake: says whether calls are taken, and finds functions.
        derivations: has functions derived and explained.
        questions: the places of Prepare and Explain, which take none of those of grids.
        workers: say what they are and have.
        tiers: asks workers about functions.
        status: how the server is doing, as the caller may see it.
        drain: begins to drain, and returns how much is to be answered.
        quotas: say how many preparations one caller may have; None where that is not bounded.
        formulas: that have names.
    """

    def __init__(
        self,
        settings: ServerSettings,
        intake: Intake,
        derivations: Derivations,
        questions: Admission,
        workers: WorkerPool,
        tiers: TierPolicy,
        status: Callable[[Grant | None], pb.GetServerStatusResponse],
        drain: Callable[[], int],
        quotas: Quotas | None = None,
        formulas: SharedFormulas | None = None,
    ) -> None:
        self._settings = settings
        self._intake = intake
        self._derivations = derivations
        self._questions = questions
        self._workers = workers
        self._tiers = tiers
        self._status = status
        self._drain = drain
        self._quotas = quotas or None
        self._formulas = formulas or SharedFormulas()

    async def list_functions(self, raw: bytes, context: Context) -> bytes:
        """The registered functions, and formulas that have names."""
        try:
            decode(pb.ListFunctionsRequest, raw)
            return introspection_responses.functions(self._workers.ready, self._formulas.messages).SerializeToString()
        except GridgradError as error:
            await abort(context, error)

    async def server_info(self, raw: bytes, context: Context) -> bytes:
        """What the server is and accepts."""
        try:
            decode(pb.GetServerInfoRequest, raw)
            return introspection_responses.server(
                __version__, self._workers.devices, self._settings
            ).SerializeToString()
        except GridgradError as error:
            await abort(context, error)

    async def server_status(self, raw: bytes, context: Context) -> bytes:
        """How the server is doing."""
        try:
            decode(pb.GetServerStatusRequest, raw)
            return self._status(GRANT.get()).SerializeToString()
        except GridgradError as error:
            await abort(context, error)

    async def drain(self, raw: bytes, context: Context) -> bytes:
        """Has the server drain; the gate has looked whether the caller is an admin, where there are roles."""
        try:
            decode(pb.DrainRequest, raw)
            grant = GRANT.get()
            if grant is None:
                found = "this server asks nobody who they are, and so lets nobody end it by a call"
                raise ForbiddenError("", found, "send its process SIGTERM, or start it with --auth-tokens")
            log.info("told to drain", extra=fields(principal=grant.principal))
            return pb.DrainResponse(entries=self._drain()).SerializeToString()
        except GridgradError as error:
            await abort(context, error)

    async def prepare(self, raw: bytes, context: Context) -> bytes:
        """Has an expression compiled, and answers when it is or never will be."""
        arrived_at = time.monotonic()
        try:
            self._count_preparation(context)
            function, held = await self._function(decode(pb.PrepareRequest, raw).plan, len(raw), context)
            await self._derivations.complete(function, caller_of(context))
            state = await self._tiers.prepare(function, self._intake.check_open)
        except GridgradError as error:
            await abort(context, error)
        answer = introspection_responses.prepared(function, state, time.monotonic() - arrived_at)
        answer.keeps_arrays = self._intake.keeps(held, caller_of(context))
        return answer.SerializeToString()

    def _count_preparation(self, context: Context) -> None:
        if self._quotas:
            done = self._quotas.account(caller_of(context)).prepare()
            context.add_done_callback(lambda _: done())  # type: ignore[arg-type] # it gets the context

    async def explain(self, raw: bytes, context: Context) -> bytes:
        """How an expression is computed."""
        try:
            function, _held = await self._function(decode(pb.ExplainRequest, raw).plan, len(raw), context)
            explanation = await self._derivations.explanation(function, caller_of(context))
            if explanation is None:
                explanation = await self._tiers.explain(function, self._intake.check_open)
            state = self._tiers.state(function)
            return introspection_responses.explained(function, explanation, state).SerializeToString()
        except GridgradError as error:
            await abort(context, error)

    async def _function(self, message: pb.Plan, size: int, context: Context) -> tuple[FunctionKey, HeldArrays]:
        self._intake.check_open()
        caller = caller_of(context)
        permit = self._questions.take(size, caller)
        context.add_done_callback(lambda _: permit.give_back())  # type: ignore[arg-type] # it gets the context
        return await self._intake.expression(message, caller)
