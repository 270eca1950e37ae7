"""What `gridgrad.aio.Client` has for more than one message: streams of many grids, and grids in windows."""

from __future__ import annotations

import asyncio
import math
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from typing import Any, Literal, overload

from gridgrad.aio.stream import Stream, requests_like
from gridgrad.arguments.coefficients import Coefficients
from gridgrad.arguments.derivatives import DerivativeLike
from gridgrad.arguments.inputs import Inputs
from gridgrad.progress import GridsProgress, Progress, counted_async, grids_of
from gridgrad.protocol import error_mapping as failures
from gridgrad.protocol.assemble import read_message
from gridgrad.protocol.grid_windows import GridWindows, points_of
from gridgrad.protocol.in_flight import Flight
from gridgrad.protocol.options import DEFAULT_IN_FLIGHT, ConnectionSettings
from gridgrad.protocol.retry import Attempts
from gridgrad.protocol.routing import Routes
from gridgrad.requests.prepare import PreparedCall, prepare
from gridgrad.requests.request import FunctionLike, Request, Tier
from gridgrad.results.result import Result
from gridgrad_core.errors import GridgradError

__all__ = ["ManyGrids"]


class ManyGrids(ABC):
    """The part of a client that streams.

    Attributes:
        _settings: where it connects to, and how.
        _routes: what it knows about the sizes of results.
    """

    _settings: ConnectionSettings
    _routes: Routes

    @abstractmethod
    def _attempts(self, timeout: float | None, retries: int | None = None) -> Attempts:
        """The attempts at a call that begins."""

    @abstractmethod
    def _open_stream(self, messages: AsyncIterator[bytes], timeout_s: float | None) -> Any:
        """Calls the streaming method with these messages."""

    @abstractmethod
    def _open_whole(self, call: PreparedCall, timeout_s: float | None) -> Any:
        """Calls the streaming method for one grid."""

    @overload
    def stream(
        self,
        requests: Iterable[Request] | AsyncIterable[Request],
        *,
        in_flight: int = ...,
        errors: Literal["raise"] = ...,
        timeout: float | None = ...,
        progress: bool | GridsProgress | None = ...,
    ) -> AsyncIterator[Result]: ...

    @overload
    def stream(
        self,
        requests: Iterable[Request] | AsyncIterable[Request],
        *,
        in_flight: int = ...,
        errors: Literal["raise", "return"],
        timeout: float | None = ...,
        progress: bool | GridsProgress | None = ...,
    ) -> AsyncIterator[Result | GridgradError]: ...

    def stream(
        self,
        requests: Iterable[Request] | AsyncIterable[Request],
        *,
        in_flight: int = DEFAULT_IN_FLIGHT,
        errors: Literal["raise", "return"] = "raise",
        timeout: float | None = None,
        progress: bool | GridsProgress | None = None,
    ) -> AsyncIterator[Result | GridgradError]:
        """Computes many grids on one stream and yields them as they complete; see `gridgrad.Client.stream`.

        `requests` may be an asynchronous iterable too. It is read by a task of its own, at most `in_flight`
        ahead of the results. An iterator that is not read to its end is closed by `aclose`.
        """
        outcomes = self._streamed(requests, in_flight, errors, timeout, in_order=False)
        return counted_async(outcomes, progress, "grids", grids_of(requests))

    @overload
    def map(
        self,
        function: FunctionLike,
        many_inputs: Iterable[Inputs] | AsyncIterable[Inputs],
        *,
        wrt: str | Iterable[str] | None = ...,
        order: int | None = ...,
        derivatives: Iterable[DerivativeLike] | None = ...,
        dtype: Any = ...,
        coefficients: Coefficients | None = ...,
        tier: Tier = ...,
        in_flight: int = ...,
        errors: Literal["raise"] = ...,
        timeout: float | None = ...,
        progress: bool | GridsProgress | None = ...,
    ) -> AsyncIterator[Result]: ...

    @overload
    def map(
        self,
        function: FunctionLike,
        many_inputs: Iterable[Inputs] | AsyncIterable[Inputs],
        *,
        wrt: str | Iterable[str] | None = ...,
        order: int | None = ...,
        derivatives: Iterable[DerivativeLike] | None = ...,
        dtype: Any = ...,
        coefficients: Coefficients | None = ...,
        tier: Tier = ...,
        in_flight: int = ...,
        errors: Literal["raise", "return"],
        timeout: float | None = ...,
        progress: bool | GridsProgress | None = ...,
    ) -> AsyncIterator[Result | GridgradError]: ...

    def map(
        self,
        function: FunctionLike,
        many_inputs: Iterable[Inputs] | AsyncIterable[Inputs],
        *,
        wrt: str | Iterable[str] | None = None,
        order: int | None = None,
        derivatives: Iterable[DerivativeLike] | None = None,
        dtype: Any = None,
        coefficients: Coefficients | None = None,
        tier: Tier = "auto",
        in_flight: int = DEFAULT_IN_FLIGHT,
        errors: Literal["raise", "return"] = "raise",
        timeout: float | None = None,
        progress: bool | GridsProgress | None = None,
    ) -> AsyncIterator[Result | GridgradError]:
        """Computes one function on many inputs and yields the results in their order; see `gridgrad.Client.map`.

        `many_inputs` may be an asynchronous iterable too. It is read by a task of its own, at most `in_flight`
        ahead of the results. An iterator that is not read to its end is closed by `aclose`.
        """
        like = Request(function, {}, wrt, order, derivatives, dtype, coefficients=coefficients, tier=tier)
        outcomes = self._streamed(requests_like(like, many_inputs), in_flight, errors, timeout, in_order=True)
        return counted_async(outcomes, progress, "grids", grids_of(many_inputs))

    def _streamed(
        self,
        requests: Iterable[Request] | AsyncIterable[Request],
        in_flight: int,
        errors: str,
        timeout: float | None,
        *,
        in_order: bool,
    ) -> AsyncGenerator[Result | GridgradError]:
        flight = Flight(in_flight, errors, in_order, self._routes, self._settings)
        attempts = self._attempts(math.inf if timeout is None else timeout)
        return Stream(self._open_stream, requests, flight, attempts).outcomes()

    def windows(
        self,
        function: FunctionLike,
        inputs: Inputs,
        *,
        wrt: str | Iterable[str] | None = None,
        order: int | None = None,
        derivatives: Iterable[DerivativeLike] | None = None,
        dtype: Any = None,
        coefficients: Coefficients | None = None,
        tier: Tier = "auto",
        points: int | None = None,
        timeout: float | None = None,
        progress: bool | Progress | None = None,
    ) -> AsyncIterator[Result]:
        """Computes a grid of any size and yields windows of it as they are complete; see `gridgrad.Client.windows`."""
        call = prepare(Request(function, inputs, wrt, order, derivatives, dtype, coefficients=coefficients, tier=tier))
        attempts = self._attempts(math.inf if timeout is None else timeout)
        windows = self._windows(call, GridWindows(call, points), attempts)
        return counted_async(windows, progress, "points", call.template.grid.points, points_of)

    async def _windows(self, call: PreparedCall, windows: GridWindows, attempts: Attempts) -> AsyncGenerator[Result]:
        while True:
            answers = self._open_whole(call, attempts.left_s())
            try:
                async for raw in answers:
                    for window in windows.feed(read_message(raw)):
                        attempts.progressed()
                        yield window
                if windows.complete:
                    return
                raise failures.StreamEnded
            except failures.FOREIGN as raised:
                failure = failures.of(raised, self._settings.target, attempts.timeout_s)
            finally:
                answers.cancel()
            await asyncio.sleep(attempts.wait_s(failure))
            windows.restart()
