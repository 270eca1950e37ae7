"""Intake: what stands between the RPC handlers and the schedulers. Checks and admits requests, and hands them on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gridgrad_core.errors import (
    ForgottenArrayError,
    ForgottenNumberError,
    RequestError,
    StartingError,
    TooLargeError,
    UnavailableError,
)
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_server.access.quotas import Quotas
from gridgrad_server.arrays.array_store import ArrayStore
from gridgrad_server.arrays.named_arrays import NO_ARRAYS, HeldArrays, NamedArrays
from gridgrad_server.formulas.shared_formulas import SharedFormulas
from gridgrad_server.requests.decode import decode, read, read_plan, read_several
from gridgrad_server.requests.decoded import DecodedRequest
from gridgrad_server.requests.derivations import Derivations
from gridgrad_server.requests.function_key import FunctionKey, FunctionKeys
from gridgrad_server.requests.request_cache import RequestCache, ServerTemplate
from gridgrad_server.rpc.limits import RequestLimits
from gridgrad_server.scheduling.admission import Admission, Permit
from gridgrad_server.scheduling.observer import Observers
from gridgrad_server.scheduling.request import GridRequest, ResultSink
from gridgrad_server.segments.request_templates import template_of
from gridgrad_server.segments.segment_states import SegmentStates
from gridgrad_server.workers.aside import Lanes
from gridgrad_server.workers.pool import WorkerPool

__all__ = ["Intake"]


class Intake:
    """Makes a `GridRequest` of what a caller sends, and has it computed.

    Args:
        functions: the keys of functions.
        derivations: has them derived.
        request_cache: the templates that requests name by number.
        limits: of a request.
        admission: counts what is held.
        workers: compute the requests.
        lanes: have them computed.
        observers: are told of requests.
        quotas: say what one caller may cost; None where that is not bounded.
        arrays: finds those that requests name.
        formulas: that requests may name.

    Attributes:
        draining: whether nothing new is accepted.
    """

    def __init__(
        self,
        functions: FunctionKeys,
        derivations: Derivations,
        request_cache: RequestCache,
        limits: RequestLimits,
        admission: Admission,
        workers: WorkerPool,
        lanes: Lanes,
        observers: Observers,
        quotas: Quotas | None = None,
        arrays: NamedArrays | None = None,
        formulas: SharedFormulas | None = None,
    ) -> None:
        self._functions = functions
        self._derivations = derivations
        self._request_cache = request_cache
        self._limits = limits
        self._admission = admission
        self._workers = workers
        self._lanes = lanes
        self._observers = observers
        self._quotas = quotas or None
        self._arrays = arrays or NamedArrays(ArrayStore(0))
        self._formulas = formulas or SharedFormulas()
        self.draining = False

    def check_open(self) -> None:
        """Refuses what comes while the server can't compute.

        Raises:
            UnavailableError: it drains, or has no worker.
        """
        if self.draining:
            raise UnavailableError(
                "", "the server is shutting down", "send it again, to another server if there is one"
            )
        if self._workers.ready is None:
            raise StartingError("", "the server is starting, and no worker is warm yet", "retry in a few seconds")
        if self._workers.hopeless:
            raise UnavailableError("", "no worker can be started", "see the server's log")

    def admit(self, held_bytes: int, caller: str) -> Permit:
        """A permit for a caller to hold a request and so many bytes.

        Raises:
            BusyError: the server is full, or the caller holds as much as is left for others.
            TooLargeError: it could never hold that many bytes.
            UnavailableError: it can't compute now.
        """
        self.check_open()
        return self._admission.take(held_bytes, caller)

    async def admit_streamed(self, held_bytes: int, caller: str) -> Permit:
        """The same for a request of a stream, which waits until there is room.

        Raises:
            TooLargeError: the server could never hold that many bytes.
            UnavailableError: it can't compute now.
        """
        await self._admission.room(held_bytes, caller)
        return self.admit(held_bytes, caller)

    def charge(self, request: GridRequest) -> None:
        """Charges the caller of a request with its cost.

        Raises:
            BusyError: earlier ones have cost more than his rate allows until now.
        """
        if self._quotas:
            self._quotas.account(request.caller).spend(request.cost)

    async def charge_streamed(self, request: GridRequest) -> None:
        """The same for a request of a stream, which waits until the rate allows it."""
        if self._quotas:
            while wait_s := self._quotas.account(request.caller).debt_s():
                await asyncio.sleep(wait_s)
            self._quotas.account(request.caller).spend(request.cost)

    async def read_request(self, raw: bytes, sink: ResultSink, caller: str, deadline_at: float | None) -> GridRequest:
        """Decodes and checks a serialized request, and keeps its template if it asks for that; it is not yet queued.

        Raises:
            RequestError: something in it is wrong, or over a limit.
        """
        message = decode(pb.GridGradientRequest, raw)
        if message.bound:
            template, numbers = self._request_cache.take(message, caller)
            await self._complete(template.met_first, caller)
            return self._arrived(template, numbers, sink, caller, deadline_at, self._held(template, caller))
        decoded = read(message, arrays=await self._arrays.take(message, caller))
        loads, given = self._formulas.loads, len(decoded.inputs)
        decoded, template = await self._resolved(decoded, caller)
        request = self._arrived(template, decoded.numbers, sink, caller, deadline_at, decoded.arrays)
        is_current = loads == self._formulas.loads
        if message.bind and is_current and self._arrays.are_kept(decoded.arrays.digests, caller):
            defaults = [each.spec.name for each in decoded.inputs[given:]]
            self._request_cache.give_number(request.template, decoded.inputs, (*message.fixed, *defaults), caller)
        return request

    async def read_several(self, message: pb.StreamGridGradientsRequest, caller: str) -> DecodedRequest:
        """Checks what comes on a stream, and finds the arrays that it names.

        Raises:
            RequestError: something in it is wrong.
        """
        return read_several(message, await self._arrays.take(message.request, caller))

    def known_request(self, raw: bytes, sink: ResultSink, caller: str, deadline_at: float | None) -> GridRequest | None:
        """The same, at once, for one that names the template of a request read before; None for any other.

        Raises:
            ForgottenNumberError: there is no such template, or an array of it is not kept any more.
        """
        known = self._request_cache.find(raw, caller)
        if known is None or not self._derivations.is_complete(known[0].met_first):
            return None
        return self._arrived(*known, sink, caller, deadline_at, self._held(known[0], caller))

    def varying(self, raw: bytes, caller: str) -> tuple[int, list[int]] | None:
        """The number that a serialized request names, and which arrays it brings numbers of; None for any other.

        Raises:
            ForgottenNumberError: there is no such template.
        """
        return self._request_cache.varying(raw, caller)

    def _held(self, template: ServerTemplate, caller: str) -> HeldArrays:
        """The arrays of a template that a caller names by its number.

        Raises:
            ForgottenNumberError: one is not kept any more, so that the number stands for nothing.
        """
        try:
            return self._arrays.hold(template.arrays, caller) if template.arrays else NO_ARRAYS
        except ForgottenArrayError as error:
            raise ForgottenNumberError("bound", error.found, "send the whole request") from None

    async def request(
        self, decoded: DecodedRequest, sink: ResultSink, caller: str, deadline_at: float | None
    ) -> GridRequest:
        """Checks a decoded request against its function and the limits; it is not yet queued.

        Raises:
            RequestError: something in it is wrong, or over a limit.
        """
        decoded, template = await self._resolved(decoded, caller)
        return self._arrived(template, decoded.numbers, sink, caller, deadline_at, decoded.arrays)

    async def _resolved(self, decoded: DecodedRequest, caller: str) -> tuple[DecodedRequest, ServerTemplate]:
        """A request with the text in place of a name that stands for one, and its template.

        What is too long as an expression torch computes, if it is a registered function.
        """
        resolved = self._formulas.in_place(decoded)
        try:
            return resolved, await self._template(resolved, caller)
        except TooLargeError:
            if resolved is decoded or decoded.function.text not in self._formulas.traced:
                raise
            return decoded, await self._template(decoded, caller)

    async def _template(self, decoded: DecodedRequest, caller: str) -> ServerTemplate:
        self._limits.check_cost(decoded, 1)
        function = await self._functions.get(decoded.function, caller)
        self._limits.check_cost(decoded, function.planes)
        self._limits.check_tier(decoded.tier, decoded.function.kind)
        keeps_arrays = self.keeps(decoded.arrays, caller)
        template = template_of(decoded, function, self._functions, caller, self._limits.tile_cost, keeps_arrays)
        await self._complete(template.met_first, caller)
        return template

    async def _complete(self, function: FunctionKey, caller: str) -> None:
        """Has a function derived for a request, unless it is."""
        if not self._derivations.is_complete(function):
            self._lanes.expect(function, caller)
        await self._derivations.complete(function, caller)

    def keeps(self, arrays: HeldArrays, caller: str) -> bool:
        """Whether all arrays are kept whose SHA-256 a caller has said, if he has said any."""
        return arrays.are_named and self._arrays.are_kept(arrays.digests, caller)

    def _arrived(
        self,
        template: ServerTemplate,
        numbers: Sequence[bytes],
        sink: ResultSink,
        caller: str,
        deadline_at: float | None,
        arrays: HeldArrays,
    ) -> GridRequest:
        limits, template.met_first.caller = self._limits, caller
        cut = limits.tile_cost, limits.window, arrays
        request = GridRequest(template, numbers, sink, caller, deadline_at, *cut)
        if template.segments:
            template.function.caller, states = caller, SegmentStates(request, self.submit)
            request.segments = GridRequest(template.segments, numbers, states, caller, deadline_at, *cut)
        if self._observers:
            self._observers.arrived(request)
        return request

    async def expression(self, message: pb.Plan, caller: str) -> tuple[FunctionKey, HeldArrays]:
        """The key of an expression that an introspection call of a caller is about, and arrays to hold meanwhile.

        Raises:
            RequestError: something in it is wrong, or it is a registered function.
        """
        arrays = await self._arrays.take(message, caller)
        spelled = self._formulas.text_in_place(read_plan(message, arrays))
        if spelled.kind == "registered":
            found = f"{spelled.text!r}, a registered function, {self._functions.why_functional(spelled)}"
            raise RequestError(
                "function.registered", found, "give an expression; functions() describes registered ones"
            )
        function = await self._functions.get(spelled, caller)
        function.caller = caller
        return function, arrays

    def cut_by_throughput(self, request: GridRequest, most_bytes: int | None = None) -> None:
        """Cuts a request into larger tiles, if they are computed quickly and nobody small waits for them.

        Args:
            request: untouched as yet.
            most_bytes: of a tile; by default as many as a stream may hold of, a small part of what all may.
        """
        if request.progress.is_split and request.template.layout.grids == 1:
            tile_cost = self._limits.tile_cost_of(request, most_bytes)
            if tile_cost > self._limits.tile_cost and not self._lanes.is_shared:
                request.progress.cut(tile_cost)

    def submit(self, request: GridRequest) -> None:
        """Queues a request, new or with room for more of its tiles."""
        if request.segments and request.segments.is_untouched:
            self.cut_by_throughput(request.segments)
        self._lanes.submit(request.segments or request)

    def cancel(self, request: GridRequest) -> None:
        """Forgets a request: its caller is gone, or has its answer."""
        if request.segments:
            self._lanes.cancel(request.segments)
        self._lanes.cancel(request)
