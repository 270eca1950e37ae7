"""The unary call GridGradient: one request, answered in one message."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from gridgrad_core.errors import GridgradError
from gridgrad_server.connections.ending import Context
from gridgrad_server.memory.slots import Slot
from gridgrad_server.requests.client_id import caller_of
from gridgrad_server.requests.tiles import GridTile
from gridgrad_server.rpc.encode import unary_header
from gridgrad_server.rpc.errors import abort
from gridgrad_server.rpc.intake import Intake
from gridgrad_server.rpc.limits import RequestLimits
from gridgrad_server.scheduling.observer import OK, Observers, code_of, given_up
from gridgrad_server.scheduling.request import Failures, GridRequest, ResultSink

__all__ = ["PendingResponse", "UnaryCalls", "UnaryResult"]

T = TypeVar("T")


class PendingResponse(Protocol):
    """What becomes of a call answered in one message; a future is one."""

    def done(self) -> bool:
        """Whether it has an answer, or needs none."""

    def set_result(self, result: bytes, /) -> None:
        """Takes the serialized GridGradientResponse."""

    def set_exception(self, exception: GridgradError, /) -> None:
        """Takes the error."""


class UnaryResult:
    """The sink of a call answered in one message.

    Args:
        response: set to the serialized GridGradientResponse, or to the error.
    """

    def __init__(self, response: PendingResponse) -> None:
        self._response = response
        self._parts: list[tuple[GridTile, bytes]] = []

    def take_tile(
        self,
        request: GridRequest,
        tile: GridTile,
        result: memoryview,
        failures: Failures,  # noqa: ARG002 - a ResultSink takes it
        slot: Slot | None,  # noqa: ARG002 - a ResultSink takes it
    ) -> None:
        """Takes the result of a tile."""
        request.progress.sent()  # the whole is small, so that no tile waits for another to leave
        if self._response.done():
            return
        if not request.progress.is_split:
            self._response.set_result(b"".join((unary_header(request, len(result)), result)))
            return
        self._parts.append((tile, bytes(result)))
        if request.progress.all_computed:
            planes = b"".join(self._by_plane(request))
            self._response.set_result(unary_header(request, len(planes)) + planes)

    def _by_plane(self, request: GridRequest) -> Iterator[memoryview]:
        self._parts.sort(key=lambda part: part[0].first_point)
        function = request.template.function
        for plane in range(function.planes):
            for tile, result in self._parts:
                size = tile.points * function.itemsize
                yield memoryview(result)[plane * size : (plane + 1) * size]

    def failed(self, request: GridRequest, error: GridgradError) -> None:  # noqa: ARG002 - a ResultSink takes it
        """Takes the error that ends the request."""
        if not self._response.done():
            self._response.set_exception(error)


class UnaryCalls:
    """The handler of GridGradient.

    Args:
        intake: makes requests of calls.
        limits: of a request.
        observers: are told of answers.
        via: how the calls come, as observers are told.
    """

    def __init__(self, intake: Intake, limits: RequestLimits, observers: Observers, via: str = "unary") -> None:
        self._intake = intake
        self._limits = limits
        self._observers = observers
        self._via = via

    async def serve(self, raw: bytes, context: Context) -> bytes:
        """Answers a call."""
        return await self.answer(raw, context, UnaryResult, self._limits.check_unary)

    async def answer(
        self,
        raw: bytes,
        context: Context,
        sink: Callable[[asyncio.Future[T]], ResultSink],
        check: Callable[[GridRequest], None],
    ) -> T:
        """Answers a call with what a sink makes of its result.

        Args:
            raw: a serialized GridGradientRequest.
            context: of the call.
            sink: takes the results, and sets the future to the answer.
            check: refuses requests for what the answer has no room for.
        """
        code: int | None = None
        try:
            response = await self._computed(raw, context, sink, check)
            code = OK
        except GridgradError as error:
            code = code_of(error)
            await abort(context, error)
        finally:
            if self._observers:
                self._observers.answered(self._via, given_up(context.time_remaining()) if code is None else code)
        return response

    async def _computed(
        self,
        raw: bytes,
        context: Context,
        sink: Callable[[asyncio.Future[T]], ResultSink],
        check: Callable[[GridRequest], None],
    ) -> T:
        caller = caller_of(context)
        permit = self._intake.admit(len(raw), caller)
        request: GridRequest | None = None

        def ended(_: Context) -> None:
            permit.give_back()
            if request and not request.ended:
                self._intake.cancel(request)

        context.add_done_callback(ended)  # type: ignore[arg-type] # it gets the context
        remaining_s = context.time_remaining()
        deadline_at = None if remaining_s is None else time.monotonic() + remaining_s
        response: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        call = raw, sink(response), caller, deadline_at
        request = self._intake.known_request(*call) or await self._intake.read_request(*call)
        check(request)
        self._intake.charge(request)
        permit.grow(request.held_bytes + request.named_bytes)
        self._intake.submit(request)
        return await response
