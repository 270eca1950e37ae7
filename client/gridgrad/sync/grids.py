"""What `gridgrad.Client` has for more than one message: streams of many grids, and grids in windows."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator
from typing import Any, Literal, overload

from gridgrad.arguments.coefficients import Coefficients
from gridgrad.arguments.derivatives import DerivativeLike
from gridgrad.arguments.inputs import Inputs
from gridgrad.progress import GridsProgress, Progress, counted, grids_of
from gridgrad.protocol import error_mapping as failures
from gridgrad.protocol.assemble import read_message
from gridgrad.protocol.grid_windows import GridWindows, points_of
from gridgrad.protocol.in_flight import Flight
from gridgrad.protocol.options import DEFAULT_IN_FLIGHT, ConnectionSettings, leave
from gridgrad.protocol.retry import Attempts
from gridgrad.protocol.routing import Routes
from gridgrad.requests.prepare import PreparedCall, prepare
from gridgrad.requests.request import FunctionLike, Request, Tier
from gridgrad.results.result import Result, Results
from gridgrad.sync.stream import Stream, requests_like
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
    def _open_stream(self, messages: Iterator[bytes], timeout_s: float | None) -> Any:
        """Calls the streaming method with these messages."""

    @abstractmethod
    def _open_whole(self, call: PreparedCall, timeout_s: float | None) -> Any:
        """Calls the streaming method for one grid."""

    @overload
    def stream(
        self,
        requests: Iterable[Request],
        *,
        in_flight: int = ...,
        errors: Literal["raise"] = ...,
        timeout: float | None = ...,
        progress: bool | GridsProgress | None = ...,
    ) -> Iterator[Result]: ...

    @overload
    def stream(
        self,
        requests: Iterable[Request],
        *,
        in_flight: int = ...,
        errors: Literal["raise", "return"],
        timeout: float | None = ...,
        progress: bool | GridsProgress | None = ...,
    ) -> Iterator[Result | GridgradError]: ...

    def stream(
        self,
        requests: Iterable[Request],
        *,
        in_flight: int = DEFAULT_IN_FLIGHT,
        errors: Literal["raise", "return"] = "raise",
        timeout: float | None = None,
        progress: bool | GridsProgress | None = None,
    ) -> Iterator[Result | GridgradError]:
        """Computes many grids on one stream and yields them as they complete, in any order.

        `requests` is read in the calling thread while results are taken, at most `in_flight` ahead of them.
        Each result says by `result.request` what it answers, and `request.tag` is the caller's own. Closing
        the iterator cancels what is in flight.

        Args:
            requests: what to compute, read lazily.
            in_flight: how many requests may wait for their results.
            errors: "raise" ends the stream with the first error and cancels the rest; "return" yields the
                error of an entry in the place of its result and goes on. `error.request` says whose it is.
            timeout: seconds for the whole stream; None for no limit, whatever the client's own.
            progress: True shows a bar (the extra `progress`); a callback is called, as results are taken, with how many
                were and how many requests there are, or None if `requests` has no length.

        Yields:
            Results, with errors="return" also errors.

        Raises:
            GridgradError: an entry failed, or the stream itself for more attempts than the client may make.
        """
        outcomes = self._streamed(requests, in_flight, errors, timeout, in_order=False)
        return counted(outcomes, progress, "grids", grids_of(requests))

    @overload
    def map(
        self,
        function: FunctionLike,
        many_inputs: Iterable[Inputs],
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
    ) -> Results[Result]: ...

    @overload
    def map(
        self,
        function: FunctionLike,
        many_inputs: Iterable[Inputs],
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
    ) -> Results[Result | GridgradError]: ...

    def map(
        self,
        function: FunctionLike,
        many_inputs: Iterable[Inputs],
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
    ) -> Results[Result | GridgradError]:
        """Computes one function on many inputs and yields the results in their order.

        Requests whose inputs have the same names, dims and shapes travel together, many to a message, and so do their
        results: for many small grids this is several times as fast as calls. `many_inputs` is read in the calling
        thread while results are taken, at most `in_flight` ahead of them. Closing the iterator cancels what is in
        flight. Results that came together share memory, which is held until the last of them is gone; `copy` parts one.

        Args:
            function: as for `gradient`.
            many_inputs: for each grid what `gradient` takes as its inputs, read lazily.
            wrt: as for `gradient`, for all of them.
            order: as for `gradient`, for all of them.
            derivatives: as for `gradient`, for all of them.
            dtype: as for `gradient`, for all of them.
            coefficients: as for `gradient`, for all of them.
            tier: as for `gradient`, for all of them.
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
        like = Request(function, {}, wrt, order, derivatives, dtype, coefficients=coefficients, tier=tier)
        outcomes = self._streamed(requests_like(like, many_inputs), in_flight, errors, timeout, in_order=True)
        return Results(counted(outcomes, progress, "grids", grids_of(many_inputs)))

    def _streamed(
        self,
        requests: Iterable[Request],
        in_flight: int,
        errors: str,
        timeout: float | None,
        *,
        in_order: bool,
    ) -> Generator[Result | GridgradError]:
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
    ) -> Iterator[Result]:
        """Computes a grid of any size and yields windows of it as they are complete, in about the order of the grid.

        Each is a `Result` of its part of the grid: `whole[window.slices] = window.value`. Little of the grid is held at
        a time, here and at the server, which waits while windows are not taken. Closing the iterator ends the
        computation.

        Args:
            function: as for `gradient`.
            inputs: as for `gradient`.
            wrt: as for `gradient`.
            order: as for `gradient`.
            derivatives: as for `gradient`.
            dtype: as for `gradient`.
            coefficients: as for `gradient`.
            tier: as for `gradient`.
            points: most points of a window, which is contiguous in C order; by default what makes about 16 MiB.
            timeout: seconds for all of it; None for no limit, whatever the client's own.
            progress: True shows a bar (the extra `progress`); a callback is called with the points of the windows that
                were taken and the points of the grid.

        Yields:
            Results, each of another part of the grid.

        Raises:
            GridgradError: as `gradient`.
        """
        call = prepare(Request(function, inputs, wrt, order, derivatives, dtype, coefficients=coefficients, tier=tier))
        attempts = self._attempts(math.inf if timeout is None else timeout)
        windows = self._windows(call, GridWindows(call, points), attempts)
        return counted(windows, progress, "points", call.template.grid.points, points_of)

    def _windows(self, call: PreparedCall, windows: GridWindows, attempts: Attempts) -> Generator[Result]:
        while True:
            answers = self._open_whole(call, attempts.left_s())
            try:
                for raw in answers:
                    for window in windows.feed(read_message(raw)):
                        attempts.progressed()
                        yield window
                if windows.complete:
                    return
                raise failures.StreamEnded
            except failures.FOREIGN as raised:
                failure = failures.of(raised, self._settings.target, attempts.timeout_s)
            finally:
                leave(answers)
            time.sleep(attempts.wait_s(failure))
            windows.restart()
