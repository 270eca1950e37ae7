"""What `Client` has for many grids: streams of them, and one function on many inputs."""

from __future__ import annotations

import contextlib
import math
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal, overload

from gridgrad.aio.pool import SessionPool
from gridgrad.aio.windows import AsyncResults, counted
from gridgrad.arguments.coefficients import Coefficients
from gridgrad.arguments.derivatives import DerivativeLike
from gridgrad.arguments.inputs import Inputs
from gridgrad.arguments.units import Units
from gridgrad.progress import GridsProgress, grids_of
from gridgrad.protocol.error_mapping import Failure
from gridgrad.protocol.options import DEFAULT_IN_FLIGHT, ConnectionSettings
from gridgrad.protocol.retry import Attempts
from gridgrad.protocol.routing import Routes
from gridgrad.requests.prepare import PreparedCall
from gridgrad.requests.reduction import Reduce
from gridgrad.requests.request import FunctionLike, Request, Tier, Unused
from gridgrad.results.result import Result
from gridgrad_core.errors import GridgradError

if TYPE_CHECKING:
    from gridgrad.pullbacks.warm_grids import WarmGrids

__all__ = ["ManyGrids"]


class ManyGrids(ABC):
    """The part of a client that computes many grids.

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
    def _failure(self, raised: Exception, attempts: Attempts) -> Failure:
        """How a call failed that raised one of `error_mapping.FOREIGN`."""

    @abstractmethod
    async def _fitted(self, attempts: Attempts, call: PreparedCall) -> PreparedCall:
        """A call with features in a form that the servers know."""

    @abstractmethod
    async def _open_stream(self, messages: AsyncIterator[bytes], timeout_s: float | None) -> Any:
        """Calls the streaming method with these messages."""

    @abstractmethod
    async def _streams(self, timeout_s: float | None) -> int:
        """How many calls of the streaming method reach all servers."""

    @abstractmethod
    def _pool(self) -> SessionPool | None:
        """The sessions that grids may go by; None while nothing is connected, and where there are several servers."""

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
        """Computes many grids on one stream and yields them as they complete, in any order.

        `requests` may be an asynchronous iterable too. It is read by a task of its own,
        at most `in_flight` ahead of the results.
        Each result says by `result.request` what it answers, and `request.tag` is the caller's own.
        Closing the iterator by `aclose` cancels what is in flight; do so if you do not read it to its end.

        Args:
            requests: what to compute, read lazily.
            in_flight: how many requests may wait for their results.
            errors: "raise" ends the stream with the first error and cancels the rest; "return" yields the
                error of a request in the place of its result and goes on. `error.request` says whose it is.
            timeout: seconds for the whole stream; None for no limit, whatever the client's own.
            progress: True shows a bar (the extra `progress`); a callback is called, as results are taken, with how many
                were and how many requests there are, or None if `requests` has no length.

        Yields:
            Results, with errors="return" also errors.

        Raises:
            GridgradError: a request failed, or the stream itself for more attempts than the client may make.
        """
        outcomes = self._streamed(requests, _itself, in_flight, errors, timeout, in_order=False)
        return counted(outcomes, progress, "grids", grids_of(requests))

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
        unused: Unused = ...,
        units: Units | None = ...,
        reduce: Reduce | None = ...,
        weights: Any = ...,
        warm_start: str | Iterable[str] | None = ...,
        in_flight: int = ...,
        errors: Literal["raise"] = ...,
        timeout: float | None = ...,
        progress: bool | GridsProgress | None = ...,
    ) -> AsyncResults[Result]: ...

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
        unused: Unused = ...,
        units: Units | None = ...,
        reduce: Reduce | None = ...,
        weights: Any = ...,
        warm_start: str | Iterable[str] | None = ...,
        in_flight: int = ...,
        errors: Literal["raise", "return"],
        timeout: float | None = ...,
        progress: bool | GridsProgress | None = ...,
    ) -> AsyncResults[Result | GridgradError]: ...

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
        unused: Unused = "refuse",
        units: Units | None = None,
        reduce: Reduce | None = None,
        weights: Any = None,
        warm_start: str | Iterable[str] | None = None,
        in_flight: int = DEFAULT_IN_FLIGHT,
        errors: Literal["raise", "return"] = "raise",
        timeout: float | None = None,
        progress: bool | GridsProgress | None = None,
    ) -> AsyncResults[Result | GridgradError]:
        """Computes one function on many inputs and yields the results in their order.

        Requests whose inputs have the same names, dims and shapes travel together, many to a message, and so do their
        results: for many small grids this is several times as fast as calls.
        `many_inputs` may be an asynchronous iterable too. It is read by a task of its own,
        at most `in_flight` ahead of the results.
        Closing the iterator by `aclose` cancels what is in flight; do so if you do not read it to its end.
        Results that came together share memory, which is held until the last of them is gone; `copy` parts one.

        Args:
            function: as for `gradient`.
            many_inputs: for each grid what `gradient` takes as its inputs, read lazily.
            wrt: as for `gradient`, for all of them.
            order: as for `gradient`, for all of them.
            derivatives: as for `gradient`, for all of them.
            dtype: as for `gradient`, for all of them.
            coefficients: as for `gradient`, for all of them.
            tier: as for `gradient`, for all of them.
            unused: as for `gradient`.
            units: as for `gradient`.
            reduce: as for `gradient`, for all of them.
            weights: as for `gradient`, for all of them.
            warm_start: names of inputs that are guesses of `solve`, "start" or ["x0", "y0"]: grids of one shape are
                computed one after the other, and each begins where the one before has ended, the first one where it
                says. What was found is as for `gradient`. It can't go with `reduce`.
            in_flight: how many grids may wait for their results.
            errors: "raise" ends the iteration at the first grid that failed; "return" yields its error in the place
                of its result and goes on.
            timeout: seconds for all of it; None for no limit, whatever the client's own.
            progress: as for `stream`.

        Returns:
            An iterator of results, with errors="return" also of errors; its `to_xarray("sample")` puts those that
            are left into one Dataset.

        Raises:
            GridgradError: a grid failed, or the stream itself for more attempts than the client may make.
        """
        like = Request(
            function,
            {},
            wrt,
            order,
            derivatives,
            dtype,
            coefficients=coefficients,
            tier=tier,
            unused=unused,
            units=units,
            reduce=reduce,
            weights=weights,
        ).settled()
        if warm_start is not None:
            from gridgrad.pullbacks.warm_grids import WarmGrids  # most calls have none

            grids = WarmGrids(like, warm_start)
            outcomes = _followed(
                self._streamed(many_inputs, grids.request_of, 1, errors, timeout, in_order=True), grids
            )
        else:
            outcomes = self._streamed(many_inputs, like.on, in_flight, errors, timeout, in_order=True)
        return AsyncResults(counted(outcomes, progress, "grids", grids_of(many_inputs)))

    def _streamed(
        self,
        items: Iterable[Any] | AsyncIterable[Any],
        request_of: Callable[[Any], Request | PreparedCall],
        in_flight: int,
        errors: str,
        timeout: float | None,
        *,
        in_order: bool,
    ) -> AsyncGenerator[Result | GridgradError]:
        from gridgrad.aio.stream import GridStream, StreamMethod  # most clients have no stream
        from gridgrad.protocol.in_flight import InFlightWindow

        window = InFlightWindow(in_flight, errors, in_order, self._routes, self._settings)
        attempts = self._attempts(math.inf if timeout is None else timeout)
        calls = StreamMethod(self._open_stream, self._failure, self._streams, self._pool, self._fitted)
        return GridStream(calls, items, request_of, window, attempts).outcomes()


async def _followed(
    outcomes: AsyncGenerator[Result | GridgradError], grids: WarmGrids
) -> AsyncGenerator[Result | GridgradError]:
    """The same outcomes, each known to what makes the next request, which is not made before."""
    async with contextlib.aclosing(outcomes):
        async for outcome in outcomes:
            grids.add(outcome)
            yield outcome


def _itself(request: Request) -> Request:
    return request
