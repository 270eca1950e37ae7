"""What inner loops call: `Client.bind`, whose calls bring a few numbers, and what gives few: sums and gradients."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, overload

from gridgrad.aio.collection import AsyncResults, counted
from gridgrad.arguments.coefficients import Coefficients
from gridgrad.arguments.derivatives import DerivativeLike
from gridgrad.arguments.inputs import Inputs
from gridgrad.arguments.units import Units
from gridgrad.progress import GridsProgress, Progress, grids_of
from gridgrad.protocol.options import DEFAULT_IN_FLIGHT
from gridgrad.requests.prepare import PreparedCall, prepare
from gridgrad.requests.reduction import Reduce
from gridgrad.requests.request import FunctionLike, Request, Tier, Unused
from gridgrad.results.result import Result
from gridgrad_core.errors import GridgradError
from gridgrad_core.v1 import gridgrad_pb2 as pb
from gridgrad_core.wire.methods import PREPARE

if TYPE_CHECKING:
    from gridgrad.requests.bound_request import BoundRequest
    from gridgrad.requests.least_squares_terms import LeastSquaresTerms
    from gridgrad.results.server_info import ServerInfo

__all__ = ["Binding", "BoundCall", "Sums"]


class Binding(ABC):
    """The part of a client that binds calls."""

    @abstractmethod
    async def _about(self, plan: pb.Plan, path: str, timeout: float | None) -> list[bytes]:
        """The answers to a plan: of all servers to Prepare."""

    @abstractmethod
    async def _sent(self, call: PreparedCall, timeout: float | None, progress: Progress | None) -> Result:
        """Computes one grid."""

    @abstractmethod
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
        """Computes many grids."""

    async def bind(
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
    ) -> BoundCall:
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
            weights: as for `gradient`.
            prepare: False does not wait for compiled code, which is made once calls prove hot: for some dozens of them.
            timeout: seconds to wait until it is compiled; None for the client's own.

        Returns:
            What is called with the numbers that vary.

        Raises:
            RequestError: something is wrong that shows without them.
            GridgradError: anything else; `gridgrad.errors` draws the tree.
        """
        from gridgrad.requests.bound_request import BoundRequest  # most clients bind nothing

        request = Request(function, inputs, wrt, order, derivatives, dtype, coefficients=coefficients, tier=tier,
                          unused=unused, units=units, reduce=reduce, weights=weights)  # fmt: skip
        bound = BoundRequest(request, varying)
        plan = bound.plan
        if plan is not None and prepare and tier != "direct":
            await self._about(plan, PREPARE.path, timeout)
        return BoundCall(self, bound)


class BoundCall:
    """A function with all that does not change between calls; `Client.bind` makes one.

    Args:
        client: makes the calls.
        bound: what they share.
    """

    def __init__(self, client: Binding, bound: BoundRequest) -> None:
        self._client = client
        self._bound = bound

    @property
    def varying(self) -> tuple[str, ...]:
        """The names of what each call brings."""
        return self._bound.names

    async def __call__(
        self, values: Mapping[Any, Any] | None = None, /, *, timeout: float | None = None, **named: Any
    ) -> Result:
        """Computes the function and its derivatives with these numbers.

        Args:
            values: names to values for all that varies, where they are not given by name: an input may be called
                "timeout".
            timeout: seconds, retries included; infinity for no limit; None for the client's own.
            named: the same by name.

        Returns:
            As `Client.gradient`.

        Raises:
            RequestError: a name is missing or does not vary, or a value has another shape than was bound.
            GridgradError: as for `Client.gradient`.
        """
        call = self._bound.call(named if values is None else {**self._bound.named(values), **named})
        return await self._client._sent(call, timeout, None)

    @overload
    def many(
        self,
        many_values: Iterable[Mapping[Any, Any]] | AsyncIterable[Mapping[Any, Any]],
        *,
        in_flight: int = ...,
        errors: Literal["raise"] = ...,
        timeout: float | None = ...,
        progress: bool | GridsProgress | None = ...,
    ) -> AsyncResults[Result]: ...

    @overload
    def many(
        self,
        many_values: Iterable[Mapping[Any, Any]] | AsyncIterable[Mapping[Any, Any]],
        *,
        in_flight: int = ...,
        errors: Literal["raise", "return"],
        timeout: float | None = ...,
        progress: bool | GridsProgress | None = ...,
    ) -> AsyncResults[Result | GridgradError]: ...

    def many(
        self,
        many_values: Iterable[Mapping[Any, Any]] | AsyncIterable[Mapping[Any, Any]],
        *,
        in_flight: int = DEFAULT_IN_FLIGHT,
        errors: Literal["raise", "return"] = "raise",
        timeout: float | None = None,
        progress: bool | GridsProgress | None = None,
    ) -> AsyncResults[Result | GridgradError]:
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
        return AsyncResults(counted(outcomes, progress, "grids", grids_of(many_values)))

    def __repr__(self) -> str:
        return f"<gridgrad.aio.BoundCall that varies {', '.join(self.varying) or 'nothing'}>"


