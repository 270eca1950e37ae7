"""Results as they come: many, with progress told; and a grid larger than a message, put together or in windows."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from gridgrad.arguments.coefficients import Coefficients
from gridgrad.arguments.derivatives import DerivativeLike
from gridgrad.arguments.inputs import Inputs
from gridgrad.arguments.units import Units
from gridgrad.progress import Progress, Tell, check_progress, shown
from gridgrad.protocol import error_mapping
from gridgrad.protocol.assemble import AnotherBuild, Assembly, read_message
from gridgrad.protocol.error_mapping import Failure
from gridgrad.protocol.options import leave
from gridgrad.protocol.retry import Attempts
from gridgrad.protocol.routing import Routes
from gridgrad.requests.prepare import PreparedCall, prepare
from gridgrad.requests.request import FunctionLike, Request, Tier, Unused
from gridgrad.results.result import Result
from gridgrad_core.errors import GridgradError, RequestError, UnsupportedError

if TYPE_CHECKING:
    import xarray

    from gridgrad.protocol.grid_windows import GridWindows
    from gridgrad.requests.least_squares_terms import LeastSquaresTerms

log = logging.getLogger("gridgrad.client")

__all__ = ["AsyncResults", "LargeGrids", "counted"]


T = TypeVar("T")
T_co = TypeVar("T_co", bound="Result | LeastSquaresTerms | GridgradError", covariant=True)


class AsyncResults(AsyncIterator[T_co], Generic[T_co]):
    """An iterator of results; closing it cancels what is in flight.

    Args:
        outcomes: the results.
    """

    def __init__(self, outcomes: AsyncGenerator[T_co]) -> None:
        self._outcomes = outcomes

    async def __anext__(self) -> T_co:
        return await anext(self._outcomes)

    async def aclose(self) -> None:
        """Takes no more results and cancels what is in flight."""
        await self._outcomes.aclose()

    async def to_xarray(self, dim: str = "sample", name: str | Sequence[str] | None = None) -> xarray.Dataset:
        """Takes all results that are left into one Dataset, along a new first dim.

        Args:
            dim: the name of the new dim.
            name: as for `Result.to_xarray`.

        Returns:
            Variables of shape [dim, *grid]. Inputs that are the same in all results are coordinates as in one
            of them, the others have the new dim.

        Raises:
            RequestError: there are no results, two differ in more than numbers, or they are sums of least squares.
            GridgradError: one of them is an error.
            MissingExtraError: xarray is not installed.
        """
        from gridgrad.results import to_xarray

        return to_xarray.stack([_result(outcome) async for outcome in self], dim, name)


def _result(outcome: Result | LeastSquaresTerms | GridgradError) -> Result:
    if isinstance(outcome, GridgradError):
        raise outcome
    if not isinstance(outcome, Result):
        raise RequestError(
            "results", "sums of least squares", "stack what you need: numpy.stack([each.rss for each in results])"
        )
    return outcome


def _one(outcome: object) -> int:  # noqa: ARG001 - a size of an outcome takes it
    return 1


def counted(
    outcomes: AsyncGenerator[T],
    progress: bool | Tell | None,
    unit: str,
    total: int | None,
    size: Callable[[T], int] = _one,
) -> AsyncGenerator[T]:
    """The same outcomes, with progress told as they are taken.

    Args:
        outcomes: what is counted.
        progress: True for a bar, the caller's own, or nothing.
        unit: what is counted, in the plural.
        total: how many there are, if that is known.
        size: how many an outcome is.

    Raises:
        MissingExtraError: a bar was asked for, and tqdm is not installed.
        RequestError: `progress` is neither True nor to be called.
    """
    if not progress:
        return outcomes
    check_progress(progress)
    return _counted(outcomes, progress, unit, total, size)


async def _counted(
    outcomes: AsyncGenerator[T], progress: Literal[True] | Tell, unit: str, total: int | None, size: Callable[[T], int]
) -> AsyncGenerator[T]:
    done = 0
    async with contextlib.aclosing(outcomes):
        with shown(progress, unit, total) as tell:
            async for outcome in outcomes:
                done += size(outcome)
                tell(done, total)
                yield outcome


class LargeGrids(ABC):
    """The part of a client that computes large grids.

    Attributes:
        _routes: what it knows about results, and the arrays that servers keep.
    """

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
    async def _open_whole(self, call: PreparedCall, timeout_s: float | None) -> Any:
        """Calls the streaming method for one grid."""

    async def _by_stream(self, attempts: Attempts, call: PreparedCall, progress: Progress | None) -> Result:
        """Computes a grid. Where the answer breaks off, only the rest is asked for again, of who has the next turn."""
        assembly = Assembly(call, progress)
        while True:
            try:
                return await self._assembled(attempts, assembly)
            except AnotherBuild as raised:
                _begin_anew(assembly, raised)
                continue
            except error_mapping.FOREIGN as raised:
                failure = self._failure(raised, attempts)
            if assembly.is_of_rest and not failure.transient:
                _begin_anew(assembly, failure.error)
                continue
            if assembly.break_off():
                attempts.progressed()
            await asyncio.sleep(attempts.wait_s(failure))

    async def _assembled(self, attempts: Attempts, assembly: Assembly) -> Result:
        answers, result = await self._open_whole(assembly.asked, attempts.left_s()), None
        try:
            async for raw in answers:
                result = assembly.feed(read_message(raw)) or result
        finally:
            leave(answers)
        if result is None:
            raise error_mapping.StreamEnded
        return result

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
        unused: Unused = "refuse",
        units: Units | None = None,
        points: int | None = None,
        timeout: float | None = None,
        progress: bool | Progress | None = None,
    ) -> AsyncIterator[Result]:
        """Computes a grid of any size and yields windows of it as they are complete, in about the order of the grid.

        Each is a `Result` of its part of the grid: `whole[window.slices] = window.value`. Little of the grid is held at
        a time, here and at the server, which waits while windows are not taken.
        Closing the iterator by `aclose` ends the computation.

        Args:
            function: as for `gradient`.
            inputs: as for `gradient`.
            wrt: as for `gradient`.
            order: as for `gradient`.
            derivatives: as for `gradient`.
            dtype: as for `gradient`.
            coefficients: as for `gradient`.
            tier: as for `gradient`.
            unused: as for `gradient`.
            units: as for `gradient`.
            points: most points of a window, which is contiguous in C order; by default what makes about 16 MiB.
            timeout: seconds for all of it; None for no limit, whatever the client's own.
            progress: True shows a bar (the extra `progress`); a callback is called with the points of the windows that
                were taken and the points of the grid.

        Yields:
            Results, each of another part of the grid.

        Raises:
            GridgradError: as `gradient`.
        """
        from gridgrad.protocol.grid_windows import GridWindows, points_of  # most clients take no windows

        call = prepare(
            Request(
                function,
                inputs,
                wrt,
                order,
                derivatives,
                dtype,
                coefficients=coefficients,
                tier=tier,
                unused=unused,
                units=units,
            )
        )
        attempts = self._attempts(math.inf if timeout is None else timeout)
        windows = self._windows(GridWindows(self._routes.arrays.named(call), points), attempts)
        return counted(windows, progress, "points", call.template.grid.points, points_of)

    async def _windows(self, windows: GridWindows, attempts: Attempts) -> AsyncGenerator[Result]:
        """The windows of a grid. Where the answer breaks off, only the rest is asked for again."""
        while True:
            answers = None
            try:
                if windows.call.template.features:
                    windows.call = await self._fitted(attempts, windows.call)
                answers = await self._open_whole(windows.rest(), attempts.left_s())
                async for raw in answers:
                    for window in windows.feed(read_message(raw)):
                        attempts.progressed()
                        yield window
                if windows.complete:
                    return
                raise error_mapping.StreamEnded
            except error_mapping.FOREIGN as raised:
                failure = self._failure(raised, attempts)
            finally:
                if answers is not None:
                    leave(answers)
            windows.break_off()
            if isinstance(failure.error, UnsupportedError) and windows.without_rest():
                continue
            if self._routes.arrays.are_missing(windows.call, failure.error):
                windows.call = self._routes.arrays.whole(windows.call)
            else:
                await asyncio.sleep(attempts.wait_s(failure))


def _begin_anew(assembly: Assembly, why: Exception) -> None:
    """Has the whole grid asked for, since the rest of it can't be added to what has come."""
    log.warning("a large grid that was broken off is computed anew as a whole: %s", why)
    assembly.break_off(keep=False)
