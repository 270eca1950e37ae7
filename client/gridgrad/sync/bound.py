# Written by `make sync` from gridgrad/aio/bound.py; change that one.
"""What inner loops call: `Client.bind`, whose calls bring a few numbers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from gridgrad.arguments.coefficients import Coefficients
from gridgrad.arguments.derivatives import DerivativeLike
from gridgrad.arguments.inputs import Inputs
from gridgrad.arguments.units import Units
from gridgrad.progress import GridsProgress, Progress, grids_of
from gridgrad.protocol.options import DEFAULT_IN_FLIGHT
from gridgrad.requests.prepare import PreparedCall
from gridgrad.requests.reduction import Reduce
from gridgrad.requests.request import FunctionLike, Request, Tier, Unused
from gridgrad.results.result import Result
from gridgrad.sync.windows import Results, counted
from gridgrad_core.errors import GridgradError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.methods import PREPARE

if TYPE_CHECKING:
    from gridgrad.binding.bound_request import BoundRequest
    from gridgrad.requests.least_squares_terms import LeastSquaresTerms

__all__ = ["Binding", "BoundCall", "Calling"]

R = TypeVar("R", bound="Result | LeastSquaresTerms")


class Calling(ABC):
    """What makes calls."""

    @abstractmethod
    def _sent(self, call: PreparedCall, timeout: float | None, progress: Progress | None) -> Result:
        """Computes one grid."""

    @abstractmethod
    def _streamed(
        self,
        items: Iterable[Any],
        request_of: Callable[[Any], Request | PreparedCall],
        in_flight: int,
        errors: str,
        timeout: float | None,
        *,
        in_order: bool,
    ) -> Generator[Result | GridgradError]:
        """Computes many grids."""


class Binding(Calling):
    """The part of a client that binds calls."""

    @abstractmethod
    def _about(self, plan: pb.Plan, path: str, timeout: float | None) -> list[bytes]:
        """The answers to a plan: of all servers to Prepare."""

    def bind(
        self,
        function: FunctionLike,
        inputs: Inputs,
        *,
        varying: str | Iterable[str],
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
        prepare: bool = True,
        timeout: float | None = None,
    ) -> BoundCall[Result]:
        """Fixes all that does not change between calls, and has it compiled: for inner loops.

        `problem = client.bind("a*exp(-b*t)", {"t": t, "a": 1.0, "b": 2.0}, varying=["a", "b"])` makes `problem`, and
        `problem(a=1.1, b=1.9)` is a call that sends two numbers: text, axes and derivatives went to the server once.
        Where the server forgets them, or another is in its place, they are sent again within the call.

        Args:
            function: as for `gradient`.
            inputs: as for `gradient`. Of what varies the shape and the dims count, which all calls have.
            varying: the inputs and arrays of coefficients whose numbers each call brings.
            wrt: as for `gradient`.
            order: as for `gradient`.
            derivatives: as for `gradient`.
            dtype: as for `gradient`; that of `inputs` counts, for all calls.
            coefficients: as for `gradient`.
            tier: as for `gradient`; "direct" has nothing compiled.
            unused: as for `gradient`.
            units: as for `gradient`.
            reduce: as for `gradient`. Reductions are not compiled beforehand.
            weights: as for `gradient`; an array may vary too, as "weights".
            prepare: False does not wait for compiled code, which is made once calls prove hot: for some dozens of them.
            timeout: seconds to wait until it is compiled; None for the client's own.

        Returns:
            What is called with the numbers that vary.

        Raises:
            RequestError: something is wrong that shows without them.
            GridgradError: anything else; `gridgrad.errors` draws the tree.
        """
        from gridgrad.binding.bound_request import BoundRequest  # most clients bind nothing

        request = Request(function, inputs, wrt, order, derivatives, dtype, coefficients=coefficients, tier=tier,
                          unused=unused, units=units, reduce=reduce, weights=weights)  # fmt: skip
        bound = BoundRequest(request, varying)
        plan = bound.plan
        if plan is not None and prepare and tier != "direct":
            self._about(plan, PREPARE.path, timeout)
        return BoundCall(self, bound, _as_it_is)


class BoundCall(Generic[R]):
    """A function with all that does not change between calls; `Client.bind` makes one.

    Args:
        client: makes the calls.
        bound: what they share.
        read: makes what calls return of the result of one.
    """

    def __init__(self, client: Calling, bound: BoundRequest, read: Callable[[Result], R]) -> None:
        self._client = client
        self._bound = bound
        self._read = read

    @property
    def varying(self) -> tuple[str, ...]:
        """The names of what each call brings."""
        return self._bound.names

    def __call__(self, values: Mapping[Any, Any] | None = None, /, *, timeout: float | None = None, **named: Any) -> R:
        """Computes the function and its derivatives with these numbers.

        Args:
            values: names to values for all that varies, where they are not given by name: an input may be called
                "timeout".
            timeout: seconds, retries included; infinity for no limit; None for the client's own.
            named: the same by name.

        Returns:
            As the method of the client that bound it.

        Raises:
            RequestError: a name is missing or does not vary, or a value has another shape than was bound.
            GridgradError: as for `Client.gradient`.
        """
        call = self._bound.call(named if values is None else {**self._bound.named(values), **named})
        return self._read(self._client._sent(call, timeout, None))

    @overload
    def many(
        self,
        many_values: Iterable[Mapping[Any, Any]] | Iterable[Mapping[Any, Any]],
        *,
        in_flight: int = ...,
        errors: Literal["raise"] = ...,
        timeout: float | None = ...,
        progress: bool | GridsProgress | None = ...,
    ) -> Results[R]: ...

    @overload
    def many(
        self,
        many_values: Iterable[Mapping[Any, Any]] | Iterable[Mapping[Any, Any]],
        *,
        in_flight: int = ...,
        errors: Literal["raise", "return"],
        timeout: float | None = ...,
        progress: bool | GridsProgress | None = ...,
    ) -> Results[R | GridgradError]: ...

    def many(
        self,
        many_values: Iterable[Mapping[Any, Any]] | Iterable[Mapping[Any, Any]],
        *,
        in_flight: int = DEFAULT_IN_FLIGHT,
        errors: Literal["raise", "return"] = "raise",
        timeout: float | None = None,
        progress: bool | GridsProgress | None = None,
    ) -> Results[R | GridgradError]:
        """Makes many calls, several of them in flight, and yields the results in their order.

        Args:
            many_values: for each call names to values for all that varies, read lazily.
            in_flight: how many calls may wait for their results.
            errors: "raise" ends the iteration at the first call that failed; "return" yields its error in the place of
                its result and goes on.
            timeout: seconds for all of it; None for no limit, whatever the client's own.
            progress: as for `Client.stream`.

        Returns:
            As `Client.map`.

        Raises:
            GridgradError: as for `Client.map`.
        """
        client = self._client
        outcomes = client._streamed(many_values, self._bound.call, in_flight, errors, timeout, in_order=True)
        return Results(counted(self._each_read(outcomes), progress, "grids", grids_of(many_values)))

    def _each_read(self, outcomes: Generator[Result | GridgradError]) -> Generator[R | GridgradError]:
        with closing(outcomes):
            for outcome in outcomes:
                yield self._read(outcome) if isinstance(outcome, Result) else outcome

    def __repr__(self) -> str:
        return f"<gridgrad.sync.BoundCall that varies {', '.join(self.varying) or 'nothing'}>"


def _as_it_is(result: Result) -> Result:
    return result