class Sums(ABC):
    """The part of a client that sums residuals, and gives gradients of sums."""

    @abstractmethod
    async def server_info(self, *, timeout: float | None = None) -> ServerInfo:
        """Describes the server."""

    @abstractmethod
    async def _sent(self, call: PreparedCall, timeout: float | None, progress: Progress | None) -> Result:
        """Computes one grid."""

    async def least_squares_terms(
        self,
        model: FunctionLike,
        inputs: Inputs,
        data: Any,
        *,
        wrt: str | Iterable[str],
        weights: Any = None,
        over: str | Iterable[str] | None = None,
        skip_nan: bool = False,
        loss: str = "linear",
        loss_scale: float = 1.0,
        dtype: Any = None,
        coefficients: Coefficients | None = None,
        tier: Tier = "auto",
        unused: Unused = "refuse",
        timeout: float | None = None,
    ) -> LeastSquaresTerms:
        """Sums squares of residuals, and what a step of Gauss and Newton needs, without ever forming the Jacobian.

        With r = model - data, J its derivatives by `wrt`, and weights W: Σ W·r², Jᵀ·W·r and Jᵀ·W·J.

        Args:
            model: as for `gradient`, of one component.
            inputs: as for `gradient`, the parameters among them.
            data: an array of the grid's shape, or with the names of its dims, (("t", "pixel"), array). It may have dims
                that the inputs have not. Large ones travel once.
            wrt: the parameters: inputs that are numbers or vary along no dim that is summed over, and arrays of
                coefficients.
            weights: W = 1/σ² of each point, not a factor of r: an array as `data`, or an expression of the inputs.
            over: the dims that are summed over; by default all. Terms have the others in front, so that pixels with
                parameters of their own are one request.
            skip_nan: whether points whose data are nan are left out, of n too. Else they make their sums nan.
            loss: "linear", "soft_l1", "huber", "cauchy" or "arctan", as scipy.optimize.least_squares has them.
            loss_scale: C, about how large a residual times √W counts in full.
            dtype: as for `gradient`; it is summed in float64.
            coefficients: as for `gradient`.
            tier: as for `gradient`.
            unused: as for `gradient`.
            timeout: as for `gradient`.

        Returns:
            The sums, float64.

        Raises:
            RequestError: something in the request is wrong, such as data of another shape.
            GridgradError: anything else; `gridgrad.errors` draws the tree.
        """
        from gridgrad.requests.least_squares_terms import terms_of
        from gridgrad.requests.reduction import GivenResiduals, named_dims  # most clients sum no residuals

        given = GivenResiduals(data, named_dims(over), skip_nan, loss, loss_scale)
        request = Request(model, inputs, wrt, 1, None, dtype, coefficients=coefficients, tier=tier, unused=unused,
                          reduce=given, weights=weights)  # fmt: skip
        call = prepare(request)
        result = await self._sent(call, timeout, None)
        return terms_of(result.value, [name for (name,) in call.template.derivatives])

    async def pullback(
        self,
        function: FunctionLike,
        inputs: Inputs,
        cotangent: Any = None,
        *,
        wrt: str | Iterable[str],
        dtype: Any = None,
        coefficients: Coefficients | None = None,
        tier: Tier = "auto",
        unused: Unused = "refuse",
        timeout: float | None = None,
    ) -> Result:
        """The gradient of Σ cotangent·f over all points of a grid, in reverse mode: by many inputs as fast as by few.

        Args:
            function: as for `gradient`.
            inputs: as for `gradient`.
            cotangent: what each point counts: an array of the grid's shape, [components, *grid] for a tuple; one with
                the names of its dims, ("k", array); an expression of the inputs, or a tuple of them; None for ones. One
                above a quarter of what a message may be goes in windows of that, whose sums are added up here.
            wrt: the inputs that the gradient is by: numbers, axes, arrays with several dims and arrays of coefficients.
            dtype: as for `gradient`; it is summed in float64.
            coefficients: as for `gradient`.
            tier: as for `gradient`.
            unused: as for `gradient`.
            timeout: as for `gradient`; of each window.

        Returns:
            `value` is the sum, and `d["k"]` its gradient by k, with the dims of k.

        Raises:
            RequestError: something in the request is wrong, such as a cotangent of another shape.
            GridgradError: anything else; `gridgrad.errors` draws the tree.
        """
        from gridgrad.pullbacks.pullback_windows import PullbackWindows, is_large
        from gridgrad.requests.reduction import GivenPullback  # most clients pull nothing back

        request = Request(function, inputs, wrt, 1, None, dtype, coefficients=coefficients, tier=tier, unused=unused,
                          reduce=GivenPullback(cotangent))  # fmt: skip
        if is_large(cotangent):
            most_bytes = (await self.server_info(timeout=timeout)).limits.message_bytes
            if is_large(cotangent, most_bytes):
                whole = prepare(dataclasses.replace(request, reduce=GivenPullback()))
                windows = PullbackWindows(request, whole, most_bytes)
                for part in windows:
                    windows.add(await self._pulled_back(part, timeout))
                return windows.total
        return await self._pulled_back(request, timeout)

    async def _pulled_back(self, request: Request, timeout: float | None) -> Result:
        from gridgrad.results.planes import element_index
        from gridgrad.results.result_data import as_gradient

        call = prepare(request)
        result, stacks = await self._sent(call, timeout, None), call.lowered and call.lowered.stacks
        specs = [spec for spec, _ in call.template.inputs]
        return as_gradient(result, element_index(specs, call.template.derivatives, stacks))
